"""The profile `ollama` of docker-compose.yml: the agents plan with a model that another container serves.

Ollama's own image and a model are too large to be fetched for a test: in their place is an image that speaks Ollama's
API (`_ollama.py`). What is tried is the profile, the images with the client's packages, and the wire; not Ollama.
The stack is brought up by the newest Compose of this machine, where `test_stack.py` uses the oldest.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.containers._engine import BUILD_SECONDS, Stack, compose_commands, run
from tests.containers._person import Person
from tests.containers._workspace import AGENTS, ROOT, SERVICES

pytestmark = pytest.mark.timeout(BUILD_SECONDS)

PLANNING = {"supervisor", "docs_search"}
"""The agents whose images are built anew, with the client's packages: one way through, and not four builds."""

STAND_IN = "helpdesk-test/ollama"
HEALTH = """#!/bin/sh
exec python -I -c "from urllib.request import urlopen; urlopen('http://127.0.0.1:11434/api/tags', timeout=2)"
"""
DOCKERFILE = """FROM helpdesk/local
USER 0:0
COPY ollama /usr/local/bin/ollama
COPY _ollama.py /app/ollama_stand_in.py
RUN chmod 755 /usr/local/bin/ollama
USER 10001:10001
CMD ["python", "ollama_stand_in.py"]
"""
SETTINGS = {
    "COMPOSE_PROFILES": "ollama",
    "MODEL_EXTRAS": "--extra ollama",
    "MODEL_PROVIDER": "ollama",
    "MODEL_ID": "qwen3",
    "MODEL_BASE_URL": "http://ollama:11434",
    "OLLAMA_IMAGE": STAND_IN,
}


@pytest.fixture(scope="module")
def stack(images: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:  # noqa: ARG001 -- the images must be there
    """A copy of the stack with the profile; its agents' images have names of their own."""
    folder = tmp_path_factory.mktemp("ollama")
    for name, text in (("ollama", HEALTH), ("Dockerfile", DOCKERFILE)):
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "_ollama.py").write_bytes((Path(__file__).parent / "_ollama.py").read_bytes())
    run(["docker", "build", "--quiet", "--tag", STAND_IN, str(folder)], timeout=BUILD_SECONDS)
    services = {agent.replace("_", "-"): {"image": f"helpdesk-test/{agent}:ollama"} for agent in PLANNING}
    others = {agent.replace("_", "-"): {"environment": {"MODEL_PROVIDER": "offline"}} for agent in {*AGENTS} - PLANNING}
    override = folder / "images.yml"
    override.write_text(yaml.safe_dump({"services": services | others}), encoding="utf-8")
    copy = Stack(SETTINGS, files=(ROOT / "docker-compose.yml", override), command=compose_commands()[-1])
    try:
        copy.build(*services)
        copy.compose("up", "--detach", "--no-build")
        copy.wait_until_ready(*SERVICES)
        yield copy
    finally:
        copy.down("--volumes", "--timeout", "10")


async def test_agents_plan_with_the_model_that_the_profile_brings(stack: Stack, tmp_path: Path) -> None:
    passwords: dict[str, str] = stack.execute("tenant", "print(open('/app/var/tenant/users.json').read())")
    amelia = Person("amelia.hart", passwords["amelia.hart"], tmp_path / "home")
    (command,) = [line for line in stack.logs("credentials").splitlines() if "helpdesk login" in line]
    await amelia.sign_in(command)
    answer = await amelia.ask("Where is the VPN guide?")
    assert (answer["state"], answer["agents"]) == ("completed", ["docs_search"])
    asked = [json.loads(line) for line in stack.logs("ollama").splitlines() if line.startswith('{"event"')]
    assert {one["model"] for one in asked} == {"qwen3"}
    assert len(asked) == 2, "once by the supervisor, once by docs_search"

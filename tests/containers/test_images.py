"""What is in the images, asked of the images themselves."""

import json
import re
from typing import Any

import pytest

from tests.containers._engine import BUILD_SECONDS, in_image, run
from tests.containers._workspace import AGENTS, IMAGES, dependencies, locked, members

pytestmark = pytest.mark.timeout(BUILD_SECONDS)

AGENTCORE_MAX_BYTES = 2 * 1024**3
"""AgentCore Runtime's limit for an image (devguide, "Quotas")."""

DISTRIBUTIONS = "import importlib.metadata as m, json; print(json.dumps([d.name for d in m.distributions()]))"
FOLDERS = """
import json, pathlib
app = pathlib.Path('/app')
print(json.dumps(sorted(str(p.relative_to(app)) for p in app.rglob('*.py')
                        if '.venv' not in p.parts and '__pycache__' not in p.parts)))
"""
WITHOUT_BYTECODE = """
import importlib.util, json, pathlib, struct
missing = []
for path in (path for path in pathlib.Path('/app').rglob('*.py') if path.parent.name != 'bin'):
    compiled = pathlib.Path(importlib.util.cache_from_source(str(path)))
    if not compiled.exists() or struct.unpack('<I', compiled.read_bytes()[4:8])[0] != 1:
        missing.append(str(path))
print(json.dumps(missing))
"""
WRITABLE = """
import json, os
elsewhere = ('/proc', '/dev', '/sys', '/tmp', '/var/tmp', '/run/lock')
print(json.dumps([place for place, _, _ in os.walk('/')
                  if os.access(place, os.W_OK) and not place.startswith(elsewhere)]))
"""


def normalized(name: str) -> str:
    """A distribution's name as the lock file writes it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def configuration(image: str) -> dict[str, Any]:
    """The engine's account of an image."""
    found: dict[str, Any] = json.loads(run(["docker", "image", "inspect", image]))[0]
    return found


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_holds_exactly_the_packages_that_are_locked_for_it(images: dict[str, str], image: str) -> None:
    """DESIGN: one team's dependency is not in another team's image, and no tool of ours is in any."""
    installed = {normalized(name) for name in in_image(images[image], DISTRIBUTIONS)}
    assert installed == {name for name in dependencies(image) if "registry" in locked()[name]["source"]}


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_holds_no_other_parts_code(images: dict[str, str], image: str) -> None:
    """DESIGN: shared/ and its own folder only."""
    own = {image, "deploy"} if image in {"local", "portal"} else {"agents/__init__.py", f"agents/{image}"}
    strangers = [
        path
        for path in in_image(images[image], FOLDERS)
        if not any(path == place or path.startswith(f"{place}/") for place in own | members(image))
    ]
    assert strangers == []


@pytest.mark.parametrize("image", IMAGES)
def test_no_module_is_compiled_at_start(images: dict[str, str], image: str) -> None:
    """A read-only root cannot keep bytecode, and compiling takes seconds: it is all there, and never checked again."""
    assert in_image(images[image], WITHOUT_BYTECODE) == []


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_runs_as_nobody_in_particular_who_may_write_to_two_places(images: dict[str, str], image: str) -> None:
    assert in_image(images[image], "import json, os; print(json.dumps([os.getuid(), os.getgid()]))") == [10001, 10001]
    top = {"/".join(place.split("/")[:3]) for place in in_image(images[image], WRITABLE)}
    assert {place.split("/")[1] for place in top} == {"app", "credentials"}
    assert {place for place in top if place.startswith("/app")} == {"/app/var"}


@pytest.mark.parametrize("agent", AGENTS)
def test_an_agents_image_says_what_agentcore_expects(images: dict[str, str], agent: str) -> None:
    """AgentCore's A2A contract: port 9000 on every interface, and an image of at most 2 GB."""
    inspected = configuration(images[agent])
    config = inspected["Config"]
    environment = dict(entry.split("=", 1) for entry in config["Env"])
    assert set(config["ExposedPorts"]) == {"9000/tcp"}
    assert (environment["HOST"], environment["PORT"]) == ("0.0.0.0", "9000")  # noqa: S104 -- inside a container
    assert "/ping" in config["Healthcheck"]["Test"][-1]
    assert config["User"] == "10001:10001"
    assert config["Labels"]["org.opencontainers.image.title"] == f"helpdesk/{agent}"
    assert inspected["Size"] < AGENTCORE_MAX_BYTES


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_holds_no_secret(images: dict[str, str], image: str) -> None:
    """No key of the machine that built it, in a file or in the environment of a layer."""
    program = (
        "import json, pathlib; print(json.dumps([str(p) for p in pathlib.Path('/app').rglob('*')"
        " if '.venv' not in p.parts and p.suffix in {'.pem', '.key', '.sqlite3'} or p.name in {'.env', 'users.json'}]))"
    )
    assert in_image(images[image], program) == []
    assert not [
        entry
        for entry in configuration(images[image])["Config"]["Env"]
        if re.search("KEY|SECRET|TOKEN|PASSWORD", entry)
    ]


@pytest.mark.parametrize("agent", AGENTS)
def test_an_agent_without_settings_says_which_is_missing_and_ends(images: dict[str, str], agent: str) -> None:
    """P17: one line that names the setting and its remedy; no traceback."""
    done = run(["sh", "-c", f"docker run --rm --network none --read-only {images[agent]} 2>&1; echo exit=$?"])
    *lines, code = done.strip().splitlines()
    assert code == "exit=1"
    assert len(lines) == 1
    assert lines[0].startswith(f"{agent}: ")
    assert "is not set" in lines[0]

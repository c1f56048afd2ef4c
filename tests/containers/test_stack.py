"""The whole system in containers, as docker-compose.yml brings it up, and a person who uses it."""

import asyncio
import json
import random
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.testing import tokens_in
from tests.containers._engine import BUILD_SECONDS, Stack, free_ports, run
from tests.containers._person import Person
from tests.containers._workspace import AGENTS

pytestmark = pytest.mark.timeout(BUILD_SECONDS)

SERVICES = tuple(agent.replace("_", "-") for agent in AGENTS)
OF_EACH = {"api_client_id", "api_client_key", "audit_key", "audit_key.pub"}
OF_A_SUBAGENT = {*OF_EACH, "allowed_callers", "fga_api_token", "fga_model_id", "fga_store_id"}
READY_SECONDS = 180
STOP_SECONDS = 30

READABLE = "import json, pathlib; print(json.dumps(sorted(p.name for p in pathlib.Path('/credentials').iterdir())))"
WRITE = """
import json, pathlib
def can_write(place):
    try:
        (pathlib.Path(place) / 'probe').write_text('x')
    except OSError:
        return False
    return True
places = ('/', '/app', '/app/shared', '/credentials', '/app/var', '/tmp')
print(json.dumps([place for place in places if can_write(place)]))
"""
REACHABLE = """
import json, socket
def reaches(host, port):
    try:
        socket.create_connection((host, port), 2).close()
    except OSError:
        return False
    return True
hosts = {'tenant': 8400, 'directory': 8401, 'gateway': 8404}
hosts |= dict.fromkeys(('supervisor', 'account-lookup', 'password-reset', 'docs-search'), 9000)
print(json.dumps([host for host, port in hosts.items() if reaches(host, port)]))
"""


def wait_until_ready(stack: Stack, services: tuple[str, ...] = SERVICES) -> None:
    """Waits until every service has said that it is ready.

    Raises:
        AssertionError: if one is not within the bound, with what it wrote.
    """
    deadline = time.monotonic() + READY_SECONDS
    for service in services:
        while not is_ready(stack, service):
            assert time.monotonic() < deadline, f"{service} is not ready:\n{stack.logs(service)}"
            threading.Event().wait(0.2)  # nothing tells when a container is ready but asking


def is_ready(stack: Stack, service: str) -> bool:
    """Whether a service's last start has come to its end."""
    events = [json.loads(line).get("event") for line in stack.logs(service).splitlines() if line.startswith("{")]
    starts = [index for index, event in enumerate(events) if event == "listening"]
    return bool(starts) and "ready" in events[starts[-1] :]


@pytest.fixture(scope="module")
def stack(images: dict[str, str]) -> Iterator[Stack]:  # noqa: ARG001 -- the images must be there
    """A copy of the stack that shares nothing with another one on this machine."""
    ports = free_ports("SUPERVISOR", "TENANT", "DIRECTORY")
    copy = Stack(
        f"helpdesk-test-{uuid.uuid4().hex[:8]}",
        {f"HELPDESK_{name}_PORT": str(port) for name, port in ports.items()},
    )
    try:
        copy.compose("up", "--detach", "--no-build")
        wait_until_ready(copy)
        yield copy
    finally:
        copy.compose("down", "--volumes", "--timeout", "10")


@pytest.fixture(scope="module")
def amelia(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Person:
    passwords: dict[str, str] = stack.execute("tenant", "print(open('/app/var/tenant/users.json').read())")
    return Person("amelia.hart", passwords["amelia.hart"], tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def signed_in(stack: Stack, amelia: Person) -> Person:
    """Amelia, signed in with the very command that the stack shows, her accounts connected."""
    (command,) = [line for line in stack.logs("credentials").splitlines() if "helpdesk login" in line]
    asyncio.run(amelia.sign_in(command))
    passkeys: dict[str, str] = stack.execute("directory", "print(open('/app/var/directory/users.json').read())")
    asyncio.run(amelia.connect_accounts(passkeys["amelia.hart"]))
    return amelia


def test_every_container_becomes_healthy(stack: Stack) -> None:
    """Its own health check, which asks `/ping` (or the like) from inside."""
    deadline = time.monotonic() + READY_SECONDS
    for service in (*SERVICES, "tenant", "directory", "fga"):
        while (health := stack.state(service)["Health"]["Status"]) != "healthy":
            assert health == "starting", service
            assert time.monotonic() < deadline, service
            threading.Event().wait(0.2)


def test_no_model_is_brought_without_its_profile(stack: Stack) -> None:
    of_project = f"label=com.docker.compose.project={stack.project}"
    brought = run(["docker", "ps", "--all", "--quiet", "--filter", of_project, "--filter", "name=ollama"])
    assert brought == ""


async def test_a_conversation_goes_through_the_containers(signed_in: Person) -> None:
    """Two intents at once, then a follow-up that acts."""
    answer = await signed_in.ask("Is my account locked, and where is the VPN guide?")
    assert answer["state"] == "completed"
    assert set(answer["agents"]) == {"password_reset", "docs_search"}
    assert "Your account is locked, since" in answer["answer"]
    answer = await signed_in.ask("and unlock it too, please", go_on=True)
    assert answer["agents"] == ["password_reset"]
    assert "unlocked" in answer["answer"]


@pytest.mark.parametrize(
    ("service", "files"),
    [
        ("supervisor", {*OF_EACH, "client_id", "client_key"}),
        ("account-lookup", OF_A_SUBAGENT),
        ("password-reset", {*OF_A_SUBAGENT, "approvals_client_id", "approvals_client_key"}),
        ("docs-search", OF_A_SUBAGENT),
    ],
)
def test_an_agent_sees_its_own_credentials_and_no_other(stack: Stack, service: str, files: set[str]) -> None:
    assert stack.execute(service, READABLE) == sorted(files)


@pytest.mark.parametrize("service", [*SERVICES, "tenant", "directory", "fga"])
def test_a_container_can_write_to_its_state_and_nowhere_else(stack: Stack, service: str) -> None:
    state = {"tenant": [], "directory": [], "fga": []}.get(service, ["/app/var"])
    assert stack.execute(service, WRITE) == [*state, "/tmp"]  # noqa: S108 -- a file system in memory


@pytest.mark.parametrize(
    ("service", "hosts"),
    [
        ("supervisor", {"tenant", "supervisor", "account-lookup", "password-reset", "docs-search"}),
        ("docs-search", {"tenant", "gateway", "supervisor", "account-lookup", "password-reset", "docs-search"}),
        (
            "password-reset",
            {"tenant", "directory", "supervisor", "account-lookup", "password-reset", "docs-search"},
        ),
    ],
)
def test_the_directory_is_out_of_reach_for_who_does_not_use_it(stack: Stack, service: str, hosts: set[str]) -> None:
    assert set(stack.execute(service, REACHABLE)) == hosts


def test_every_container_is_hardened_as_the_file_says(stack: Stack) -> None:
    for service in (*SERVICES, "tenant", "directory", "fga"):
        status = stack.execute(
            service,
            "import json; lines = open('/proc/1/status').read().splitlines();"
            "print(json.dumps(dict(line.split(':\\t', 1) for line in lines if ':\\t' in line)))",
        )
        assert status["Uid"].split() == ["10001"] * 4, service
        assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0, service
        assert status["NoNewPrivs"] == "1", service


async def test_a_killed_supervisor_goes_on_with_the_conversation(stack: Stack, signed_in: Person) -> None:
    """Conversations are in its volume: what was said before the kill is known after it."""
    await signed_in.ask("Which groups am I in?")
    run(["docker", "kill", stack.container("supervisor")])
    run(["docker", "start", stack.container("supervisor")])
    wait_until_ready(stack, ("supervisor",))
    answer = await signed_in.ask("and which devices do I have?", go_on=True)
    assert answer["agents"] == ["account_lookup"]
    assert "ThinkPad" in answer["answer"]


async def test_agents_start_in_any_order(stack: Stack, signed_in: Person) -> None:
    """P18: nobody needs anybody else to be there at start, and a stop is orderly."""
    containers = {service: stack.container(service) for service in SERVICES}
    run(["docker", "stop", "--time", str(STOP_SECONDS), *containers.values()], timeout=STOP_SECONDS * len(SERVICES))
    ends = {service: stack.state(service)["ExitCode"] for service in SERVICES}
    assert set(ends.values()) == {0}, ends
    order = list(SERVICES)
    random.shuffle(order)
    for service in order:
        run(["docker", "start", containers[service]])
    wait_until_ready(stack)
    answer = await signed_in.ask("What is the password policy, and which groups am I in?")
    assert set(answer["agents"]) == {"password_reset", "account_lookup"}, f"started in the order {order}"


async def test_an_agent_that_is_away_is_named_and_the_rest_answers(stack: Stack, signed_in: Person) -> None:
    """DESIGN: fail closed, and say so."""
    docs_search = stack.container("docs-search")
    run(["docker", "stop", "--time", str(STOP_SECONDS), docs_search], timeout=STOP_SECONDS + 30)
    answer = await signed_in.ask("Which groups am I in, and where is the VPN guide?")
    run(["docker", "start", docs_search])
    assert "CRM users" in answer["answer"]
    assert "docs_search" in answer["answer"]
    assert "away" in answer["answer"]


async def test_new_containers_on_the_old_volumes_know_everything(stack: Stack, signed_in: Person) -> None:
    """`down` without `--volumes` forgets nothing: the sign-in still holds, and the account stays unlocked."""
    await signed_in.ask("unlock my account")
    stack.compose("down", "--timeout", str(STOP_SECONDS))
    stack.compose("up", "--detach", "--no-build")
    wait_until_ready(stack)
    answer: dict[str, Any] = await signed_in.ask("Is my account locked?")
    assert "Your account is active" in answer["answer"]


def test_no_token_and_no_key_is_in_any_log(stack: Stack) -> None:
    """F3: whatever the containers wrote until now."""
    for service in (*SERVICES, "tenant", "directory", "fga", "credentials"):
        logs = stack.logs(service)
        assert tokens_in(logs) == [], service
        assert "PRIVATE KEY" not in logs, service


def test_compose_down_leaves_nothing_behind(images: dict[str, str], tmp_path: Path) -> None:  # noqa: ARG001
    """`down --volumes`: no container, network or volume of the project stays."""
    project = f"helpdesk-test-{uuid.uuid4().hex[:8]}"
    ports = free_ports("SUPERVISOR", "TENANT", "DIRECTORY")
    copy = Stack(project, {f"HELPDESK_{name}_PORT": str(port) for name, port in ports.items()})
    copy.compose("up", "--detach", "--no-build", "tenant")
    copy.compose("down", "--volumes", "--timeout", "10")
    for kind in ("ps --all", "network ls", "volume ls"):
        assert run(["sh", "-c", f"docker {kind} --quiet --filter label=com.docker.compose.project={project}"]) == "", (
            kind
        )

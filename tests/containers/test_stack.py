"""The whole system in containers, as docker-compose.yml brings it up, and a person who uses it."""

import random
from functools import partial
from typing import Any

import pytest

from shared.testing import tokens_in
from tests.containers._engine import (
    BUILD_SECONDS,
    MISCOUNTED,
    UP,
    Stack,
    compose_commands,
    is_healthy,
    logs,
    run,
    state,
    wait_until,
)
from tests.containers._person import Person
from tests.containers._workspace import SERVICES

pytestmark = pytest.mark.timeout(BUILD_SECONDS)

OF_EACH = {"api_client_id", "api_client_key", "audit_key", "audit_key.pub", "card_key", "database_url"}
OF_A_SUBAGENT = {*OF_EACH, "allowed_callers", "fga_api_token", "fga_model_id", "fga_store_id"}
STOP_SECONDS = 30
OTHERS = ("tenant", "directory", "fga", "postgres", "door", "portal")
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
hosts = {'tenant': 8400, 'directory': 8401, 'gateway': 8404, 'fga': 8403, 'postgres': 5432}
hosts |= dict.fromkeys(('supervisor', 'account-lookup', 'password-reset', 'docs-search'), 9000)
print(json.dumps([host for host, port in hosts.items() if reaches(host, port)]))
"""


def test_every_container_becomes_healthy(stack: Stack) -> None:
    """Its own health check, which asks `/ping` (or the like) from inside."""
    for container in (container for service in (*SERVICES, *OTHERS) for container in stack.containers(service)):
        wait_until(partial(is_healthy, container), otherwise=partial(logs, container))


def test_no_model_is_brought_without_its_profile(stack: Stack) -> None:
    assert stack.left("ps --all", "com.docker.compose.service=ollama") == []


async def test_a_conversation_goes_through_the_containers(signed_in: Person) -> None:
    """Two intents at once, then a follow-up that acts."""
    answer = await signed_in.ask("Is my account locked, and where is the VPN guide?")
    assert answer["state"] == "completed"
    assert set(answer["agents"]) == {"password_reset", "docs_search"}
    assert "Your account is locked, since" in answer["answer"]
    answer = await signed_in.ask("and unlock it too, please", go_on=True)
    assert answer["agents"] == ["password_reset"]
    assert "unlocked" in answer["answer"]


async def test_the_web_chat_answers_in_a_browser(stack: Stack, signed_in: Person) -> None:
    """Signed in at the tenant, which the web chat reaches at another address than the browser does."""
    answer = await signed_in.ask_on_the_web(f"http://127.0.0.1:{stack.ports['WEB']}", "where is the VPN guide?")
    assert "Set up and use the VPN" in answer


@pytest.mark.parametrize(
    ("service", "files"),
    [
        ("supervisor", {*OF_EACH, "card_keys", "client_id", "client_key"}),
        ("account-lookup", OF_A_SUBAGENT),
        ("password-reset", {*OF_A_SUBAGENT, "approvals_client_id", "approvals_client_key"}),
        ("docs-search", OF_A_SUBAGENT),
        ("portal", {"client_id", "client_key", "web_session_key"}),
    ],
)
def test_an_agent_sees_its_own_credentials_and_no_other(stack: Stack, service: str, files: set[str]) -> None:
    assert stack.execute(service, READABLE) == sorted(files)


@pytest.mark.parametrize("service", [*SERVICES, "tenant", "directory", "fga", "portal"])
def test_a_container_can_write_to_its_state_and_nowhere_else(stack: Stack, service: str) -> None:
    own = ["/app/var"] if service in {*SERVICES, "portal"} else []
    assert stack.execute(service, WRITE) == [*own, "/tmp"]  # noqa: S108 -- a file system in memory


@pytest.mark.parametrize(
    ("service", "hosts"),
    [
        ("supervisor", {"tenant", "postgres", *SERVICES}),
        ("docs-search", {"tenant", "gateway", "fga", "postgres", *SERVICES}),
        ("password-reset", {"tenant", "directory", "fga", "postgres", *SERVICES}),
        ("portal", {"tenant", "supervisor"}),
    ],
)
def test_the_directory_is_out_of_reach_for_who_does_not_use_it(stack: Stack, service: str, hosts: set[str]) -> None:
    assert set(stack.execute(service, REACHABLE)) == hosts


def test_every_container_is_hardened_as_the_file_says(stack: Stack) -> None:
    for service in (*SERVICES, *OTHERS):
        lines = run(["docker", "exec", stack.container(service), "cat", "/proc/1/status"]).splitlines()
        status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        assert status["Uid"].split() == ["10001"] * 4, service
        assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0, service
        assert status["NoNewPrivs"] == "1", service


async def test_agents_start_in_any_order(stack: Stack, signed_in: Person) -> None:
    """P18: nobody needs anybody else to be there at start, and a stop is orderly."""
    containers = [container for service in SERVICES for container in stack.containers(service)]
    run(["docker", "stop", "--time", str(STOP_SECONDS), *containers], timeout=STOP_SECONDS * len(containers))
    assert {state(container)["ExitCode"] for container in containers} == {0}
    random.shuffle(containers)
    for container in containers:
        run(["docker", "start", container])
    stack.wait_until_ready(*SERVICES)
    answer = await signed_in.ask("What is the password policy, and which groups am I in?")
    assert set(answer["agents"]) == {"password_reset", "account_lookup"}, f"started in the order {containers}"


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
    stack.down("--timeout", str(STOP_SECONDS))
    stack.compose(*UP)
    stack.wait_until_ready(*SERVICES)
    answer: dict[str, Any] = await signed_in.ask("Is my account locked?")
    assert "Your account is active" in answer["answer"]


def test_no_token_and_no_key_is_in_any_log(stack: Stack) -> None:
    """F3: whatever the containers wrote until now."""
    for service in (*SERVICES, *OTHERS, "credentials"):
        logs = stack.logs(service)
        assert tokens_in(logs) == [], service
        assert "PRIVATE KEY" not in logs, service


def test_compose_down_leaves_nothing_behind(images: dict[str, str]) -> None:  # noqa: ARG001 -- they must be there
    """`down --volumes`: no container, network or volume of the project stays, whichever Compose it is."""
    for command in compose_commands():
        copy = Stack(command=command)
        copy.compose("up", "--detach", "--no-build", "tenant")
        copy.compose("down", "--volumes", "--timeout", "10")
        for kind in ("ps --all", "network ls", "volume ls"):
            assert copy.left(kind) == [], (command, kind)


def test_a_network_that_the_engine_miscounts_fails_nobody_and_leaves_no_volume(images: dict[str, str]) -> None:
    """What tests/containers does about it: only where nobody is on the network, and whatever else is there goes."""
    copy = Stack(command=("sh", "-c", f"echo {MISCOUNTED} >&2; exit 1"))
    label = f"--label=com.docker.compose.project={copy.project}"
    run(["docker", "network", "create", label, copy.project])
    run(["docker", "volume", "create", label])
    container = run(["docker", "create", label, "--network", copy.project, images["supervisor"]]).strip()
    with pytest.raises(AssertionError, match=MISCOUNTED):
        copy.down("--volumes")
    run(["docker", "rm", container])
    copy.down("--volumes")
    assert copy.left("network ls") == copy.left("volume ls") == []

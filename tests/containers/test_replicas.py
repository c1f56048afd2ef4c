"""Replicas in containers: docker-compose.replicas.yml over docker-compose.yml, with the real PostgreSQL."""

import asyncio
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.containers._engine import BUILD_SECONDS, Stack, free_ports, in_container, run
from tests.containers._person import Person
from tests.containers._workspace import ROOT
from tests.containers.test_stack import wait_until_ready

pytestmark = pytest.mark.timeout(BUILD_SECONDS)

FILES = ("--file", "docker-compose.yml", "--file", "docker-compose.replicas.yml")
OVER: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.replicas.yml").read_text(encoding="utf-8"))
BASE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
AGENTS = ("supervisor", "account-lookup", "password-reset", "docs-search")
READY_SECONDS = 180
SEES = """
import json, pathlib, psycopg
url = pathlib.Path('/credentials/database_url').read_text()
seen = {}
with psycopg.connect(url, autocommit=True) as connection:
    for schema in ('account_lookup', 'supervisor'):
        try:
            seen[schema] = connection.execute(f'SELECT count(*) > 0 FROM {schema}.tasks').fetchone()[0]
        except psycopg.errors.InsufficientPrivilege:
            seen[schema] = None
print(json.dumps(seen))
"""


@pytest.mark.parametrize("service", AGENTS)
def test_an_agent_reaches_the_database_and_whatever_else_it_did(service: str) -> None:
    over = OVER["services"][service]
    assert over["networks"] == [*BASE["services"][service]["networks"], "databases"]
    assert over["environment"] == {"DATABASE_URL": "", "DATABASE_URL_FILE": "/credentials/database_url"}
    assert "--extra postgres" in over["build"]["args"]["MODEL_EXTRAS"]


def test_the_database_is_closed_up_as_every_container_is() -> None:
    database, part = OVER["services"]["postgres"], BASE["x-part"]
    assert {name: database[name] for name in part} == part
    assert "ports" not in database
    assert database["networks"] == ["databases"]


def test_nobody_but_the_step_that_hands_them_out_sees_all_urls() -> None:
    holders = {
        name: mount
        for name, service in OVER["services"].items()
        for mount in service.get("volumes", [])
        if mount.startswith("database-urls:")
    }
    assert holders == {
        "postgres": "database-urls:/app/var/database",
        "credentials": "database-urls:/app/var/database:ro",
    }


@pytest.fixture(scope="module")
def stack(images: dict[str, str]) -> Iterator[Stack]:  # noqa: ARG001 -- the others' images must be there
    ports = free_ports("SUPERVISOR", "TENANT", "DIRECTORY")
    settings = {f"HELPDESK_{name}_PORT": str(port) for name, port in ports.items()}
    copy = Stack(f"helpdesk-test-{uuid.uuid4().hex[:8]}", settings)
    try:
        copy.compose(*FILES, "build", "postgres", "supervisor", "account-lookup", timeout=BUILD_SECONDS)
        scale = ("--scale", "account-lookup=2")
        copy.compose(*FILES, "up", "--detach", "--no-build", *scale, "supervisor", "account-lookup", timeout=600)
        wait_until_ready(copy, ("supervisor",))
        assert len(replicas(copy)) == 2
        for each in replicas(copy):
            wait_until_healthy(each)
        yield copy
    finally:
        copy.compose(*FILES, "down", "--volumes", "--timeout", "10")


def replicas(stack: Stack) -> list[str]:
    """The containers of account_lookup."""
    label = f"label=com.docker.compose.project={stack.project}"
    service = "label=com.docker.compose.service=account-lookup"
    return run(["docker", "ps", "--all", "--quiet", "--filter", label, "--filter", service]).split()


def wait_until_healthy(container: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while (
        health := run(["docker", "inspect", "--format", "{{.State.Health.Status}}", container]).strip()
    ) != "healthy":
        assert time.monotonic() < deadline, f"{container} is {health}: {run(['docker', 'logs', container])}"
        threading.Event().wait(0.2)  # nothing tells when a container is healthy but asking


@pytest.fixture(scope="module")
def amelia(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Person:
    """Amelia, signed in, her accounts connected."""
    passwords: dict[str, str] = stack.execute("tenant", "print(open('/app/var/tenant/users.json').read())")
    passkeys: dict[str, str] = stack.execute("directory", "print(open('/app/var/directory/users.json').read())")
    person = Person("amelia.hart", passwords["amelia.hart"], tmp_path_factory.mktemp("home"))
    (command,) = [line for line in stack.logs("credentials").splitlines() if "helpdesk login" in line]
    asyncio.run(person.sign_in(command))
    asyncio.run(person.connect_accounts(passkeys["amelia.hart"]))
    return person


def test_replicas_answer_also_when_one_of_them_is_killed(stack: Stack, amelia: Person) -> None:
    before = asyncio.run(amelia.ask("Which groups am I in?"))
    assert before["state"] == "completed"
    for container in replicas(stack):
        run(["docker", "kill", container])
        answer = asyncio.run(amelia.ask("Which groups am I in?", go_on=True))
        assert (answer["state"], answer["answer"]) == ("completed", before["answer"])
        run(["docker", "start", container])
        wait_until_healthy(container)


def test_what_was_said_outlives_the_database_and_the_agents(stack: Stack, amelia: Person) -> None:
    stack.compose(*FILES, "restart", "--timeout", "10", "postgres", "supervisor")
    wait_until_ready(stack, ("supervisor",))
    answer = asyncio.run(amelia.ask("Which groups am I in?", go_on=True))
    assert answer["state"] == "completed"


def test_an_agent_sees_its_own_tables_alone(stack: Stack, amelia: Person) -> None:  # noqa: ARG001 -- there are tasks by now
    assert in_container(replicas(stack)[0], SEES) == {"account_lookup": True, "supervisor": None}

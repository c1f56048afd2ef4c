"""Replicas in containers: as many copies of an agent as one likes, on the one PostgreSQL, also when some are killed."""

import asyncio
import json
from typing import Any

import pytest
import yaml

from tests.containers._engine import BUILD_SECONDS, Stack, in_container, logs, run
from tests.containers._person import Person
from tests.containers._workspace import AGENTS, ROOT, SERVICES

pytestmark = pytest.mark.timeout(BUILD_SECONDS)

FILE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
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
CHANGES = """
import json, pathlib, psycopg
url, done = pathlib.Path('/credentials/database_url').read_text(), []
with psycopg.connect(url, autocommit=True) as connection:
    for statement in ('DELETE FROM', 'TRUNCATE', 'UPDATE', 'DROP TABLE'):
        rest = " SET subject = 'nobody'" if statement == 'UPDATE' else ''
        try:
            connection.execute(f'{statement} audit_account_lookup.records{rest}')
            done.append(statement)
        except psycopg.errors.InsufficientPrivilege:
            pass
print(json.dumps(done))
"""


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_of_an_agent_is_there_only_once(service: str) -> None:
    """What it keeps is in the database, and it has neither a name nor a port of the machine for itself."""
    agent = FILE["services"][service]
    assert agent["environment"]["DATABASE_URL_FILE"] == "/credentials/database_url"
    assert "DATABASE_URL" not in agent["environment"]
    assert "--extra postgres" in agent["build"]["args"]["MODEL_EXTRAS"]
    assert not {"ports", "container_name", "hostname"} & set(agent)


def test_nobody_but_agents_reaches_the_database() -> None:
    assert {name for name, service in FILE["services"].items() if "databases" in service.get("networks", [])} == {
        "postgres",
        "audit",
        *SERVICES,
    }
    assert FILE["services"]["postgres"]["networks"] == ["databases"]


def test_nobody_but_the_step_that_hands_them_out_sees_all_urls() -> None:
    holders = {
        name: mount
        for name, service in FILE["services"].items()
        for mount in service.get("volumes", [])
        if mount.startswith("database-urls:")
    }
    assert holders == {
        "postgres": "database-urls:/app/var/database",
        "credentials": "database-urls:/app/var/database:ro",
    }


@pytest.mark.parametrize("service", SERVICES)
def test_no_agent_sees_the_url_of_who_keeps_the_audit_trails(service: str) -> None:
    """An agent appends to its trail as itself; the tables are another role's."""
    assert FILE["services"][service]["environment"]["AUDIT_DATABASE_URL_FILE"] == "/credentials/database_url"
    assert "AUDIT_FILE" not in FILE["services"][service]["environment"]
    holders = {
        name
        for name, each in FILE["services"].items()
        for mount in each.get("volumes", [])
        if mount.startswith("audit-urls:")
    }
    assert holders == {"postgres", "audit"}


def test_what_an_operator_verified_is_kept_where_nobody_else_can_change_it() -> None:
    """In a volume of its own, in a folder that belongs to the image's user: a new volume takes that over."""
    mounts = {
        name: mount
        for name, each in FILE["services"].items()
        for mount in each.get("volumes", [])
        if mount.startswith("audit-anchors:")
    }
    assert mounts == {"audit": "audit-anchors:/app/var/audit-anchors"}
    assert "audit-anchors" in FILE["volumes"]
    made = (ROOT / "portal" / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    (owned,) = [line for line in made.splitlines() if "install --directory --owner=helpdesk" in line]
    assert "/app/var/audit-anchors" in owned.split()


@pytest.mark.parametrize("service", ["account-lookup", "supervisor"])
async def test_people_do_not_notice_that_a_replica_is_killed(stack: Stack, signed_in: Person, service: str) -> None:
    """Each in turn, and the conversation goes on: it was with the one that is killed, or it was not."""
    before = await signed_in.ask("Which groups am I in?")
    assert before["state"] == "completed"
    for container in stack.containers(service):
        run(["docker", "kill", container])
        answer = await signed_in.ask("Which groups am I in?", go_on=True)
        assert (answer["state"], answer["answer"]) == ("completed", before["answer"])
        run(["docker", "start", container])
        stack.wait_until_ready(service)


async def test_requests_reach_every_replica(stack: Stack, signed_in: Person) -> None:
    """Of the supervisors by the door, of the subagents by the addresses of their name."""
    questions = [signed_in.ask("Which groups am I in?") for _ in range(4)]
    assert {answer["state"] for answer in await asyncio.gather(*questions)} == {"completed"}
    for service in ("supervisor", "account-lookup"):
        for container in stack.containers(service):
            assert '"event": "request"' in logs(container), service


async def test_agents_go_on_when_the_database_comes_back(stack: Stack, signed_in: Person) -> None:
    await signed_in.ask("Which groups am I in?")
    stack.compose("restart", "--timeout", "10", "postgres")
    answer = await signed_in.ask("and which devices do I have?", go_on=True)
    assert (answer["state"], answer["agents"]) == ("completed", ["account_lookup"])
    assert "ThinkPad" in answer["answer"]


async def test_an_agent_sees_its_own_tables_alone(stack: Stack, signed_in: Person) -> None:
    await signed_in.ask("Which groups am I in?")
    assert in_container(stack.container("account-lookup"), SEES) == {"account_lookup": True, "supervisor": None}


def audit(stack: Stack, *arguments: str) -> list[dict[str, Any]]:
    """What `helpdesk audit` says of all agents' trails, as an operator runs it there."""
    command = ("run", "--rm", "-T", "audit", "python", "-m", "portal", "audit", *arguments)
    said = stack.compose(*command, "--database", "var/audit/auditor", "--json")
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


async def test_all_replicas_keep_one_audit_trail_which_is_whole_also_where_some_were_killed(
    stack: Stack, signed_in: Person
) -> None:
    """And whichever supervisor a person asks, they are told the same of what was done on their behalf."""
    killed = stack.container("account-lookup")
    await asyncio.gather(*(signed_in.ask("Which groups am I in?") for _ in range(4)))
    run(["docker", "kill", killed])
    await signed_in.ask("Which groups am I in?")
    run(["docker", "start", killed])
    stack.wait_until_ready("account-lookup")

    for _ in range(2):  # each time in a container of its own, which finds the seals that the one before it kept
        trails = audit(stack, "verify", "--keys", "var/audit-keys", "--anchors", "var/audit-anchors", "--keep")
        assert {trail["trail"]: trail["whole"] for trail in trails} == dict.fromkeys(AGENTS, True)
    kept = stack.compose("run", "--rm", "-T", "audit", "ls", "var/audit-anchors")
    assert {line.partition("-2")[0] for line in kept.splitlines() if line.endswith(".json")} == set(AGENTS)
    read = audit(stack, "--action", "account:groups:read")
    assert len({record["writer"] for record in read}) > 1
    told = [await signed_in.activity() for _ in range(6)]
    assert told[0]
    assert all(each == told[0] for each in told)
    assert {act["at"] for act in told[0] if act["action"] == "account:groups:read"} <= {one["at"] for one in read}
    assert in_container(stack.container("account-lookup"), CHANGES) == []

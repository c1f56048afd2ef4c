"""With whose token the agents act in the directory: by the directory's own record, many people at once."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.flows._world import Person, Reply, World

EACH, AT_ONCE = 100, 32
GROUPS = {"amelia.hart": "CRM users", "oscar.lind": "Help desk"}


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world in which a person may have many tasks at once, all parts of which share one process."""
    settings = {"max_open_tasks": 1000, "directory_timeout_seconds": 60}
    with World(tmp_path_factory.mktemp("busy"), settings=settings) as started:
        yield started


def _exchanges(world: World) -> int:
    return len(world.tenant.tenant.log.read(kind="success_token_vault_exchange"))


@pytest.mark.requirement("A13")
@pytest.mark.requirement("G1")
async def test_two_hundred_requests_of_two_people_carry_each_their_own_token(
    busy: World, http: httpx.AsyncClient
) -> None:
    people = {login: await Person.sign_in(busy, login, http) for login in GROUPS}
    calls_before, exchanges_before = len(busy.upstream_calls()), _exchanges(busy)
    gate = asyncio.Semaphore(AT_ONCE)

    async def ask(login: str) -> Reply:
        async with gate:
            return await people[login].ask("Which groups am I in?")

    replies = await asyncio.gather(*(ask(login) for _ in range(EACH) for login in GROUPS))

    for number, reply in enumerate(replies):
        own, other = list(GROUPS.values())[:: 1 if number % 2 == 0 else -1]
        assert own in reply.text
        assert other not in reply.text
    calls = busy.upstream_calls()[calls_before:]
    assert {call.login.partition("@")[0] for call in calls} == set(GROUPS)
    assert all(call.status == 200 and call.client_name == "account_lookup" for call in calls)
    about_others = [call for call in calls if "/users/" in call.path and call.path.split("/")[4] not in _own(call)]
    assert about_others == []
    assert _exchanges(busy) == exchanges_before + len(GROUPS)  # one for each person, agent and connection
    assert len({call.token_id for call in calls}) == len(GROUPS)


def _own(call: object) -> set[str]:
    return {"me", getattr(call, "user_id", ""), getattr(call, "login", "")}


@pytest.mark.requirement("F3")
async def test_no_token_that_travelled_is_in_what_anybody_keeps_or_reads(
    busy: World, http: httpx.AsyncClient, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    amelia = await Person.sign_in(busy, "amelia.hart", http)
    replies = [await amelia.ask(text) for text in ("Which groups am I in?", "Please unlock my account")]
    await busy.disconnect("amelia.hart", "directory-read")
    assert busy.directory is not None
    busy.directory.oauth.revoke_user(busy.upstream_calls()[-1].user_id)
    replies += [await amelia.ask(text) for text in ("Which devices do I have?", "Is my account locked?")]

    travelled = _tokens(busy)
    assert len(travelled) >= 6
    kept = b"".join(path.read_bytes() for path in _databases(busy.folder))
    read = repr(replies) + "".join(capfd.readouterr()) + caplog.text
    for token in travelled:
        signature = token.rsplit(".", 1)[-1]
        assert signature.encode() not in kept
        assert signature not in read


def _tokens(world: World) -> set[str]:
    """Every bearer token that reached a part: of the supervisor, the agents and the directory."""
    headers = [each for heard in world.heard.values() for each in heard]
    found = {each["authorization"].removeprefix("Bearer ") for each in headers if "authorization" in each}
    return {token for token in found if token.count(".") == 2} | {
        each["delegated-user-token"] for each in headers if "delegated-user-token" in each
    }


def _databases(folder: Path) -> list[Path]:
    """What the agents, the tenant and the directory keep of tasks, people and grants."""
    return [path for path in folder.rglob("*.sqlite3*") if path.is_file()]

"""While the whole system runs, relations count at the moment of the act, and nothing happens without them."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from portal.relationships import Relationship
from shared.authorization import object_name, user_name
from tests.authorization._obedient import Obedient, told
from tests.authorization._table import Row, Runner
from tests.flows._world import Person, World, new_client

AMELIA, OSCAR, CASEY, WEN = "amelia.hart", "oscar.lind", "casey.moreno", "wen.zhao"
COMPANY = "company:helpdesk"
RESET = Row(AMELIA, "password_reset", "reset", AMELIA, may=True, why="")
UNLOCK = Row(AMELIA, "password_reset", "unlock", AMELIA, may=True, why="")
DEVICES = Row(AMELIA, "account_lookup", "see devices", AMELIA, may=True, why="")
GUIDE = Row(AMELIA, "docs_search", "read", "vpn-setup", may=True, why="")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    settings = {"resets_per_hour": 100, "fga_timeout_seconds": 2}
    with World(tmp_path_factory.mktemp("enforcement"), model=Obedient, settings=settings) as started:
        yield started


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with new_client() as client:
        yield client


@pytest.fixture
def runner(world: World, http: httpx.AsyncClient) -> Iterator[Runner]:
    yield Runner(world, http)
    world.before.clear()
    world.fga_faults.away, world.fga_faults.delay, world.fga_faults.body = False, 0.0, None
    if world.related:
        world.synchronise()


def person(world: World, login: str) -> str:
    return user_name(world.tenant.issuer, world.tenant.user_id(login))


def employee(world: World, login: str) -> Relationship:
    return Relationship(COMPANY, "employee", person(world, login))


async def outcome(runner: Runner, row: Row) -> tuple[bool, str]:
    [found] = (await runner.run([row])).values()
    return found.happened, found.said


async def test_a_relation_that_is_taken_away_counts_at_the_next_call(world: World, runner: Runner) -> None:
    assert (await outcome(runner, RESET))[0]
    world.relate(remove=[employee(world, AMELIA)])
    happened, said = await outcome(runner, RESET)
    assert not happened
    assert "Nothing was changed" in said
    world.synchronise()
    assert (await outcome(runner, RESET))[0]


@pytest.mark.requirement("B8")
@pytest.mark.parametrize("row", [RESET, UNLOCK], ids=str)
async def test_a_relation_that_is_taken_away_between_request_and_act_stops_the_act(
    world: World, runner: Runner, row: Row
) -> None:
    """The agent has asked, and was allowed; then, right before it asks again and acts, the relation goes."""
    checks = 0

    def before(path: str) -> None:
        nonlocal checks
        checks += path.endswith("/batch-check")
        if checks == 2:
            world.before.clear()
            world.relate(remove=[employee(world, AMELIA)])

    world.before["fga"] = before
    happened, _ = await outcome(runner, row)
    assert checks == 2
    assert not happened


async def test_an_agent_s_own_right_is_taken_away_from_everybody_at_once(world: World, runner: Runner) -> None:
    world.relate(remove=[Relationship(COMPANY, "password_agent", "agent:password_reset")])
    assert not (await outcome(runner, UNLOCK))[0]
    assert (await outcome(runner, DEVICES))[0]


async def test_a_person_s_right_does_not_reach_through_an_agent_without_it(world: World, runner: Runner) -> None:
    world.relate(remove=[Relationship(COMPANY, "account_reader", "agent:account_lookup")])
    assert not (await outcome(runner, DEVICES))[0]


@pytest.mark.parametrize(
    "fault",
    [
        {"away": True},
        {"delay": 3.0},
        {"body": b'{"result": {"0": {"allowed": "true"}, "1": {"allowed": "true"}}}'},
        {"body": b"<html>allowed</html>"},
        {"body": b"{}"},
    ],
    ids=["away", "slow", "no boolean", "no JSON", "nothing"],
)
@pytest.mark.parametrize("row", [RESET, UNLOCK, DEVICES, GUIDE], ids=str)
async def test_without_an_answer_nothing_happens_and_it_is_said_why(
    world: World, runner: Runner, row: Row, fault: dict[str, Any]
) -> None:
    await runner.sign_in(row.who)
    for name, value in fault.items():
        setattr(world.fga_faults, name, value)
    happened, said = await outcome(runner, row)
    assert not happened
    assert "knows who may do what is not available right now" in said
    assert "nothing was changed" in said


async def test_a_store_that_is_down_is_named_and_comes_back(world: World, runner: Runner) -> None:
    await runner.sign_in(AMELIA)
    world.stop("fga")
    try:
        happened, said = await outcome(runner, UNLOCK)
    finally:
        world.start("fga")
    assert not happened
    assert "is not available right now" in said
    assert (await outcome(runner, UNLOCK))[0]


@pytest.mark.requirement("B2")
@pytest.mark.parametrize("name", ["user", "subject", "sub", "caller", "object", "account", "as_user", "on_behalf_of"])
async def test_an_argument_that_names_somebody_else_as_the_subject_is_none(
    world: World, http: httpx.AsyncClient, name: str
) -> None:
    casey = await Person.sign_in(world, CASEY, http)
    arguments = {name: person(world, OSCAR), f"{name}_id": world.tenant.user_id(OSCAR)}
    said = await casey.ask(told("Please.", agent="account_lookup", tool="list_devices", arguments=arguments))
    assert "ThinkPad T14" in said.text
    assert "Pixel 10" not in said.text


async def test_a_tool_that_no_agent_has_is_denied(world: World, http: httpx.AsyncClient) -> None:
    oscar = await Person.sign_in(world, OSCAR, http)
    for agent in ("account_lookup", "password_reset", "docs_search"):
        said = await oscar.ask(told("Please.", agent=agent, tool="grant_everything", arguments={"to": "me"}))
        assert "That is not something I can do." in said.text


async def test_articles_are_checked_all_at_once(world: World, runner: Runner) -> None:
    """One question for the audiences, one for everything that was found: none for each article."""
    await runner.sign_in(AMELIA)
    world.asked["fga"].clear()
    assert (await outcome(runner, GUIDE))[0]
    assert [path.rpartition("/")[2] for path in world.asked["fga"]] == ["batch-check"] * 2


async def test_questions_are_few(world: World, runner: Runner) -> None:
    """One to read; two to act; and two more for what was approved, by the time that it was."""
    reset = Row(WEN, "password_reset", "reset", WEN, may=True, why="")
    await runner.sign_in(AMELIA)
    await runner.sign_in(WEN)
    for row, questions in ((DEVICES, 1), (UNLOCK, 2), (reset, 3)):
        world.asked["fga"].clear()
        assert (await outcome(runner, row))[0]
        assert len(world.asked["fga"]) == questions, row


async def test_an_article_that_is_withheld_is_gone_at_once(world: World, runner: Runner) -> None:
    withheld = Relationship(object_name("document", "vpn-setup"), "withheld", "user:*")
    assert (await outcome(runner, GUIDE))[0]
    world.relate(add=[withheld])
    assert not (await outcome(runner, GUIDE))[0]
    world.relate(remove=[withheld])
    assert (await outcome(runner, GUIDE))[0]


async def test_what_is_granted_for_a_while_ends_by_itself(world: World, runner: Runner) -> None:
    reading = Row(CASEY, "docs_search", "read", "laptop-replacement", may=True, why="")
    granted = Relationship("audience:employees", "reader", person(world, CASEY))
    now = datetime.now(UTC)
    assert not (await outcome(runner, reading))[0]
    world.relate(add=[granted], until=(now + timedelta(hours=1)).isoformat())
    assert (await outcome(runner, reading))[0]
    world.synchronise()
    assert (await outcome(runner, reading))[0]
    world.relate(remove=[granted])
    world.relate(add=[granted], until=(now - timedelta(seconds=1)).isoformat())
    assert not (await outcome(runner, reading))[0]
    world.relate(remove=[granted])

"""Each row of the table comes out as the table says: by its effect, through the whole system, with real tokens."""

import asyncio
import threading
from pathlib import Path

import pytest

from tests.authorization._obedient import Obedient
from tests.authorization._table import ACTS, TOOLS, Outcome, Row, Runner, people, rows
from tests.flows._world import World, new_client

TABLE = rows()

pytestmark = pytest.mark.timeout(600)  # the first of them runs the table, and some acts wait for an approval


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[Row, Outcome]:
    """What came of every row; they are run together, as each starts with signing somebody in."""
    found: dict[Row, Outcome] = {}

    async def work(folder: Path) -> None:
        with World(
            folder, model=Obedient, settings={"resets_per_hour": 100, "changes_for_others_per_hour": 100}
        ) as world:
            async with new_client() as http:
                found.update(await Runner(world, http).run(TABLE))

    thread = threading.Thread(target=lambda: asyncio.run(work(tmp_path_factory.mktemp("table"))))
    thread.start()
    thread.join()
    return found


@pytest.mark.requirement("B5")
@pytest.mark.parametrize("row", TABLE, ids=str)
def test_a_row_comes_out_as_the_table_says(row: Row, outcomes: dict[Row, Outcome]) -> None:
    outcome = outcomes[row]
    assert outcome.happened is row.may, f"{row.why}; it was said: {outcome.said}"


@pytest.mark.requirement("C2")
@pytest.mark.requirement("I7")
def test_nobody_learns_from_a_refusal_whether_somebody_is_there(outcomes: dict[Row, Outcome]) -> None:
    """To one person, everybody whose account they may not see is as if they were not there."""
    said: dict[tuple[str, str], set[str]] = {}
    for row, outcome in outcomes.items():
        asked = row.action in {"see devices", "see groups", *ACTS} and not row.own
        if asked and not row.may and "directory refuses" not in row.why:
            said.setdefault((row.who, f"{TOOLS[row.action]} of {row.through}"), set()).add(
                outcome.said.replace(row.whom, "SOMEBODY")
            )
    assert {key: words for key, words in said.items() if len(words) > 1} == {}


def test_the_table_is_whole() -> None:
    assert len(TABLE) >= 150
    assert len({(row.who, row.through, row.action, row.whom) for row in TABLE}) == len(TABLE)
    known = people()
    assert {row.who for row in TABLE} <= known.keys()
    assert {row.whom for row in TABLE if row.action != "read"} <= known.keys()
    assert {row.action for row in TABLE} == TOOLS.keys()
    for action in ACTS:
        assert {row.may for row in TABLE if row.action == action} == {True, False}

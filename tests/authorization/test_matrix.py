"""Each row of the table comes out as the table says: by its effect, through the whole system, with real tokens."""

import asyncio
import threading
from pathlib import Path

import pytest

from tests.authorization._obedient import Obedient
from tests.authorization._table import TOOLS, Outcome, Row, Runner, people, rows
from tests.flows._world import World, new_client

TABLE = [row for row in rows() if row.own or row.action == "read" or not row.may]
"""Those whose tools are there: what is allowed for others comes with them."""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[Row, Outcome]:
    """What came of every row; they are run together, as each starts with signing somebody in."""
    found: dict[Row, Outcome] = {}

    async def work(folder: Path) -> None:
        with World(folder, model=Obedient, settings={"resets_per_hour": 100}) as world:
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


def test_the_table_is_whole() -> None:
    assert len(TABLE) >= 150
    assert len({(row.who, row.through, row.action, row.whom) for row in TABLE}) == len(TABLE)
    known = people()
    assert {row.who for row in TABLE} <= known.keys()
    assert {row.whom for row in TABLE if row.action != "read"} <= known.keys()
    assert {row.action for row in TABLE} == TOOLS.keys()

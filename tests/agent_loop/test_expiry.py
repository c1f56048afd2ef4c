"""What is older than it is kept goes, where the settings say so, and the rest still verifies."""

import asyncio
from pathlib import Path

import pytest

from shared.agent_loop._expiry import Expiry
from tests.audit._trails import FileTrails


@pytest.mark.parametrize(("days", "left"), [(None, 5 + 1), (30.0, 2)])
async def test_old_records_go_at_the_start_where_that_is_asked_for(
    tmp_path: Path, days: float | None, left: int
) -> None:
    trails = FileTrails(tmp_path)
    await trails.write(3)
    trails.clock.advance(40 * 86400)
    trail = trails.open()
    expiry = Expiry(trail, days)
    expiry.start()
    for _ in range(600):
        if days is None or trails.verify().records == left:
            break
        await asyncio.sleep(0.05)
    await expiry.aclose()
    found = trails.verify()
    await trail.aclose()
    assert (found.is_whole, found.records) == (True, left)

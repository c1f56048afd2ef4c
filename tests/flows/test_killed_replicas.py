"""Two replicas of each agent on one PostgreSQL, as real processes, killed while people ask and have things done.

The short form of `make bench ARGS=replicas`: the same people, the same comparison at the end.
"""

import pytest

from benchmarks.killing import RESETTERS, Plot, play
from shared.testing import PostgresServer

SHORT = Plot(seconds=6.0, readers=1, resetters=RESETTERS[:2], denier="", kill_every=(0.7, 1.5))


@pytest.mark.timeout(300)
async def test_with_replicas_killed_again_and_again_nothing_is_wrong_or_doubled_or_lost(
    postgres: PostgresServer,
) -> None:
    """Each request is answered, or refused in words that say why; each change approved, made, recorded, told once."""
    postgres.clear()
    outcome = await play(postgres, SHORT)
    assert outcome.missed == []
    assert sum(outcome.kills.values()) >= 2
    assert outcome.counted.resets >= len(SHORT.resetters)
    assert outcome.counted.unlocks >= 1

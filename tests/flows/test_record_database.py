"""Agents with their audit trail in PostgreSQL: what was done is on record there, and nothing is done without it."""

from pathlib import Path

import httpx
import pytest

from shared.audit.postgres import prepare
from shared.testing import PostgresServer
from tests.flows._record import records
from tests.flows._world import Person, World

AGENTS = ("supervisor", "account_lookup", "password_reset", "docs_search")


@pytest.fixture
def trails(postgres: PostgresServer) -> dict[str, str]:
    """Each agent's URL of a database that was prepared for its trail."""
    postgres.clear()
    found = {agent: postgres.role(agent) for agent in AGENTS}
    prepare(postgres.role("keeper", may_make_schemas=True), AGENTS)
    return found


@pytest.mark.requirement("H5")
async def test_a_change_is_on_record_and_told_to_whom_it_was_made_for_or_it_is_not_made(
    tmp_path: Path, http: httpx.AsyncClient, trails: dict[str, str], postgres: PostgresServer
) -> None:
    with World(tmp_path, trails=trails) as world:
        amelia = await Person.sign_in(world, "amelia.hart", http)
        await amelia.ask("Which groups am I in?")
        postgres.stop()
        reply = await amelia.ask("Please unlock my account")
        assert "audit trail" in reply.text
        assert "is unlocked" not in reply.text
        postgres.start()
        reply = await amelia.ask("Please unlock my account")
        assert "is unlocked" in reply.text
        answer = await http.get(
            f"{world.url('supervisor')}activity", headers={"Authorization": f"Bearer {amelia.token}"}
        )
        told = answer.json()
        assert told["away"] == []
        assert {act["agent"] for act in told["records"]} == {"supervisor", "account_lookup", "password_reset"}
        world.settle()
        acted = [one for one in records(tmp_path, trails=trails) if one["action"] == "account:lock:remove"]
        assert [one["outcome"] for one in acted] == ["attempted", "succeeded"]
        assert not list((tmp_path / "audit").glob("*.sqlite3"))

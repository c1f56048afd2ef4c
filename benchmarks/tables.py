"""What agents keep in PostgreSQL, as somebody sees it who may look into the tables."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from typing import Final

import psycopg

from portal.stack import AGENTS
from shared.audit.postgres import prepare
from shared.testing import PostgresServer

SETTLE_SECONDS: Final = 30.0
_LEFT: Final = (
    "SELECT count(*) FILTER (WHERE state IN (0, 1, 2)), count(*) FILTER (WHERE state IN (6, 8)), count(*) FROM {}.tasks"
)


@dataclass(frozen=True)
class Row:
    """A row of the ledger of risky actions."""

    code: str
    account: str
    state: str
    reason: str
    token_id: str


def prepared(database: PostgresServer) -> tuple[str, dict[str, str]]:
    """The database, with a role and a schema for each agent: the URL of who keeps the trails, and the agents'."""
    keeper, urls = database.role("keeper", may_make_schemas=True), {agent: database.role(agent) for agent in AGENTS}
    with psycopg.connect(database.url, autocommit=True) as administrator:
        for agent in AGENTS:
            administrator.execute(f"CREATE SCHEMA {agent} AUTHORIZATION {agent}".encode())
    prepare(keeper, AGENTS)
    return keeper, urls


async def left(url: str, messages: int) -> dict[str, int]:
    """What is in the tables once the last abandoned task was ended."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        found = Counter({"messages": messages})
        async with await psycopg.AsyncConnection.connect(url) as connection:
            for agent in AGENTS:
                row = await (await connection.execute(_LEFT.format(agent).encode())).fetchone()
                assert row is not None
                found.update(unfinished=row[0], waiting=row[1], tasks=row[2] if agent == "supervisor" else 0)
        if found["unfinished"] == 0 or time.monotonic() > deadline:
            return dict(found)
        await asyncio.sleep(0.5)


def ledger(database_url: str) -> list[Row]:
    """The rows of all risky actions."""
    query = "SELECT code, account, state, reason, token_id FROM password_reset.actions"
    with psycopg.connect(database_url) as connection:
        return [Row(*row) for row in connection.execute(query).fetchall()]

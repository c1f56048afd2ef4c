"""The agents' databases, where those are PostgreSQL, as each agent reaches its own."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from portal.doctor._agents import Agent, Agents
from portal.doctor._check import Missing

if TYPE_CHECKING:
    from shared.postgres import Look

SCHEMES: Final = ("postgresql://", "postgres://")


@dataclass(frozen=True)
class Databases:
    """What was seen, for each agent.

    Attributes:
        seen: The agents, and what each may do where.
        release: How many migrations this release has.
        connections: How many connections a replica has.
    """

    seen: tuple[tuple[Agent, "Look"], ...]
    release: int
    connections: int

    def __iter__(self) -> Iterator[tuple[Agent, "Look"]]:
        return iter(self.seen)


async def look_at_databases(agents: Agents) -> Databases | Missing:
    """Looks as each agent would, with its own role; changes nothing."""
    having = [agent for agent in agents if agent.text("DATABASE_URL").startswith(SCHEMES)]
    if not having:
        return Missing("no settings here name a PostgreSQL database")
    try:
        from shared.postgres import look  # noqa: PLC0415 -- the driver is an extra, which not everybody has
        from shared.tasks.postgres import CONNECTIONS, RELEASE  # noqa: PLC0415 -- as above
    except ImportError:
        return Missing("the driver is not installed: uv sync --package portal --package shared --extra postgres")
    seen = await asyncio.gather(*(asyncio.to_thread(look, agent.text("DATABASE_URL"), agent.name) for agent in having))
    return Databases(tuple(zip(having, seen, strict=True)), RELEASE, CONNECTIONS)

"""The agents' databases, where those are PostgreSQL, as each agent reaches its own."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final

from portal.doctor._agents import Agent, Agents
from portal.doctor._check import Missing

if TYPE_CHECKING:
    from shared.audit.postgres import TrailLook
    from shared.postgres import Look

SCHEMES: Final = ("postgresql://", "postgres://")
TASKS: Final = "DATABASE_URL"
TRAIL: Final = "AUDIT_DATABASE_URL"


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one database of an agent.

    Attributes:
        agent: Whose.
        setting: Which setting names it.
        look: What the agent's role may do there.
        trail: The same, where it holds the audit trail and could be reached.
        release: How many migrations of it this release has.
        connections: How many connections a replica has there.
    """

    agent: Agent
    setting: str
    look: "Look"
    trail: "TrailLook | None"
    release: int
    connections: int

    @property
    def where(self) -> str:
        """How the setting is called in what is found."""
        return self.agent.of(self.setting)


@dataclass(frozen=True)
class Databases:
    """What was seen, of each agent's databases."""

    seen: tuple[Seen, ...]

    def __iter__(self) -> Iterator[Seen]:
        return iter(self.seen)


async def look_at_databases(agents: Agents) -> Databases | Missing:
    """Looks as each agent would, with its own role; changes nothing."""
    having = [agent for agent in agents if any(_settings(agent))]
    if not having:
        return Missing("no settings here name a PostgreSQL database")
    try:
        from shared import postgres  # noqa: F401, PLC0415 -- the driver is an extra, which not everybody has
    except ImportError:
        return Missing("the driver is not installed: uv sync --package portal --package shared --extra postgres")
    seen = await asyncio.gather(*(asyncio.to_thread(_look_at_all, agent) for agent in having))
    return Databases(tuple(chain.from_iterable(seen)))


def _settings(agent: Agent) -> list[str]:
    return [name for name in (TASKS, TRAIL) if agent.text(name).startswith(SCHEMES)]


def _look_at_all(agent: Agent) -> list[Seen]:
    """Of each agent one after the other: its role may have few connections at a time."""
    return [_look(agent, setting) for setting in _settings(agent)]


def _look(agent: Agent, setting: str) -> Seen:
    from shared.audit import postgres as trails  # noqa: PLC0415 -- needs the driver
    from shared.postgres import look  # noqa: PLC0415 -- as above
    from shared.tasks import postgres as tasks  # noqa: PLC0415 -- as above

    url = agent.text(setting)
    if setting == TASKS:
        return Seen(agent, setting, look(url, agent.name), None, tasks.RELEASE, tasks.CONNECTIONS)
    found = trails.look_at_trail(url, agent.name)
    trail = found if isinstance(found, trails.TrailLook) else None
    return Seen(agent, setting, found, trail, trails.RELEASE, trails.CONNECTIONS)

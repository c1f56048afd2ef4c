"""The relationship store as the agents' settings name it."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from portal._errors import CommandFailed, PartAway
from portal.doctor._agents import Agent, Agents
from portal.doctor._check import Missing
from portal.relationships import RelationshipStore, is_same, our_model
from shared.errors import ConfigurationError
from shared.settings import FgaSettings

FIELDS = (
    *("FGA_API_URL", "FGA_STORE_ID", "FGA_MODEL_ID", "FGA_API_TOKEN", "FGA_CLIENT_ID", "FGA_CLIENT_SECRET"),
    *("FGA_API_TOKEN_ISSUER", "FGA_API_AUDIENCE"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the store said for one agent's settings.

    Attributes:
        agent: Whose.
        problem: Why it said nothing: it is away, or takes no such credential.
        has_store: Whether the store is there.
        has_model: Whether the authorization model is.
        is_ours: Whether that model is the one in `deploy/fga`.
    """

    agent: Agent
    problem: str = ""
    has_store: bool = True
    has_model: bool = True
    is_ours: bool = True


@dataclass(frozen=True)
class Stores:
    """What was said, for each agent that asks one."""

    asked: tuple[Asked, ...]

    def __iter__(self) -> Iterator[Asked]:
        return iter(self.asked)


async def look_at_stores(agents: Agents) -> Stores | Missing:
    """Asks as each agent does, with its own credential; changes nothing."""
    asking = [agent for agent in agents if agent.text("FGA_API_URL") and not _credential_is_elsewhere(agent)]
    if not asking:
        return Missing("no settings here name an FGA API with its credential")
    model = our_model()
    return Stores(tuple(await asyncio.gather(*(_ask(agent, model) for agent in asking))))


def _credential_is_elsewhere(agent: Agent) -> bool:
    return agent.is_elsewhere("FGA_CLIENT_SECRET") or agent.is_elsewhere("FGA_API_TOKEN")


async def _ask(agent: Agent, ours: dict[str, Any]) -> Asked:
    given = {name.lower(): value for name in FIELDS if (value := agent.text(name))}
    try:
        settings = FgaSettings.load(**given)
    except ConfigurationError as error:
        return Asked(agent, error.public_message)
    store = RelationshipStore(settings, settings.fga_store_id, settings.fga_model_id)
    try:
        if not await store.exists():
            return Asked(agent, has_store=False)
        model = await store.model(settings.fga_model_id)
    except (PartAway, CommandFailed) as error:
        return Asked(agent, error.public_message)
    finally:
        await store.aclose()
    return Asked(agent, has_model=model is not None, is_ours=model is None or is_same(model, ours))

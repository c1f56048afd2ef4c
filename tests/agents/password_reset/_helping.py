"""Asks password_reset for somebody else, with relationships as a test says them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from strands.types.tools import AgentTool

from agents.password_reset.risky_acts import Perform, Prepare, RiskyAct
from agents.password_reset.tools import create_tools
from tests.agents._asking import Turn, ask, operator
from tests.agents._rights import rights
from tests.directory._world import Asker, World

READS = ("account_state", "link_state")
EVERY = ("can_read_state", "can_unlock", "can_reset", "can_expire", "can_reset_factors")
TEXTS = {
    "unlock_account": "Unlock {}",
    "reset_password": "Reset the password of {}",
    "expire_password": "Expire the password of {}",
    "reset_factors": "Remove all factors of {}",
}
EVENTS = {
    "unlock_account": "user.account.unlock_by_admin",
    "reset_password": "user.account.reset_password",
    "expire_password": "user.account.expire_password",
    "reset_factors": "user.mfa.factor.reset_all",
}
SCOPES = {
    "unlock_account": "account:unlock",
    "reset_password": "password:reset",
    "expire_password": "password:expire",
    "reset_factors": "factors:reset",
}
RELATIONS = {
    "unlock_account": "can_unlock",
    "reset_password": "can_reset",
    "expire_password": "can_expire",
    "reset_factors": "can_reset_factors",
}
SUBJECTS = {"unlock_account": "ravi.chandar", "reset_password": "ravi.chandar"}  # the locked; else tomas.reyes
Rights = Mapping[str, Collection[str]]


class AtOnce:
    """Lets risky acts pass, as if a person had approved each: what comes before and after it is what is tested here."""

    async def carry_out(self, act: RiskyAct, prepare: Prepare, perform: Perform) -> str:
        ready = await prepare()
        if isinstance(ready, str):
            return ready
        await act.account.permit.recheck()
        return await perform(ready, None)

    async def abandon(self, *_: object) -> None:
        raise AssertionError("nothing waits here")

    async def ended(self, *_: object) -> None:
        raise AssertionError("nothing waits here")


def tools_of(world: World, **limits: int) -> Sequence[AgentTool]:
    given = {"resets_per_hour": 3, "changes_for_others_per_hour": 30, **limits}
    return create_tools(world.client(), AtOnce(), world.trail, **given)


async def turn(
    world: World,
    tool: str,
    person: str,
    over: Rights | None = None,
    *,
    text: str | None = None,
    who: Asker | None = None,
    history: Sequence[Any] = (),
    tools: Sequence[AgentTool] | None = None,
    **arguments: Any,
) -> Turn:
    who = who or operator()
    return await ask(
        tools or tools_of(world),
        [(tool, {"person": person, **arguments})],
        who=who,
        text=TEXTS.get(tool, "The state of {}").format(person) if text is None else text,
        history=history,
        relationships=rights(world, who, {person: EVERY} if over is None else over),
    )


async def answer(world: World, tool: str, person: str, over: Rights | None = None, **more: Any) -> str:
    return (await turn(world, tool, person, over, **more)).answer


def acts(world: World) -> list[str]:
    return [event["eventType"] for event in world.events() if event["eventType"].startswith("user.")]


def changed(world: World) -> set[str]:
    return {event["target"][0]["alternateId"].partition("@")[0] for event in world.events()}


def subject_of(tool: str) -> str:
    return SUBJECTS.get(tool, "tomas.reyes")

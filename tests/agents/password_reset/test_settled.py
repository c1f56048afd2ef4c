"""A removal of several factors that breaks off: what the directory's log settles is on record, effect by effect."""

from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from strands.types.tools import ToolUse

from agents.password_reset.acts import Acts
from agents.password_reset.risky_acts import SETTLED_SECONDS, ByApproval
from portal.record import differences, directory_effects
from shared.agent_loop._being_done import TO_ITS_END, BeingDone
from shared.authorization import Permitted
from shared.directory import Account, ActingCaller
from shared.errors import WaitsForPerson
from tests.agents._asking import employee, operator
from tests.approval._people import Desk
from tests.directory._world import World


class Permit(Permitted[Any]):
    """What was permitted, and is still."""

    def __init__(self) -> None:
        """There is nothing to ask."""

    async def recheck(self) -> None:
        """It is."""


class Call:
    """The call of the tool; with the row for which its task waited, where it goes on."""

    def __init__(self, resume: str = "") -> None:
        said = {"role": "user", "content": [{"text": "Remove the push factor of olu.adeyemi"}]}
        self.agent: Any = SimpleNamespace(messages=[said])
        self.tool_use: ToolUse = {"toolUseId": "use-1", "name": "reset_factors", "input": {"factor": "push"}}
        self.invocation_state: dict[str, Any] = {
            "task_id": "task-1",
            "resume": {"use-1": resume},
            TO_ITS_END: partial(BeingDone().to_its_end, "task-1"),
        }


async def _renewed(_: ActingCaller) -> None:
    """The credential is as good as new."""


@pytest.mark.requirement("H1")
async def test_the_record_tells_which_of_several_effects_came_about(world: World, tmp_path: Path) -> None:
    """Two factors of one kind; the directory goes away after the first is gone, and its log alone stays to be read."""
    world.change("UPDATE factors SET factor_type = 'push' WHERE user_id = ?", world.user("olu.adeyemi")["id"])
    desk, who, directory = Desk(tmp_path / "agent.sqlite3", world.clock), operator(), world.client()
    await desk.storage.start()
    guard = ByApproval(directory, desk.approvals, world.trail, renew=_renewed, agents={}, agent="password_reset")
    acts = Acts(directory, guard, world.trail, resets_per_hour=3, for_others_per_hour=30)
    user = await directory.own_user(employee("olu.adeyemi"))
    account = Account(user, own=False, permit=Permit())

    async def remove(resume: str = "") -> str:
        return await acts.remove_factors(Call(resume), who, account, "push")

    with pytest.raises(WaitsForPerson) as approval:
        await remove()
    desk.phone.answer(approves=True)
    await desk.look()

    execute = world.app.state.directory.database.execute

    def once(sql: str, parameters: Any = ()) -> int:
        if sql.startswith("DELETE FROM factors"):
            world.faults.acts_only = world.faults.away = True
        return int(execute(sql, parameters))

    world.app.state.directory.database.execute = once
    with pytest.raises(WaitsForPerson) as outcome:
        await remove(approval.value.resume)
    world.clock.advance(SETTLED_SECONDS)
    assert "only a part of it happened" in await remove(outcome.value.resume)
    assert "only a part of it happened" in await remove(outcome.value.resume)  # as after a crash before it was told

    recorded = [event.members() for event in world.trail.events if event.act]
    settled = [one for one in recorded if "settled_by" in one["details"]]
    assert [(one["outcome"], one.get("result", "")) for one in settled] == [("succeeded", ""), ("failed", "partly")] * 2
    assert len({one["act"] for one in recorded}) == 2
    assert {one["action"] for one in recorded} == {"account:factor:remove"}
    assert differences(recorded, directory_effects(world.events())) == []
    await desk.storage.aclose()

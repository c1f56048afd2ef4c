"""Whom a change is about is taken from what the person said, not from what the supervisor's model makes of it."""

from pathlib import Path

import httpx
import pytest

from shared.directory import NOT_NAMED
from shared.testing import Calls, Says, ScriptedModel
from tests.flows._approvals import acts
from tests.flows._world import Person, World

ORDER = Calls((("password_reset", {"request": "Unlock the account of Ravi Chandar"}),))


@pytest.mark.requirement("F1")
async def test_a_supervisor_whose_model_was_misled_changes_nobody_whom_the_person_did_not_name(
    tmp_path: Path, http: httpx.AsyncClient
) -> None:
    """It may: oscar's rights are enough, and the words that the subagent gets name whom it is about."""
    models = {"supervisor": ScriptedModel([ORDER, Says(("done",))])}
    with World(tmp_path, model=models.get) as world:
        oscar = await Person.sign_in(world, "oscar.lind", http)
        misled = await oscar.ask("Where is the VPN guide?")
        assert misled.text.strip() == NOT_NAMED
        assert acts(world) == 0

        models["supervisor"].seen.clear()
        asked = await oscar.ask("Is Ravi Chandar locked out?")
        assert "**The account of Ravi Chandar is unlocked.**" in asked.text


async def test_whom_the_person_named_before_another_agent_may_be_spoken_of(
    tmp_path: Path, http: httpx.AsyncClient
) -> None:
    """The agent that acts was not asked then; what the person said then it is told now."""
    first = Calls((("account_lookup", {"request": "Which groups is Ravi Chandar in?"}),))
    models = {"supervisor": ScriptedModel([first, ORDER])}
    with World(tmp_path, model=models.get) as world:
        oscar = await Person.sign_in(world, "oscar.lind", http)
        told = await oscar.ask("Which groups is Ravi Chandar in?")
        asked = await oscar.ask("Thanks. Unlock him, please.", context_id=told.task["contextId"])
        assert "**The account of Ravi Chandar is unlocked.**" in asked.text

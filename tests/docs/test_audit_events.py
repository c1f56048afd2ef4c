"""docs/reference/audit-events.md explains every action and outcome that can be on record, and no other."""

import re
from dataclasses import fields

from shared.audit import Action, Approval, Event, Outcome, Rule, Where, Who
from tests.docs._pages import page

PAGE = page("docs/reference/audit-events.md")


def test_every_action_is_explained_and_no_other() -> None:
    described = [text.strip("`") for level, text in PAGE.headings if level == 3]
    assert described == [action.value for action in Action]


def test_every_outcome_is_explained_and_no_other() -> None:
    assert [row[0].strip("`") for row in PAGE.rows("Outcomes")] == [outcome.value for outcome in Outcome]


def test_every_member_is_explained() -> None:
    rows = {tuple(re.findall(r"`(\w+)`", row[0])): row[1] for row in PAGE.rows("Members")}
    described = {name for names in rows for name in names}
    assert described == {field.name for field in fields(Event)} | {"writer", "sequence", "agent", "at"}
    for name, kind in (("who", Who), ("rule", Rule), ("approval", Approval), ("where", Where)):
        said = set(re.findall(r"`(\w+)`", rows[name,]))
        assert {field.name for field in fields(kind)} <= said

"""Whatever is said, the planner answers, soon, and in the same way each time."""

import inspect
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strands.types.content import Messages
from strands.types.tools import ToolSpec

from shared.models import OfflinePlanner, offline

Say = Callable[..., Messages]
ROOT = Path(inspect.getfile(offline)).parent
TOOLS: list[ToolSpec] = [
    {
        "name": "open_case",
        "description": 'Opens a case.\nTags: case, complaint\nExamples:\n- "Open a case about my bike"',
        "inputSchema": {
            "json": {
                "type": "object",
                "properties": {
                    "title": {"type": "string"},
                    "days": {"type": "integer"},
                    "code": {"pattern": "^C\\d+$"},
                },
                "required": ["title"],
            }
        },
    },
    {"name": "x", "description": "", "inputSchema": {"json": {}}},
]
PLANNER = OfflinePlanner()


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=400), st.text(max_size=80))
def test_any_text_gets_a_plan(text: str, before: str) -> None:
    messages: Messages = [
        {"role": "user", "content": [{"text": before}]},
        {"role": "assistant", "content": [{"text": "Which one?"}]},
        {"role": "user", "content": [{"text": text}]},
    ]
    plan = PLANNER.plan(messages, TOOLS)
    assert plan.calls or plan.text.strip()
    assert PLANNER.plan(messages, TOOLS) == plan


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.lists(st.text(max_size=20), max_size=3))
def test_any_description_can_be_read(description: str, tags: list[str]) -> None:
    spec: ToolSpec = {
        "name": "tool",
        "description": f"{description}\nTags: {', '.join(tags)}\nExamples:\n- {description}",
        "inputSchema": {"json": {"type": "object", "properties": {"request": {"type": "string"}}}},
    }
    plan = PLANNER.plan([{"role": "user", "content": [{"text": description or "hello"}]}], [spec])
    assert plan.calls or plan.text


@pytest.mark.parametrize(
    "text",
    [
        "water " * 5000,
        "a" * 100_000,
        "how do I " * 3000 + "?",
        "and, " * 4000,
        "((((" * 3000,
        '"' * 9999,
        "don't " * 2000,
        ", ".join(f"word{number} and thing{number}" for number in range(1500)),
        "hi " * 3000 + "!",
        "all the " * 3000,
    ],
)
def test_a_very_long_text_takes_no_long_time(text: str, garden: list[ToolSpec], say: Say) -> None:
    planner = OfflinePlanner()
    planner.plan(say("hello"), garden)
    started = time.perf_counter()
    planner.plan(say(text[:100_000]), garden)
    assert time.perf_counter() - started < 3.0


def test_a_decision_is_cheap(garden: list[ToolSpec], say: Say, planner: OfflinePlanner) -> None:
    """At most 2 ms, the machine's other work aside: the best of several rounds."""
    texts = ["Could you turn on the sprinkler, please?", "Water my tomatoes, and are there any pea seeds left?", "why?"]
    before = [("When were my beds watered last?", "watering", "This morning.")]
    conversations = [say(text, before=before) for text in texts]

    def once() -> float:
        started = time.perf_counter()
        for messages in conversations:
            planner.plan(messages, garden)
        return (time.perf_counter() - started) / len(conversations)

    once()
    assert min(once() for _ in range(20)) < 0.002


def test_the_code_knows_nothing_of_particular_tools() -> None:
    """No word of this project's agents and subjects stands in the planner's code."""
    subjects = (
        r"vpn|printer|phish|\bmfa\b|okta|auth0|password|unlock|help.?desk|supervisor_|account_lookup|password_reset"
        r"|docs_search|\baccount\b|room_booking|\brecipes?_|catalogue"
    )
    found = [
        f"{file.name}:{number}: {line.strip()}"
        for file in sorted(ROOT.glob("*.py"))
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(subjects, line, re.IGNORECASE)
    ]
    assert found == []

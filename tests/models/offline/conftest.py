"""Tools and conversations for the planner; none of the tools is of this project."""

from collections.abc import Callable
from typing import Any

import pytest
from strands.types.content import Messages
from strands.types.tools import ToolSpec

from shared.models import OfflinePlanner

Said = tuple[str, str]


def make_spec(
    name: str,
    prose: str,
    *,
    tags: str = "",
    examples: tuple[str, ...] = (),
    properties: dict[str, Any] | None = None,
    required: tuple[str, ...] = (),
) -> ToolSpec:
    """A specification as Strands makes it from a function whose docstring follows the convention."""
    lines = [prose]
    if tags:
        lines.append(f"Tags: {tags}")
    if examples:
        lines += ["Examples:", *(f'- "{example}"' for example in examples)]
    schema: dict[str, Any] = {"type": "object", "properties": properties or {}}
    if required:
        schema["required"] = list(required)
    return {"name": name, "description": "\n".join(lines), "inputSchema": {"json": schema}}


REQUEST = {"request": {"type": "string", "description": "What this agent should handle of the message."}}


@pytest.fixture
def garden() -> list[ToolSpec]:
    """Two agents of an allotment association."""
    return [
        make_spec(
            "watering",
            "Waters your beds. It can start now or at a set time.",
            tags="water, sprinkler, irrigation, hose, dry beds",
            examples=("Water my tomatoes", "Turn the sprinkler off", "When were my beds watered last?"),
            properties=REQUEST,
            required=("request",),
        ),
        make_spec(
            "seeds",
            "Finds seeds in the shared seed bank and reserves them for you.",
            tags="seeds, seed bank, variety, sowing, seedlings",
            examples=("Are there any beetroot seeds?", "Reserve a bag of peas", "When do I sow spinach?"),
            properties=REQUEST,
            required=("request",),
        ),
    ]


@pytest.fixture
def post() -> list[ToolSpec]:
    """The tools inside an agent of a parcel service."""
    return [
        make_spec(
            "list_parcels",
            "Lists the parcels that are on their way to you.",
            tags="parcels, deliveries, shipments",
            examples=("Which parcels are coming?", "Show my deliveries of the last 7 days"),
            properties={
                "days": {"type": "integer", "default": 7, "minimum": 1, "maximum": 60, "description": "How many days."},
                "limit": {"type": "integer", "description": "How many parcels at most."},
            },
        ),
        make_spec(
            "return_parcel",
            "Sends one of your own parcels back.",
            tags="return, send back",
            examples=("Send parcel PX-000001 back", "Return my parcel"),
            properties={
                "number": {
                    "type": "string",
                    "pattern": r"^PX-\d{6}$",
                    "description": "The parcel's number, as PX-000001.",
                },
                "reason": {"type": "string", "enum": ["damaged", "late", "unwanted"]},
            },
            required=("number",),
        ),
        make_spec(
            "cancel_subscription",
            "Cancels your own subscription.",
            tags="cancel, unsubscribe",
            examples=("Cancel my subscription",),
        ),
    ]


@pytest.fixture
def planner() -> OfflinePlanner:
    return OfflinePlanner()


@pytest.fixture
def say() -> Callable[..., Messages]:
    """Builds a conversation: `say("now", before=[("earlier", "answer"), …])`; `None` for no answer yet."""

    def build(text: str, *, before: list[tuple[str, str, str]] | None = None) -> Messages:
        messages: Messages = []
        for number, (asked, tool, answered) in enumerate(before or []):
            messages.append({"role": "user", "content": [{"text": asked}]})
            if tool:
                use = f"use-{number}"
                messages.append(
                    {"role": "assistant", "content": [{"toolUse": {"toolUseId": use, "name": tool, "input": {}}}]}
                )
                result = {"toolUseId": use, "status": "success", "content": [{"text": answered}]}
                messages.append({"role": "user", "content": [{"toolResult": result}]})  # type: ignore[typeddict-item]
            messages.append({"role": "assistant", "content": [{"text": answered}]})
        messages.append({"role": "user", "content": [{"text": text}]})
        return messages

    return build

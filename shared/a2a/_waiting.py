"""What a task waits for that a person has to do elsewhere, as its metadata says it: for peers, and for going on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from a2a.types import Task, TaskState, TaskStatusUpdateEvent
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct

WAITING_KEY: Final = "helpdesk/waiting"
"""In the metadata of a task, and of the status update that has it wait: a list, empty once the task has gone on."""

CALLS_KEY: Final = "helpdesk/calls"
"""In the metadata of a task that is worked on: the calls that can be made again after a crash, in the same form."""

OUTCOME: Final = "outcome"
"""The kind of a wait for what came of something that was begun: it is told, and cannot be cancelled any more."""

RESTART: Final = "restart"
"""The kind of a wait for whoever looks at a task again after a restart."""

MAX_WAITS: Final = 16
MAX_FIELD_CHARACTERS: Final = 2048


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing that is waited for.

    Attributes:
        kind: What, in one word for programs: `connect-account`.
        subject: Which one: the connection.
        url: Where the person does it, if there is such a place.
        until: Until when it makes sense to wait, in seconds since the epoch.
        tool: The tool that is called again when the task goes on.
        arguments: What it is called with then: the same as before.
        resume: What the tool wanted to be given back.
        call: The id that the call has again then, so that what it says takes the place of what it had begun to say.
    """

    kind: str
    subject: str
    url: str | None = None
    until: float | None = None
    tool: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    resume: str = ""
    call: str = ""


def waiting_metadata(waits: Sequence[Wait], *, key: str = WAITING_KEY) -> dict[str, Any]:
    """What is waited for, as metadata; arguments are JSON in a string, since a number would lose its type there."""
    return {
        key: [
            {
                "kind": wait.kind,
                "subject": wait.subject,
                **({"url": wait.url} if wait.url else {}),
                **({"until": wait.until} if wait.until else {}),
                "tool": wait.tool,
                "arguments": json.dumps(wait.arguments),
                "resume": wait.resume,
                **({"call": wait.call} if wait.call else {}),
            }
            for wait in waits
        ]
    }


def waits_of(source: Task | TaskStatusUpdateEvent) -> tuple[Wait, ...]:
    """What a task in `auth-required` waits for; empty where it does not, or does not say.

    What comes from a peer is another team's text: a field that is not what it should be is left out.
    """
    if source.status.state != TaskState.TASK_STATE_AUTH_REQUIRED:
        return ()
    return _listed(source.metadata, WAITING_KEY)


def calls_of(task: Task) -> tuple[Wait, ...]:
    """The calls that were under way when a task was cut off, and can be made again."""
    return _listed(task.metadata, CALLS_KEY)


def _listed(metadata: Struct, key: str) -> tuple[Wait, ...]:
    listed = _plain(metadata).get(key)
    entries = listed[:MAX_WAITS] if isinstance(listed, list) else []
    return tuple(_wait(entry) for entry in entries if isinstance(entry, dict))


def _plain(metadata: Struct) -> dict[str, Any]:
    plain: dict[str, Any] = MessageToDict(metadata)
    return plain


def _wait(entry: dict[str, Any]) -> Wait:
    until = entry.get("until")
    url = _text(entry, "url")
    return Wait(
        kind=_text(entry, "kind"),
        subject=_text(entry, "subject"),
        url=url if url.startswith(("https://", "http://")) else None,
        until=float(until) if isinstance(until, int | float) else None,
        tool=_text(entry, "tool"),
        arguments=_arguments(entry.get("arguments")),
        resume=str(entry.get("resume") or ""),
        call=_text(entry, "call"),
    )


def _text(entry: dict[str, Any], name: str) -> str:
    value = entry.get(name)
    return value[:MAX_FIELD_CHARACTERS] if isinstance(value, str) and value.isprintable() else ""


def _arguments(text: Any) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}

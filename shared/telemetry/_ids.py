"""The ids under which a piece of work is known: in its log events, and to whoever has to name it elsewhere."""

from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Final

REQUEST_ID: Final = "request_id"
TASK_ID: Final = "task_id"
CONTEXT_ID: Final = "context_id"
TRACE_ID: Final = "trace_id"

_ids: Final[ContextVar[Mapping[str, str]]] = ContextVar("shared.telemetry.ids", default=MappingProxyType({}))


def current_ids() -> Mapping[str, str]:
    """The ids that are bound to what runs now, by the names that log events give them."""
    return _ids.get()


def bind_ids(
    *,
    request_id: str | None = None,
    task_id: str | None = None,
    context_id: str | None = None,
    trace_id: str | None = None,
) -> None:
    """Binds ids to what runs now, and to the tasks that begin there; those that are None or empty stay as they are."""
    given = {REQUEST_ID: request_id, TASK_ID: task_id, CONTEXT_ID: context_id, TRACE_ID: trace_id}
    _ids.set(MappingProxyType({**_ids.get(), **{name: value for name, value in given.items() if value}}))


def begin_ids() -> None:
    """Forgets, for what runs now, the ids of what it was begun by."""
    _ids.set(MappingProxyType({}))

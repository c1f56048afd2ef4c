"""The ids under which a piece of work is known in the log, for whoever has to name it elsewhere: the audit trail."""

from collections.abc import Mapping
from typing import Final

import structlog

REQUEST_ID: Final = "request_id"
TASK_ID: Final = "task_id"
CONTEXT_ID: Final = "context_id"
TRACE_ID: Final = "trace_id"
_NAMES: Final = (REQUEST_ID, TASK_ID, CONTEXT_ID, TRACE_ID)


def current_ids() -> Mapping[str, str]:
    """The ids that are bound to what runs now, by the names that log events give them."""
    bound = structlog.contextvars.get_contextvars()
    return {name: str(bound[name]) for name in _NAMES if bound.get(name)}

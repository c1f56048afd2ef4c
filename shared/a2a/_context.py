"""What the SDK's handlers are told of a call."""

import re
from typing import Any, Final

from a2a.auth.user import User
from a2a.server.context import ServerCallContext
from a2a.types import Task, TaskState
from a2a.utils.errors import VersionNotSupportedError
from starlette.types import Scope

from shared.a2a._body import header
from shared.a2a._caller import Caller

CALLER: Final = "helpdesk.caller"
RECORD: Final = "helpdesk.record"
REFUSAL: Final = "helpdesk.refusal"
"""In the scope of a request: the error with which we refused it, for the audit trail; not what the protocol refuses."""

MAX_EXTENSIONS: Final = 16
MAX_ID_CHARACTERS: Final = 64
_VERSION = re.compile(r"\s*(\d{1,4})(?:\.(\d{1,4}))?(?:\.\d{1,4})?\s*")


class CallerUser(User):
    """The caller's user, by the key under which all that is theirs is kept."""

    def __init__(self, caller: Caller) -> None:
        self._key = caller.user.key

    @property
    def is_authenticated(self) -> bool:
        """Always: the door lets nobody else in."""
        return True

    @property
    def user_name(self) -> str:
        """The stable key of (issuer, subject); no name that people give each other."""
        return self._key


def caller_of(scope: Scope) -> Caller:
    """Who sent a request that the door let in."""
    caller: Caller = scope[CALLER]
    return caller


def record(scope: Scope) -> dict[str, Any]:
    """What the line in the log for this request will say besides; to be added to."""
    found: dict[str, Any] = scope.setdefault(RECORD, {})
    return found


def name_in_log(context: ServerCallContext, **ids: str) -> None:
    """Has the request's line in the log say which task and context it was about."""
    line = context.state.get("log_line")
    if line is not None:
        line.update({name: value[:MAX_ID_CHARACTERS] for name, value in ids.items()})


def name_state_in_log(context: ServerCallContext, task: Task) -> None:
    """Has it say what became of the task."""
    name_in_log(context, task_state=TaskState.Name(task.status.state).removeprefix("TASK_STATE_").lower())


def call_context(scope: Scope, operation: str, request_id: str | int | None = None) -> ServerCallContext:
    """The context of a call: who calls, and the headers, from which the door has taken all credentials.

    Args:
        scope: The request, as the door let it in.
        operation: The name of the A2A operation.
        request_id: JSON-RPC's.
    """
    caller: Caller = scope[CALLER]
    extensions = header(scope, b"a2a-extensions") or header(scope, b"x-a2a-extensions") or b""
    names = [name.strip() for name in extensions.decode("latin-1").split(",")][:MAX_EXTENSIONS] if extensions else []
    return ServerCallContext(
        user=CallerUser(caller),
        state={
            "caller": caller,
            "method": operation,
            "request_id": request_id,
            "log_line": record(scope),
            "headers": {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]},
        },
        requested_extensions={name for name in names if name},
    )


def check_version(scope: Scope, major: int | None) -> None:
    """Refuses a call whose `A2A-Version` is not offered, or is not that of the method; none at all always fits.

    AgentCore strips the header from requests unless it is told not to. (A2A 1.0 §3.6 has a missing one mean 0.3, but
    here the names of methods and paths say which version it is.)

    Args:
        scope: The request.
        major: 1 for A2A 1.x, 0 for 0.3, None where the method is not known.

    Raises:
        VersionNotSupportedError: if it does not fit.
    """
    value = header(scope, b"a2a-version")
    if value is None or not value.strip():
        return
    found = _VERSION.fullmatch(value.decode("latin-1"))
    asked = (int(found[1]), int(found[2] or 0)) if found else (-1, 0)
    if asked[0] != 1 and asked != (0, 3):
        raise VersionNotSupportedError(message="This version of A2A is not offered here; 1.0 and 0.3 are.")
    if major is not None and asked[0] != major:
        raise VersionNotSupportedError(message="The method is of another version of A2A than the request says.")

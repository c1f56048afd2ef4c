"""What the command says when it cannot do what was asked, and the exit code that goes with it."""

from enum import IntEnum

from portal._environment import typed
from shared.errors import AuthenticationError, AuthorizationError, HelpdeskError, UpstreamUnavailable


class ExitCode(IntEnum):
    """The exit codes of `helpdesk`; scripts rely on them."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_SIGNED_IN = 3
    NOT_ALLOWED = 4
    PART_AWAY = 5
    WAITS = 6
    INTERRUPTED = 130


class NotSignedIn(AuthenticationError):
    """Nobody is signed in, or no longer."""

    code = "not_signed_in"

    def __init__(self, public_message: str | None = None, *, detail: str = "") -> None:
        super().__init__(public_message or f"You are not signed in: run `{typed('login')}`.", detail=detail)


class NotRunning(UpstreamUnavailable):
    """There is no help desk to talk to."""

    code = "not_running"

    def __init__(self, message: str) -> None:
        super().__init__("help desk", detail=message)
        self.public_message = message


class PartAway(UpstreamUnavailable):
    """A part does not answer; `message` says which and what to do."""

    code = "part_away"

    def __init__(self, part: str, message: str, *, detail: str = "") -> None:
        super().__init__(part, detail=detail or message)
        self.public_message = message


class CommandFailed(HelpdeskError):
    """The command did its work and the result is a failure; the message says which."""

    code = "failed"


def exit_code_of(error: HelpdeskError) -> ExitCode:
    """The exit code of an error."""
    if isinstance(error, AuthenticationError):
        return ExitCode.NOT_SIGNED_IN
    if isinstance(error, AuthorizationError):
        return ExitCode.NOT_ALLOWED
    if isinstance(error, UpstreamUnavailable):
        return ExitCode.PART_AWAY
    return ExitCode.FAILED

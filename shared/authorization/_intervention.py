"""The check before each tool call, in Strands' own place for it."""

from functools import partial
from typing import Any, Final

from strands.hooks import BeforeToolCallEvent
from strands.interventions import Deny as Cancel
from strands.interventions import InterventionHandler, OnError, Proceed

from shared.authorization import _words
from shared.authorization._authorizer import Authorizer
from shared.authorization._decision import Deny, Reason
from shared.authorization._declaration import Needs, declaration_of
from shared.authorization._permit import issue, reserve
from shared.errors import WaitsForPerson
from shared.telemetry import get_logger

NAME: Final = "authorization"
WAITING: Final = "shared.authorization.waiting"
"""In `invocation_state`, by tool use id: the calls that were not decided, and what they wait for."""

UNDECIDED: Final = "shared.authorization.undecided"
"""In `invocation_state`, by tool use id: the calls about which nothing could be decided, as a part is away; and what
tells whether it is there again."""

_log = get_logger()


class AuthorizeToolCalls(InterventionHandler):
    """Denies each tool call that its declaration does not permit; by default, and where anything goes wrong.

    Args:
        authorizer: Decides; without one, only tools that declare that nothing is checked may be called.
    """

    def __init__(self, authorizer: Authorizer | None) -> None:
        self._authorizer = authorizer

    @property
    def name(self) -> str:
        """The name under which Strands knows it."""
        return NAME

    @property
    def on_error(self) -> OnError:
        """An error denies."""
        return "deny"

    async def before_tool_call(self, event: BeforeToolCallEvent, **_: Any) -> Proceed | Cancel:
        """Decides about one call, and leaves the permit for it."""
        try:
            words = await self._refusal(event)
        except WaitsForPerson as error:
            event.invocation_state.setdefault(WAITING, {})[str(event.tool_use["toolUseId"])] = error
            words = error.public_message
        except Exception:  # noqa: BLE001 -- whatever broke, the tool does not run; Strands would tell the error's text
            _log.exception("authorization_failed", tool=str(event.tool_use.get("name")))
            words = _words.FAILED
        return Proceed() if words is None else Cancel(words)

    async def _refusal(self, event: BeforeToolCallEvent) -> str | None:
        """Why the call may not run, in words for the person; None where it may."""
        declaration = declaration_of(event.selected_tool)
        if declaration is not None and not isinstance(declaration, Needs):
            return None
        if self._authorizer is None:
            _log.error("tool_without_authorizer", tool=str(event.tool_use["name"]))
            return _words.NOT_OFFERED
        caller, tool = event.invocation_state["caller"], str(event.tool_use["name"])
        if declaration is None:
            return (await self._authorizer.refuse(caller, Reason.UNDECLARED, tool=tool)).words
        if not reserve(event.invocation_state, event.tool_use):
            return (await self._authorizer.refuse(caller, Reason.REPEATED, tool=tool)).words
        arguments = event.tool_use["input"] if isinstance(event.tool_use["input"], dict) else {}
        decided = await self._authorizer.permit(declaration, caller, arguments, tool=tool)
        if isinstance(decided, Deny):
            if decided.is_undecided:
                is_back = partial(self._authorizer.can_decide, declaration, caller, arguments)
                event.invocation_state.setdefault(UNDECIDED, {})[str(event.tool_use["toolUseId"])] = is_back
            return decided.words
        issue(event.invocation_state, event.tool_use, decided)
        return None

"""Tools over the directory: which account a call is about, and how it is answered."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from strands.types.tools import ToolUse

from shared.answers import refusal
from shared.authorization import Permitted, Resolve, Resource, object_name, permitted
from shared.directory._access import ActingCaller
from shared.directory._client import DirectoryClient
from shared.directory._mentions import mentions_another
from shared.directory._types import User
from shared.errors import AuthorizationDenied, InsufficientScope, UpstreamRefused, UpstreamUnavailable
from shared.telemetry import get_logger

_log = get_logger()

Work = Callable[[ActingCaller, Permitted[User]], Awaitable[str]]


class Talking(Protocol):
    """The agent that a tool is called by, as far as it is looked at here."""

    messages: Sequence[Mapping[str, Any]]


class ToolCall(Protocol):
    """A call of a tool: `strands.ToolContext` is one."""

    tool_use: ToolUse
    invocation_state: dict[str, Any]

    @property
    def agent(self) -> Talking:
        """Whose tool it is."""


def account_name(user: User) -> str:
    """What an account is called in the relationship store: by its id in the directory."""
    return object_name("account", user.id)


def own_account(directory: DirectoryClient) -> Resolve[User]:
    """Finds the account of the caller's verified subject, whatever a model gave as arguments."""

    async def find(caller: ActingCaller, _: Mapping[str, Any]) -> Resource[User]:
        user = await directory.own_user(caller)
        return Resource(user, account_name(user), own=True)

    return find


class OwnAccount:
    """Runs the work of a tool for the account that it was permitted, and puts every refusal into words.

    Args:
        others: What is said to somebody who asks about another person.
    """

    def __init__(self, *, others: str) -> None:
        self._others = others

    async def answer(self, call: ToolCall, work: Work, *, purpose: str) -> str:
        """Does the work and returns its answer, or says why not.

        Args:
            call: The call of the tool, which has a permit; its `invocation_state["caller"]` is the verified caller.
            work: What to do for the caller, with the account that they were permitted.
            purpose: What the tool does, to end "I could not …" with.
        """
        caller: ActingCaller = call.invocation_state["caller"]
        permit = permitted(call, User)
        try:
            if mentions_another(request_text(call.agent.messages), permit.value):
                return self._others
            return await work(caller, permit)
        except (AuthorizationDenied, InsufficientScope, UpstreamRefused, UpstreamUnavailable) as error:
            _log.info("tool_refused", purpose=purpose, reason=error.reason, detail=error.detail)
            return refusal(error, purpose)


def request_text(messages: Sequence[Mapping[str, Any]]) -> str:
    """The words of the last message that a person sent; what tools answered is none."""
    for message in reversed(messages):
        texts = [block["text"] for block in message["content"] if "text" in block]
        if message["role"] == "user" and texts:
            return "\n".join(texts)
    return ""

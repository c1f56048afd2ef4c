"""Tools over the directory work on the account of the person who asks, and on no other."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from shared.answers import count
from shared.directory._access import ActingCaller
from shared.directory._client import DirectoryClient
from shared.directory._mentions import mentions_another
from shared.directory._types import User
from shared.errors import AuthorizationDenied, HelpdeskError, InsufficientScope, UpstreamRefused, UpstreamUnavailable
from shared.telemetry import get_logger

_LONGEST_WAIT_TOLD = 90  # seconds; a longer wait is told in minutes

_log = get_logger()

Work = Callable[[ActingCaller, User], Awaitable[str]]


class Talking(Protocol):
    """The agent that a tool is called by, as far as it is looked at here."""

    messages: Sequence[Mapping[str, Any]]


class ToolCall(Protocol):
    """A call of a tool: `strands.ToolContext` is one."""

    invocation_state: dict[str, Any]

    @property
    def agent(self) -> Talking:
        """Whose tool it is."""


class OwnAccount:
    """Runs the work of a tool for the caller's own account, and puts every refusal into words.

    In this order: the caller's scope, whether the request is about somebody else, the account of the caller's
    verified subject, the work. What a model gave as arguments takes part in none of them.

    Args:
        directory: Where the accounts are.
        others: What is said to somebody who asks about another person.
    """

    def __init__(self, directory: DirectoryClient, *, others: str) -> None:
        self._directory = directory
        self._others = others

    async def answer(self, call: ToolCall, work: Work, *, scope: str, purpose: str) -> str:
        """Does the work and returns its answer, or says why not.

        Args:
            call: The call of the tool; its `invocation_state["caller"]` is the verified caller.
            work: What to do with the caller and their account.
            scope: The scope that the caller's own token needs.
            purpose: What the tool does, to end "I could not …" with.
        """
        caller: ActingCaller = call.invocation_state["caller"]
        try:
            _require(caller, scope)
            user = await self._directory.user_by_subject(caller, caller.user.subject)
            if mentions_another(request_text(call.agent.messages), user):
                return self._others
            return await work(caller, user)
        except (AuthorizationDenied, InsufficientScope, UpstreamRefused, UpstreamUnavailable) as error:
            _log.info("tool_refused", purpose=purpose, reason=error.reason, detail=error.detail)
            return in_words(error, purpose)


def _require(caller: ActingCaller, scope: str) -> None:
    if scope not in caller.user.scopes:
        raise InsufficientScope((scope,))


def request_text(messages: Sequence[Mapping[str, Any]]) -> str:
    """The words of the last message that a person sent; what tools answered is none."""
    for message in reversed(messages):
        texts = [block["text"] for block in message["content"] if "text" in block]
        if message["role"] == "user" and texts:
            return "\n".join(texts)
    return ""


def in_words(error: HelpdeskError, purpose: str) -> str:
    """A refusal as a person should read it: what did not happen, why, and what to do."""
    if isinstance(error, InsufficientScope):
        scopes = " ".join(f"`{scope}`" for scope in error.scopes)
        return (
            f"Your sign-in does not allow me to {purpose}: it lacks {scopes}. "
            "If you think that it should, ask the help desk about your role."
        )
    if isinstance(error, UpstreamUnavailable):
        if error.outcome_unknown:
            return (
                f"The directory did not confirm it, so I cannot tell whether I was able to {purpose}. "
                "Please ask me for the state of your account before you try again."
            )
        return f"The directory is not available right now, so I could not {purpose}. {_when(error.retry_after)}"
    return f"I could not {purpose}. {error.public_message}"


def _when(retry_after: float | None) -> str:
    if retry_after is None:
        return "Nothing was changed; please try again in a little while."
    seconds = max(1, round(retry_after))
    wait = count(seconds, "second") if seconds <= _LONGEST_WAIT_TOLD else count(round(seconds / 60), "minute")
    return f"Nothing was changed; please try again in about {wait}."

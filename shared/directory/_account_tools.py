"""How a tool over the directory is answered: with the one account that it was permitted, or with words."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from shared.answers import plain, refusal
from shared.authorization import Permitted, permitted
from shared.directory._access import ActingCaller
from shared.directory._accounts import is_own
from shared.directory._asked import ToolCall, own_words, request_text
from shared.directory._client import DirectoryClient
from shared.directory._mentions import is_named, mentions_another
from shared.directory._status import short_login
from shared.directory._types import User
from shared.errors import AuthorizationDenied, InsufficientScope, UpstreamRefused, UpstreamUnavailable
from shared.telemetry import get_logger

NOT_NAMED: Final = (
    "So that nothing happens to the wrong account, I change somebody else's only where you name them yourself: "
    "by name, login, mail address or employee number. Nothing was changed."
)

_log = get_logger()


@dataclass(frozen=True, slots=True)
class Account:
    """The account that a call was permitted.

    Attributes:
        user: The account, as the directory gave it.
        own: Whether it is the caller's own.
        permit: What was decided; asked again before an act.
    """

    user: User
    own: bool
    permit: Permitted[Any] = field(repr=False)


Work = Callable[[ActingCaller, Account], Awaitable[str]]


class AccountTools:
    """Runs the work of a tool for the account that it was permitted, and puts every refusal into words.

    Args:
        directory: Where the accounts are.
        others: What is said where the request seems to be about somebody else, and the call names nobody.
    """

    def __init__(self, directory: DirectoryClient, *, others: str) -> None:
        self._directory = directory
        self._others = others

    async def answer(self, call: ToolCall, work: Work, *, purpose: str, person: str = "", acts: bool = False) -> str:
        """Does the work and returns its answer, or says why not.

        Args:
            call: The call of the tool, which has a permit; its `invocation_state["caller"]` is the verified caller.
            work: What to do for the caller, with the account that they were permitted.
            purpose: What the tool does, to end "I could not …" with.
            person: What the call says that somebody else is called.
            acts: Whether it changes something: then the person themselves must have named whom it is about.
        """
        caller: ActingCaller = call.invocation_state["caller"]
        permit = permitted(call, object)
        users: Sequence[User] = permit.value if isinstance(permit.value, tuple) else (permit.value,)
        try:
            if len(users) > 1:
                return which_text(users)
            user, own = users[0], is_own(caller, users[0])
            if own and mentions_another(request_text(call.agent.messages), user):
                return self._others
            if not own:
                if acts and not is_named(own_words(call), user, person):
                    return NOT_NAMED
                user = await self._directory.refreshed(caller, user)  # a search may be a moment behind
            return await work(caller, Account(user, own, permit))
        except (AuthorizationDenied, InsufficientScope, UpstreamRefused, UpstreamUnavailable) as error:
            _log.info("tool_refused", purpose=purpose, reason=error.reason, detail=error.detail)
            return refusal(error, purpose)


def which_text(users: Sequence[User]) -> str:
    """Several people may be meant: those of them whom whoever asks may have this done for."""
    lines = "\n".join(person_line(user) for user in users)
    return f"Several people may be meant. Please say which, by their login:\n\n{lines}"


def person_line(user: User) -> str:
    """One person, so that they can be told from another of the same name."""
    place = ", ".join(plain(part) for part in (user.title, user.department, user.city) if part)
    return f"- {plain(user.display_name)} ({short_login(user)}){f': {place}' if place else ''}"

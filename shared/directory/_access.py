"""With which credential an agent calls the directory: the seam that a token vault fits into."""

from typing import Protocol

from shared.identity import Principal, RawToken


class ActingCaller(Protocol):
    """Who asked an agent to act: `shared.a2a.Caller` is one."""

    @property
    def user(self) -> Principal:
        """On whose behalf."""


class TokenSource(Protocol):
    """Gives the access token for one call."""

    async def token(self, caller: ActingCaller, scopes: frozenset[str]) -> RawToken:
        """The token to call with, for this caller and with no more than these of Okta's scopes.

        Raises:
            UpstreamError: when none can be had.
        """


class StaticTokenSource:
    """One token for every call: the agent's own, from its settings. It says nothing of the user."""

    def __init__(self, token: RawToken) -> None:
        self._token = token

    async def token(self, caller: ActingCaller, scopes: frozenset[str]) -> RawToken:  # noqa: ARG002 -- see the class
        """The one token."""
        return self._token

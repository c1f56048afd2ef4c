"""With which credential an agent calls the directory: the caller's own there."""

from typing import Protocol

from shared.credentials import ActingCaller
from shared.identity import RawToken

__all__ = ["ActingCaller", "TokenSource"]


class TokenSource(Protocol):
    """Gives the access token for each call: `shared.credentials.ConnectionTokens` is one."""

    async def token(self, caller: ActingCaller) -> RawToken:
        """The token that the directory issued for this caller.

        Raises:
            AccountNotConnected: the caller has to connect their account there first, or again.
            UpstreamError: when none can be had.
        """

    def refused(self, caller: ActingCaller, token: RawToken) -> None:
        """Says that the directory did not accept this token: it is never given again."""

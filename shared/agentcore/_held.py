"""How long a token from AgentCore Identity is held: its answers do not say."""

from collections.abc import Collection
from typing import Final

from shared.agentcore._calls import PART
from shared.errors import UpstreamRefused
from shared.identity import AccessToken, RawToken, stated_expiry

UNSTATED_SECONDS: Final = 60.0
"""For a token that says nothing of its end."""

MAX_SECONDS: Final = 3600.0


def held_token(token: RawToken, *, scopes: Collection[str], now: float) -> AccessToken:
    """The token with the time at which to forget it: what it says itself, within an hour, or else in a minute.

    Args:
        token: As it was given.
        scopes: What was asked for; the answer does not say what was granted.
        now: Seconds since the epoch, before it was asked for.

    Raises:
        UpstreamRefused: it is over already.
    """
    stated = stated_expiry(token)
    if stated is not None and stated <= now:
        raise UpstreamRefused(PART, detail="answer: the token has expired", code="agentcore_answer")
    expires_at = now + UNSTATED_SECONDS if stated is None else min(float(stated), now + MAX_SECONDS)
    return AccessToken(token=token, expires_at=expires_at, scopes=frozenset(scopes))

"""Issued tokens, held until shortly before they expire and renewed before that."""

from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass, replace
from typing import Any, Final

from shared.errors import HelpdeskError
from shared.identity._access_token import AccessToken
from shared.identity._raw_token import RawToken
from shared.identity._single_flight import SingleFlight
from shared.telemetry import OTHER, get_logger, metrics, tally

REFRESH_FROM: Final = 0.7
REFRESH_SPREAD: Final = 0.2
"""A token is renewed at a random moment between 70 and 90 % of its life, so that replicas do not ask together."""

MAX_MARGIN_SECONDS: Final = 10.0
MARGIN: Final = 0.1
"""The last tenth of its life, at most ten seconds, a token is not handed out: it has a way to go."""

REFRESH_RETRY_SECONDS: Final = 5.0

_log = get_logger()

Fetch = Callable[[], Coroutine[Any, Any, AccessToken]]


@dataclass(slots=True)
class _Held:
    token: AccessToken
    refresh_at: float
    usable_until: float


class TokenCache:
    """Tokens by key, the least recently used dropped first.

    Concurrent callers for a key wait for one fetch; what it raises goes to all of them and is not kept. A token whose
    renewal is due is still handed out while it is fetched anew in the background.

    Args:
        size: How many tokens are held.
        clock: Seconds since the epoch.
        jitter: A number from 0 to 1, new each time.
        renews: Whether a token is fetched anew before it expires; not where the same one would come again.
        grant: What the metrics call them.
    """

    def __init__(
        self,
        *,
        size: int,
        clock: Callable[[], float],
        jitter: Callable[[], float],
        renews: bool = True,
        grant: str = OTHER,
    ) -> None:
        self._grant = grant
        self._size = size
        self._renews = renews
        self._clock = clock
        self._jitter = jitter
        self._held: OrderedDict[Hashable, _Held] = OrderedDict()
        self._flights: SingleFlight[Hashable, AccessToken] = SingleFlight()

    def __len__(self) -> int:
        return len(self._held)

    async def get(self, key: Hashable, fetch: Fetch, *, not_after: float = float("inf")) -> AccessToken:
        """The token for `key`.

        Args:
            key: What the token is for.
            fetch: Gets a new one.
            not_after: When it must be forgotten at the latest; renewing it then makes no sense.
        """
        now = self._clock()
        held = self._held.get(key)
        if held is None or now >= held.usable_until:
            metrics.TOKENS_ASKED.add(self._grant, "miss")
            tally().token_fetches += 1
            return await self._flights.do(key, lambda: self._fetch(key, fetch, not_after))
        metrics.TOKENS_ASKED.add(self._grant, "hit")
        self._held.move_to_end(key)
        if now >= held.refresh_at:
            held.refresh_at = now + REFRESH_RETRY_SECONDS * (0.5 + self._jitter())  # should this one fail
            self._flights.start(key, lambda: self._renew(key, fetch, not_after))
        return held.token

    def forget(self, key: Hashable, token: RawToken) -> None:
        """Lets go of a token; one that was fetched meanwhile stays."""
        held = self._held.get(key)
        if held is not None and held.token.token == token:
            del self._held[key]

    async def _renew(self, key: Hashable, fetch: Fetch, not_after: float) -> AccessToken:
        try:
            return await self._fetch(key, fetch, not_after)
        except HelpdeskError as error:
            _log.warning("token_not_renewed", reason=error.reason, detail=error.detail)
            raise

    async def _fetch(self, key: Hashable, fetch: Fetch, not_after: float) -> AccessToken:
        begun = self._clock()
        try:
            token = await fetch()
        except Exception:
            metrics.TOKENS_ASKED.add(self._grant, "failed")
            raise
        metrics.TOKENS_ASKED.add(self._grant, "fetched")
        lifetime = token.expires_at - begun
        refresh_at = begun + lifetime * (REFRESH_FROM + REFRESH_SPREAD * self._jitter())
        if not_after <= token.expires_at:
            token, refresh_at = replace(token, expires_at=not_after), float("inf")
        if not self._renews:
            refresh_at = float("inf")
        margin = min(MAX_MARGIN_SECONDS, MARGIN * (token.expires_at - begun))
        self._held[key] = _Held(token, refresh_at, token.expires_at - margin)
        self._held.move_to_end(key)
        self._drop_old()
        return token

    def _drop_old(self) -> None:
        """Down to the size, and from the oldest on what has expired anyway."""
        now = self._clock()
        while self._held:
            oldest = next(iter(self._held.values()))
            if len(self._held) <= self._size and now < oldest.usable_until:
                return
            self._held.popitem(last=False)

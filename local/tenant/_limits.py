"""Rate limits and token quotas, off unless a setting or the definition turns them on."""

import math
from dataclasses import dataclass, field

from local.tenant._clients import Client
from local.tenant._clock import Clock
from local.tenant._errors import Refusal
from local.tenant.definition import Quota

HOUR, DAY, MINUTE = 3600, 86400, 60


@dataclass(slots=True)
class _Window:
    """A count that starts anew when its time is over."""

    seconds: int
    limit: int
    used: int = 0
    ends_at: float = 0.0

    def look(self, now: float) -> None:
        if now >= self.ends_at:
            self.used, self.ends_at = 0, now + self.seconds

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)


class RateLimit:
    """A limit of an API for the whole tenant.

    Args:
        requests: How many it answers in a window; None means any number.
        seconds: How long a window is.
        clock: Tells the time.
    """

    def __init__(self, requests: int | None, seconds: int, clock: Clock) -> None:
        self._window = _Window(seconds, requests) if requests is not None else None
        self._clock = clock

    def take(self) -> dict[str, str]:
        """Counts a request and returns the headers for its response.

        Raises:
            Refusal: `too_many_requests` with `Retry-After`.
        """
        if self._window is None:
            return {}
        now = self._clock()
        self._window.look(now)
        exceeded = self._window.remaining == 0
        self._window.used += 0 if exceeded else 1
        headers = {
            "x-ratelimit-limit": str(self._window.limit),
            "x-ratelimit-remaining": str(self._window.remaining),
            "x-ratelimit-reset": str(math.ceil(self._window.ends_at)),
        }
        if exceeded:
            headers["retry-after"] = str(max(1, math.ceil(self._window.ends_at - now)))
            raise Refusal(429, "too_many_requests", "Rate limit exceeded.", headers=headers)
        return headers


@dataclass
class Quotas:
    """Client credentials quotas by client; counts are kept in memory and start anew with the process.

    Args:
        tokens_per_hour: For clients without a quota of their own.
        clock: Tells the time.
    """

    tokens_per_hour: int | None
    clock: Clock
    _windows: dict[str, dict[str, _Window]] = field(default_factory=dict)

    def take(self, client: Client) -> dict[str, str]:
        """Counts a token and returns the header for the response.

        Raises:
            Refusal: `too_many_requests` with `Retry-After`, if the quota is enforced.
        """
        own = client.definition.token_quota
        quota = own.client_credentials if own is not None else Quota(per_hour=self.tokens_per_hour)
        limits = {"per_hour": (HOUR, quota.per_hour), "per_day": (DAY, quota.per_day)}
        windows = self._windows.setdefault(
            client.client_id,
            {name: _Window(seconds, limit) for name, (seconds, limit) in limits.items() if limit is not None},
        )
        if not windows:
            return {}
        now = self.clock()
        for window in windows.values():
            window.look(now)
        exceeded = [window for window in windows.values() if window.remaining == 0]
        if not exceeded:
            for window in windows.values():
                window.used += 1
        state = ",".join(
            f"b={name};q={window.limit};r={window.remaining};t={math.ceil(window.ends_at - now)}"
            for name, window in windows.items()
        )
        headers = {"Auth0-Client-Quota-Limit": state}
        if exceeded and quota.enforce:
            wait = max(math.ceil(window.ends_at - now) for window in exceeded)
            headers["Retry-After"] = str(max(1, wait))
            raise Refusal(429, "too_many_requests", "Client quota exceeded", headers=headers)
        return headers

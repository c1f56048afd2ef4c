"""How much a caller may ask for."""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from shared.errors import TooManyRequests

MAX_BUCKETS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request, one user and one client may take.

    Attributes:
        body_bytes: The longest request body.
        json_depth: How deep its JSON may be.
        message_characters: The longest text of a message, all parts together.
        message_parts: How many parts it may have.
        metadata_depth: How deep its metadata may be.
        besides_text_bytes: What a message may hold besides its text: metadata, ids, names.
        task_bytes: How much the messages of a task may be, the agent's among them, before it takes no more: all of them
            are kept with it, and read with it.
        user_requests_per_minute: For each user, over all clients.
        client_requests_per_minute: For each calling client, over all users.
        open_tasks: Unfinished tasks of one user.
        open_requests: Requests of one user that are being answered at once, streams among them, by this process.
        header_bytes: All headers of a request together.
        token_bytes: One token; AgentCore passes no header longer than 4 KB.
        working_seconds: How long an agent may work on one message before it is stopped.
        waiting_seconds: How long a task may wait for input or authorization before it is closed.
    """

    body_bytes: int = 256 * 1024
    json_depth: int = 32
    message_characters: int = 8000
    message_parts: int = 16
    metadata_depth: int = 8
    besides_text_bytes: int = 8 * 1024
    task_bytes: int = 64 * 1024
    user_requests_per_minute: int = 600
    client_requests_per_minute: int = 12_000
    open_tasks: int = 20
    open_requests: int = 100
    header_bytes: int = 32 * 1024
    token_bytes: int = 4096
    working_seconds: float = 600.0
    waiting_seconds: float = 3600.0


class RateLimit:
    """A token bucket for each key: `per_minute` on average, a tenth of that at once.

    Of several replicas each allows its part, so that all together allow no more than one would; and one request at
    once in any case.

    Memory is bounded: beyond `MAX_BUCKETS` keys the one that was quiet for longest is forgotten, and so full again.

    Args:
        per_minute: Requests per minute, of all replicas.
        replicas: How many replicas there are now.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        per_minute: int,
        *,
        replicas: Callable[[], int] = lambda: 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_minute = per_minute
        self._replicas = replicas
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> None:
        """Takes one request from the key's bucket.

        Raises:
            TooManyRequests: if it is empty; `retry_after` is when the next will be there.
        """
        level, now = self._level(key)
        self._buckets[key] = (level - 1, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)

    def require(self, key: str) -> None:
        """Sees that there is a request in the key's bucket, and takes none.

        Raises:
            TooManyRequests: as `take`.
        """
        self._level(key)

    def _level(self, key: str) -> tuple[float, float]:
        """How full the bucket is, and when that was."""
        now, part = self._clock(), self._per_minute / self._replicas()
        per_second, burst = part / 60, max(1.0, part / 10)
        level, at = self._buckets.get(key, (burst, now))
        level = min(burst, level + (now - at) * per_second)
        if level < 1:
            raise TooManyRequests(retry_after=(1 - level) / per_second, detail="rate limit")
        return level, now


class OpenRequests:
    """How many requests of each key are being answered: each holds a connection, for hours where it is a stream.

    Args:
        most: How many there may be of one key.
        words: What is said where there are as many.
    """

    def __init__(self, most: int, *, words: str) -> None:
        self._most = most
        self._words = words
        self._open: Counter[str] = Counter()

    def take(self, key: str) -> None:
        """Counts one more, until it is given back.

        Raises:
            TooManyRequests: if there are as many as may be.
        """
        if self._open[key] >= self._most:
            raise TooManyRequests(self._words, detail="open requests")
        self._open[key] += 1

    def give_back(self, key: str) -> None:
        """It was answered, or nobody waits for the answer any more."""
        self._open[key] -= 1
        if not self._open[key]:
            del self._open[key]

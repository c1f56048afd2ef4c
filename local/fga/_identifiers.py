"""ULIDs: identifiers that sort by when they were made (github.com/ulid/spec)."""

import os
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Ulids:
    """Makes identifiers, each after the ones before it, also within a millisecond."""

    def __init__(self) -> None:
        self._last = 0

    def make(self) -> str:
        """A new one."""
        now = time.time_ns() // 1_000_000
        fresh = now << 80 | int.from_bytes(os.urandom(10), "big")
        self._last = fresh if fresh >> 80 > self._last >> 80 else self._last + 1
        return encode(self._last)


def encode(value: int) -> str:
    """128 bits as text."""
    return "".join(_ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))


def first_of(milliseconds: int) -> str:
    """What comes before all that are made at a moment or later."""
    return encode(milliseconds << 80)

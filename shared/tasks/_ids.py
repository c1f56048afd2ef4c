"""The ids of tasks."""

import secrets
import time
import uuid
from typing import Final

_VERSION: Final = 7 << 76
_VARIANT: Final = 0b10 << 62
_RANDOM_A: Final = 0xFFF << 64
_RANDOM_B: Final = (1 << 62) - 1


def new_task_id() -> str:
    """An id that nobody can guess and that sorts by when it was made, to the millisecond (UUID version 7, RFC 9562).

    Every index that tasks are found by, in their store and in the audit trail, so grows at its end: ids in no order
    change a page of it each, all of which go to the disk.
    """
    random = secrets.randbits(76)
    fields = time.time_ns() // 1_000_000 << 80 | _VERSION | random & _RANDOM_A | _VARIANT | random & _RANDOM_B
    return str(uuid.UUID(int=fields))

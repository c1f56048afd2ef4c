"""What people, agents and things are called in the relationship store.

There is one function for each, used by whoever writes relationships and by whoever asks about them.
OpenFGA's ids hold no whitespace, no `:` and no `#`, and an object's whole name at most 256 characters. What may hold
more is percent-encoded, so that different things never get the same name; what would be too long is a digest.
"""

import hashlib
from typing import Final
from urllib.parse import quote

from shared.identity import Principal

_LONGEST: Final = 220
_SAFE: Final = "|@+,="
"""Signs that stand for themselves besides letters, digits and `_.-~`."""


def user_name(issuer: str, subject: str) -> str:
    """A person: `user:` with the issuer and the subject, which only together say who it is."""
    return f"user:{_short(f'{quote(issuer, safe=_SAFE)}/{quote(subject, safe=_SAFE)}')}"


def user_of(principal: Principal) -> str:
    """The person that a verified principal is."""
    return user_name(principal.issuer, principal.subject)


def object_name(kind: str, identifier: str) -> str:
    """A thing: its type, and its identifier where it lives (an account's in the directory, a group's, a name)."""
    return f"{kind}:{_short(quote(identifier, safe=_SAFE))}"


def _short(name: str) -> str:
    """The name, or where it is too long a digest; no name of ours begins like one."""
    if len(name) <= _LONGEST and not name.startswith("sha256="):
        return name
    return f"sha256={hashlib.sha256(name.encode()).hexdigest()}"

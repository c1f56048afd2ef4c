"""What looks like a credential is replaced, wherever something is written for people or machines to read.

It works on values, not on names alone, so that a token in an exception's text does not get through either.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

REDACTED: Final = "[redacted]"
_CREDENTIAL = re.compile(
    r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.?[A-Za-z0-9_-]*"  # JWS or JWE, compact
    r"|(?i:\b(?:bearer|dpop|basic|ssws)\s+[A-Za-z0-9._~+/=-]{8,})"  # an Authorization value
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
)
_JSON: Final = "eyJ"
_HINTS: Final = ("bearer", "dpop", "basic", "ssws", "-----begin")
"""Without the first, and without a space and any of the others, the expression above finds nothing. Looking for them
takes a tenth of the time, and ids and codes, which are most of what is looked through, have no space."""
_SHORTEST: Final = len("dpop ") + 8
"""Nothing shorter looks like a credential."""

_LONGEST_KNOWN: Final = 64
"""How long a name may be whose answer is kept: most are ours, and come with each log event."""

_SECRET_NAMES = re.compile(
    r"(?i)(authorization|secret|password|assertion|cookie|private_key|_token$|^token$|refresh_token|access_token)"
)


def holds_credential(text: str) -> bool:
    """Whether anything in a text looks like a credential."""
    if len(text) < _SHORTEST:
        return False
    if _JSON in text:
        return _CREDENTIAL.search(text) is not None
    if len(text.split(None, 1)) == 1:
        return False
    lowered = text.lower()
    for hint in _HINTS:  # not `any`: what it is given to go through costs more than the search
        if hint in lowered:
            return _CREDENTIAL.search(text) is not None
    return False


def _names_secret(name: str) -> bool:
    return _known_to_name_secret(name) if len(name) <= _LONGEST_KNOWN else _SECRET_NAMES.search(name) is not None


@lru_cache(maxsize=1024)
def _known_to_name_secret(name: str) -> bool:
    return _SECRET_NAMES.search(name) is not None


def redact(value: object) -> object:
    """Returns `value` with everything that looks like a credential replaced, at any depth."""
    if isinstance(value, str):
        return _CREDENTIAL.sub(REDACTED, value) if holds_credential(value) else value
    if isinstance(value, bytes):
        return redact(value.decode("utf-8", "replace"))
    if isinstance(value, Mapping):
        return {
            key: REDACTED if isinstance(key, str) and item and _names_secret(key) else redact(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(str(value))

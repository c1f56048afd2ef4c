"""Identifiers and times in Okta's forms."""

import hashlib
import secrets
import string
from datetime import UTC, datetime

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_LENGTH = 20


def _base62(number: int, length: int) -> str:
    characters = []
    for _ in range(length):
        number, remainder = divmod(number, len(_ALPHABET))
        characters.append(_ALPHABET[remainder])
    return "".join(characters)


def identifier(prefix: str, *parts: str) -> str:
    """A 20-character identifier, the same for the same parts on every machine."""
    digest = hashlib.sha256("\x1f".join((prefix, *parts)).encode()).digest()
    return prefix + _base62(int.from_bytes(digest, "big"), _LENGTH - len(prefix))


def random_identifier(prefix: str, length: int = _LENGTH) -> str:
    """An identifier that nobody can guess."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(length - len(prefix)))


def auth0_subject(login: str) -> str:
    """The `sub` that the tenant gives to this person (the rule that tenant and directory share)."""
    return "auth0|" + hashlib.sha256(f"helpdesk:{login}".encode()).hexdigest()[:24]


def timestamp(moment: datetime) -> str:
    """`2026-11-23T22:37:00.000Z`: sorts as text in the order of time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def parse_timestamp(text: str) -> datetime:
    """Reads an RFC 3339 date and time; one without an offset is taken as UTC.

    Raises:
        ValueError: when it is none.
    """
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment

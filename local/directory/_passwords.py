"""Passwords: how they are kept, and what a policy asks of a new one."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from typing import Any

# What stands in place of a hash where a password exists that was not imported: nothing matches it.
UNUSABLE = "!"

_COST, _BLOCK, _PARALLEL = 2**14, 8, 1
_LONGEST = 72  # Okta's limit
_COMMON = frozenset(
    {
        *("password", "passw0rd", "welcome", "qwerty", "letmein", "iloveyou", "monkey", "dragon", "sunshine"),
        *("princess", "football", "baseball", "master", "shadow", "superman", "trustno1", "changeme"),
        *("administrator", "helpdesk", "summer", "winter", "spring", "autumn"),
    }
)


def hash_password(password: str) -> str:
    """`scrypt$salt$hash`, with a salt of its own."""
    salt = secrets.token_bytes(16)
    return f"scrypt${_encoded(salt)}${_encoded(_scrypt(password, salt))}"


def verify_password(password: str, stored: str) -> bool:
    """Whether the password is the one that was hashed."""
    if not stored.startswith("scrypt$"):
        return False
    _, salt, digest = stored.split("$")
    return hmac.compare_digest(_scrypt(password, base64.b64decode(salt)), base64.b64decode(digest))


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=_COST, r=_BLOCK, p=_PARALLEL, maxmem=64 * 2**20)


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()


def complaints(password: str, policy: dict[str, Any], login: str, previous: Iterable[str]) -> list[str]:
    """What is wrong with a new password, in sentences; empty when nothing is.

    Args:
        password: The new password.
        policy: The Okta password policy object that applies.
        login: The person's login, parts of which the password must not contain.
        previous: Hashes of the passwords that must not be used again.
    """
    settings = policy["settings"]["password"]
    complexity = settings["complexity"]
    wanted = (
        (len(password) >= complexity["minLength"], f"It needs at least {complexity['minLength']} characters."),
        (len(password.encode()) <= _LONGEST, f"It may have at most {_LONGEST} bytes."),
        (_count(r"[a-z]", password) >= complexity["minLowerCase"], "It needs a lower-case letter."),
        (_count(r"[A-Z]", password) >= complexity["minUpperCase"], "It needs an upper-case letter."),
        (_count(r"\d", password) >= complexity["minNumber"], "It needs a digit."),
        (_count(r"[^A-Za-z0-9]", password) >= complexity["minSymbol"], "It needs a symbol."),
        (not (complexity["excludeUsername"] and _contains_login(password, login)), "It contains a part of your login."),
        (not (complexity["dictionary"]["common"]["exclude"] and _is_common(password)), "It is a common password."),
    )
    found = [sentence for fine, sentence in wanted if not fine]
    if not found and any(verify_password(password, stored) for stored in previous):
        found.append(f"It is one of your last {settings['age']['historyCount']} passwords.")
    return found


def _count(pattern: str, text: str) -> int:
    return len(re.findall(pattern, text))


def _contains_login(password: str, login: str) -> bool:
    """Okta looks at the parts of the login that have four characters or more, its last domain label aside."""
    parts = re.split(r"[,._#@-]", login.rpartition(".")[0] if "@" in login else login)
    return any(len(part) >= 4 and part.casefold() in password.casefold() for part in parts)  # noqa: PLR2004


def _is_common(password: str) -> bool:
    """Whether nothing but digits and symbols was added to a word that everybody tries first."""
    return re.sub(r"[^a-z]", "", password.casefold()) in _COMMON or password.casefold() in _COMMON

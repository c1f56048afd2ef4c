"""Identifiers and secrets that nobody can guess, in the shapes that Auth0 and Okta give them."""

import hashlib
import secrets
import string

ALPHANUMERIC = string.ascii_letters + string.digits
USER_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # Auth0's "base20": no vowels, so no words
PASSWORD_CHARACTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # nothing that looks like another


def identifier(length: int, alphabet: str = ALPHANUMERIC) -> str:
    """A random text of `length` characters."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


def client_id() -> str:
    """As Auth0 makes them: 32 alphanumeric characters."""
    return identifier(32)


def client_secret() -> str:
    """As Auth0 makes them: 64 characters."""
    return secrets.token_urlsafe(48)


def opaque_token() -> str:
    """An access token that only the tenant can read, a code, or a session."""
    return secrets.token_urlsafe(32)


def refresh_token() -> str:
    """As Auth0 makes them: `v1.` and an opaque text that starts with M."""
    return f"v1.M{secrets.token_urlsafe(40)}"


def user_code() -> str:
    """What a person types at /activate: `QTZL-MCBW`."""
    return f"{identifier(4, USER_CODE_LETTERS)}-{identifier(4, USER_CODE_LETTERS)}"


def password() -> str:
    """A password that can be typed: `kT7w-x4Rm-Qz9e-Hb2s`, 92 bits."""
    return "-".join(identifier(4, PASSWORD_CHARACTERS) for _ in range(4))


def digest(secret: str) -> str:
    """What is kept of a random secret, so that the database alone gives nobody access."""
    return hashlib.sha256(secret.encode()).hexdigest()

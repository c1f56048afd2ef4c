"""Recovery: one-time links, and the mails that carry them, which go to an outbox instead of a mail server."""

import hashlib
import json
import sqlite3
from dataclasses import dataclass
from datetime import timedelta

from local.directory._database import Database
from local.directory._identifiers import parse_timestamp, random_identifier, timestamp
from local.directory._resources import policy_of
from local.directory._state import Directory

_TOKEN_LENGTH = 32
_ACTIVATION_LIFETIME = timedelta(days=7)
PURPOSES = {"reset_password": "RECOVERY", "activate": "PROVISIONED"}  # and the status in which such a link works


@dataclass(frozen=True, slots=True)
class Recovery:
    """A one-time link that was made for a user."""

    url: str
    expires_at: str


def create_recovery(directory: Directory, user: sqlite3.Row, purpose: str, base_url: str) -> Recovery:
    """Makes a link that lets the user choose a password, once; links made before stop working.

    Only a digest of the token is kept here; the outbox stands for the person's mailbox and has the link whole.
    """
    lifetime = _ACTIVATION_LIFETIME
    if purpose == "reset_password":
        email = policy_of(directory.database, user["id"])["settings"]["recovery"]["factors"]["okta_email"]
        lifetime = timedelta(minutes=email["properties"]["recoveryToken"]["tokenLifetimeMinutes"])
    token = random_identifier("", _TOKEN_LENGTH)
    expires_at = timestamp(directory.now() + lifetime)
    directory.database.execute(
        "UPDATE recovery_tokens SET used_at = ? WHERE user_id = ? AND used_at IS NULL",
        (directory.timestamp(), user["id"]),
    )
    directory.database.insert(
        "recovery_tokens",
        {"digest": _digest(token), "user_id": user["id"], "purpose": purpose, "expires_at": expires_at},
    )
    base = (directory.config.public_url or base_url).rstrip("/")
    return Recovery(f"{base}/{purpose}/{token}", expires_at)


def send_recovery_mail(directory: Directory, user: sqlite3.Row, recovery: Recovery, subject: str) -> str:
    """Writes the mail to the outbox; returns the address: the registered recovery address, or else the primary one."""
    profile = json.loads(user["profile"])
    recipient: str = profile.get("secondEmail") or profile["email"]
    directory.database.insert(
        "outbox",
        {
            "created": directory.timestamp(),
            "user_id": user["id"],
            "recipient": recipient,
            "subject": subject,
            "body": (
                f"Hello {profile['firstName']},\n\n"
                f"open this link to choose a password for {user['login']}. It works once, "
                f"until {recovery.expires_at}.\n\nIf you did not ask for it, tell the help desk."
            ),
            "link": recovery.url,
        },
    )
    return recipient


def open_recovery(directory: Directory, token: str) -> sqlite3.Row | None:
    """The user whom an unused, unexpired link was made for, and whose account still waits for it."""
    row = directory.database.one("SELECT * FROM recovery_tokens WHERE digest = ?", (_digest(token),))
    if row is None or row["used_at"] is not None or parse_timestamp(row["expires_at"]) <= directory.now():
        return None
    return directory.database.one(
        "SELECT * FROM users WHERE id = ? AND status = ?", (row["user_id"], PURPOSES[row["purpose"]])
    )


def use_recovery(database: Database, token: str, now: str) -> bool:
    """Spends a link; False when it was spent meanwhile."""
    return bool(
        database.execute(
            "UPDATE recovery_tokens SET used_at = ? WHERE digest = ? AND used_at IS NULL", (now, _digest(token))
        )
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

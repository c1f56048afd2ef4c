"""The exact action that a person approves, as a value: what is hashed, shown, asked for and done is the same."""

import hashlib
import secrets
import unicodedata
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import rfc8785

DETAILS_TYPE: Final = "urn:auth0:schemas:authorization-details:v1:helpdesk-action"
BINDING_CHARACTERS: Final = 64
VALUE_CHARACTERS: Final = 255
CODE_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without those that are taken for another when somebody reads them out."""

CODE_LENGTH: Final = 4
_BINDING: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 +-_.,:#")  # Auth0's rule


@dataclass(frozen=True, slots=True)
class Action:
    """One risky act, exactly.

    Attributes:
        operation: Which act.
        account: On which account, by its id in the directory.
        parameters: What else decides what it does.
        issuer: Who asks for it: `iss` …
        subject: … and `sub`.
        actors: Through whom: `act`, from the outermost.
        task_id: In which task.
        nonce: Tells it from every other; the id of its row in the ledger.
    """

    operation: str
    account: str
    issuer: str
    subject: str
    actors: tuple[str, ...]
    task_id: str
    nonce: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    def canonical(self) -> bytes:
        """Its canonical JSON (RFC 8785)."""
        return rfc8785.dumps(
            {
                "account": self.account,
                "actors": list(self.actors),
                "issuer": self.issuer,
                "nonce": self.nonce,
                "operation": self.operation,
                "parameters": dict(self.parameters),
                "subject": self.subject,
                "task": self.task_id,
            }
        )

    @property
    def digest(self) -> str:
        """SHA-256 over `canonical`, in base64url."""
        return urlsafe_b64encode(hashlib.sha256(self.canonical()).digest()).rstrip(b"=").decode("ascii")


@dataclass(frozen=True, slots=True)
class Shown:
    """What the person is shown of an action; all of it is written by code, from what the directory says.

    Attributes:
        operation: The act in words: "Reset the password".
        account: Whose account: a login.
        requested_by: Who asks for it.
        through: The agents that it came through.
        parameters: What else decides what it does, by a title.
    """

    operation: str
    account: str
    requested_by: str
    through: Sequence[str]
    parameters: Mapping[str, str] = field(default_factory=dict)


def new_nonce() -> str:
    """128 random bits."""
    return secrets.token_urlsafe(16)


def new_code() -> str:
    """A short code that the person compares: it stands on their device, and where the action was asked for."""
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))


def binding_message(shown: Shown, code: str) -> str:
    """What CIBA's `binding_message` says: what, for whom, and the code; at most 64 characters, which Auth0 all takes.

    The login is what is cut where there is too little room: the act and the code are always there.
    """
    operation, end = _bindable(shown.operation), f", code {code}"
    start = f"{operation} of "
    account = _bindable(shown.account)[: max(1, BINDING_CHARACTERS - len(start) - len(end))]
    return f"{start[: BINDING_CHARACTERS - len(account) - len(end)]}{account}{end}"


def authorization_details(action: Action, shown: Shown, code: str) -> list[dict[str, Any]]:
    """The action as RFC 9396 details, in the form that Auth0 Guardian shows: one object, its properties in order."""
    rows = {
        "operation": ("Action", shown.operation),
        "account": ("Account", shown.account),
        **{f"parameter_{number}": pair for number, pair in enumerate(shown.parameters.items())},
        "requested_by": ("Asked for by", shown.requested_by),
        "through": ("Through", ", ".join(shown.through)),
        "code": ("Code", code),
    }
    properties: dict[str, Any] = {
        key: {"display": True, "name": name, "display_order": place, "value": _value(value)}
        for place, (key, (name, value)) in enumerate(rows.items(), start=1)
    }
    properties["hash"] = {"display": False, "name": "Hash", "display_order": len(rows) + 1, "value": action.digest}
    instruction = f"Approve only if you want this, and the code is {code} where it was asked for. Tell nobody the code."
    return [{"type": DETAILS_TYPE, "instruction": _value(instruction), "properties": properties}]


def _bindable(text: str) -> str:
    """Text in the characters of a binding message; what has no likeness there is an underscore."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(
        letter if letter in _BINDING else "_" for letter in plain if not unicodedata.combining(letter)
    ).strip()


def _value(text: str) -> str:
    """One line that can be shown: no control, bidirectional or invisible characters."""
    shown = "".join(letter if letter.isprintable() else " " for letter in unicodedata.normalize("NFC", text))
    line = " ".join(shown.split())
    return line if len(line) <= VALUE_CHARACTERS else f"{line[: VALUE_CHARACTERS - 1]}…"

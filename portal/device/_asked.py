"""What a person is asked to approve, read from what the tenant says of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from shared.errors import OAuthError

_CODE = re.compile(r"\bcode[: ]+([A-Za-z0-9]{4,12})$", re.IGNORECASE)
_HIDDEN = "·" * 4


@dataclass(frozen=True, slots=True)
class Push:
    """What a device is sent when something is asked: a token to look and answer with, and what its answer is about."""

    consent_id: str
    token: str
    challenge: str

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Self:
        """Reads one, in the names of Guardian's pushes."""
        return cls(str(document["txlinkid"]), str(document["txtkn"]), str(document["challenge"]))


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that waits for the person's answer.

    Attributes:
        push: What the answer goes with.
        binding_message: What both sides show.
        audience: Whose API would be acted at.
        scope: What would be permitted there.
        instructions: What is asked, in sentences.
        properties: What exactly is asked, as names and values, in the order in which they are to be shown.
        created_at: Since when it waits, in seconds since the epoch.
        expires_at: Until when.
    """

    push: Push
    binding_message: str
    audience: str
    scope: tuple[str, ...]
    instructions: tuple[str, ...]
    properties: tuple[tuple[str, str], ...]
    created_at: float
    expires_at: float

    @property
    def consent_id(self) -> str:
        """What the tenant knows the request by."""
        return self.push.consent_id

    @property
    def code(self) -> str | None:
        """The code that the asking side shows, if the binding message carries one."""
        found = _CODE.search(self.binding_message)
        return found[1] if found is not None else None

    def has_code(self, typed: str) -> bool:
        """Whether somebody typed its code: in capitals or not, and with spaces around it or within."""
        return self.code is not None and "".join(typed.split()).upper() == self.code.upper()

    def without_code(self, text: str) -> str:
        """A text of it in which its code cannot be read."""
        return text if self.code is None else re.sub(re.escape(self.code), _HIDDEN, text, flags=re.IGNORECASE)


def process_consent(push: Push, document: Mapping[str, Any]) -> Asked:
    """Reads a consent record.

    It does not check what the details say: whoever acts upon the approval does. It checks that there is something to
    show, since nobody can agree to what they were not shown.

    Raises:
        OAuthError: it is the record of another request, or it is not whole.
    """
    try:
        requested = document["requested_details"]
        details = [one for one in requested.get("authorization_details", ()) if isinstance(one, Mapping)]
        asked = Asked(
            push=push,
            binding_message=_text(requested["binding_message"]),
            audience=_text(requested.get("audience") or ""),
            scope=tuple(_text(one) for one in requested.get("scope", ())),
            instructions=tuple(_text(one["instruction"]) for one in details if one.get("instruction")),
            properties=tuple(row for one in details for row in _properties(one)),
            created_at=_seconds(document["created_at"]),
            expires_at=_seconds(document["expires_at"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise OAuthError("invalid_response", "what is asked cannot be read, so that nobody can agree to it") from error
    if document.get("id") != push.consent_id or not asked.binding_message:
        raise OAuthError("invalid_response", "the tenant tells of another request than it sent")
    return asked


def _properties(details: Mapping[str, Any]) -> list[tuple[str, str]]:
    properties = details.get("properties")
    if not isinstance(properties, Mapping):
        return []
    shown = []
    for key, one in properties.items():
        if isinstance(one, Mapping) and one.get("display", True):
            order = one.get("display_order")
            number = order if isinstance(order, int) else len(properties)
            shown.append((number, _text(one.get("name", key)), _text(one.get("value"))))
    return [(name, value) for _, name, value in sorted(shown)]


def _text(value: Any) -> str:
    """A value on one line: what it says cannot look like a line of ours."""
    return " ".join(str(value).split())


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()

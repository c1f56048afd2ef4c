"""The token that comes back, verified against the very action that was asked for."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import rfc8785

from shared.approval._ledger import Entry
from shared.errors import InvalidToken
from shared.identity import RawToken, TokenVerifier

APPROVE_SCOPE: Final = "action:approve"
FRESH_SECONDS: Final = 120.0
CLOCK_SECONDS: Final = 10.0
"""How far the issuer's clock may be off."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was verified: by whom, with which token (its `jti`), issued when."""

    approver: str
    token_id: str
    issued_at: int


async def verify_approval(
    token: RawToken, entry: Entry, *, verifier: TokenVerifier, client_id: str, now: float
) -> Evidence:
    """Checks that a token is the approval of this action by the person who was asked.

    Checked: all that `TokenVerifier` checks (signature, issuer, audience, times, form); `sub` is who was asked; it was
    issued to the client that asked, and with the scope of approvals; nobody acts for the approver; the
    `authorization_details` are the ones that were sent, the action's hash in them; it was issued after the person was
    asked, and just now.

    Not checked here: that it was not used before. The ledger takes no `jti` twice.

    Raises:
        InvalidToken: `reason` says which check failed.
        UpstreamUnavailable: the issuer's keys cannot be had.
    """
    principal, details = await verifier.verify_details(token)
    if principal.subject != entry.approver:
        raise InvalidToken(code="approval_by_another", detail="sub is not who was asked")
    if principal.client_id != client_id or principal.actors:
        raise InvalidToken(code="approval_of_another_client", detail="it was not issued to the client that asked")
    if APPROVE_SCOPE not in principal.scopes:
        raise InvalidToken(code="approval_scope_missing", detail=f"it lacks {APPROVE_SCOPE}")
    if not is_same(details, json.loads(entry.details)):
        raise InvalidToken(
            code="approval_of_another_action", detail="authorization_details are not those that were sent"
        )
    if principal.issued_at + CLOCK_SECONDS < entry.asked_at or now - principal.issued_at > FRESH_SECONDS:
        raise InvalidToken(code="approval_not_fresh", detail="it was not issued between the question and now")
    return Evidence(principal.subject, principal.token_id, principal.issued_at)


def is_same(details: Sequence[Mapping[str, Any]], sent: Sequence[Mapping[str, Any]]) -> bool:
    """Whether two `authorization_details` are the same, by their canonical JSON."""
    try:
        return rfc8785.dumps(list(map(dict, details))) == rfc8785.dumps(list(map(dict, sent)))
    except rfc8785.CanonicalizationError:
        return False

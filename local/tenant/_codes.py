"""Authorization codes (RFC 6749 §4.1.2), with the proof key that binds them (RFC 7636)."""

import base64
import hashlib
import hmac
import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from local import _random
from local.tenant._clock import Clock
from local.tenant._database import Database

CODE_LIFETIME = 600
CODE_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
CODE_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True, slots=True)
class CodeGrant:
    """What a code stands for."""

    client_id: str
    redirect_uri: str
    user_id: str
    scope: tuple[str, ...]
    audience: str | None
    nonce: str | None
    code_challenge: str | None
    sid: str
    authenticated_at: float
    with_auth_time: bool


@dataclass(frozen=True, slots=True)
class RedeemedCode:
    """A code that was known. `family` names the refresh tokens that came of an earlier use of it."""

    grant: CodeGrant
    used: bool
    family: str | None


class Codes:
    """Codes by value. A used one is remembered until it would have expired, so that a second use is seen."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def issue(self, grant: CodeGrant) -> str:
        """Makes a code."""
        code = _random.opaque_token()
        self._database.execute(
            "insert into codes (digest, client_id, data, expires_at) values (?, ?, ?, ?)",
            *(_random.digest(code), grant.client_id, json.dumps(asdict(grant)), self._clock() + CODE_LIFETIME),
        )
        return code

    def find(self, code: str, client_id: str) -> RedeemedCode | None:
        """What an unexpired code of this client stands for."""
        row = self._database.row(
            "select data, family from codes where digest = ? and client_id = ? and expires_at > ?",
            *(_random.digest(code), client_id, self._clock()),
        )
        if row is None:
            return None
        data: dict[str, Any] = json.loads(row["data"])
        family: str | None = row["family"]
        grant = CodeGrant(**data | {"scope": tuple(data["scope"])})
        return RedeemedCode(grant, used=family is not None, family=family or None)

    def use(self, code: str, family: str | None) -> None:
        """Marks a code as used, with the family of refresh tokens that came of it."""
        self._database.execute("update codes set family = ? where digest = ?", family or "", _random.digest(code))


def code_challenge_of(code_verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636 §4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).rstrip(b"=").decode()


def code_verifier_matches(code_verifier: str, code_challenge: str) -> bool:
    """Whether a verifier is well formed and is the one of the challenge (RFC 7636 §4.6)."""
    if CODE_VERIFIER.fullmatch(code_verifier) is None:
        return False
    return hmac.compare_digest(code_challenge_of(code_verifier), code_challenge)

"""Tenant log events (Auth0's own log type codes), kept so that tests and people can see what the tenant did.

No event holds a secret, a token or a code; an access token is named by its `jti`.
"""

import json
from collections.abc import Mapping
from typing import Any

from local import _random
from local.tenant._clock import Clock, iso
from local.tenant._database import Database

DESCRIPTIONS = {
    "api_limit": "Rate limit on the Authentication API",
    "f": "Failed login",
    "fp": "Failed login (incorrect password)",
    "fu": "Failed login (invalid email/username)",
    "s": "Success login",
    "ssa": "Success silent auth",
    "fsa": "Failed silent auth",
    "slo": "Success logout",
    "flo": "Failed logout",
    "sslo": "Success: OIDC back-channel logout request",
    "fslo": "Failed OIDC back-channel logout request",
    "seacft": "Success exchange: authorization code for access token",
    "feacft": "Failed exchange: authorization code for access token",
    "seccft": "Success exchange: access token for a client credentials grant",
    "feccft": "Failed exchange: access token for a client credentials grant",
    "sertft": "Success exchange: refresh token for access token",
    "fertft": "Failed exchange: refresh token for access token",
    "ferrt": "Failed exchange: rotating refresh token, reuse detected",
    "srrt": "Success: refresh token revoked",
    "sede": "Success exchange: device code for access token",
    "fede": "Failed exchange: device code for access token",
    "fdeaz": "Failed device authorization request",
    "fdeac": "Failed device activation",
    "fdecc": "User cancelled the device confirmation",
    "success_on_behalf_of_token_exchange": "Success exchange: on-behalf-of token exchange",
    "failed_on_behalf_of_token_exchange": "Failed exchange: on-behalf-of token exchange",
    "ciba_start_succeeded": "Success: backchannel authentication request",
    "ciba_start_failed": "Failed backchannel authentication request",
    "ciba_exchange_succeeded": "Success exchange: backchannel authentication request for access token",
    "ciba_exchange_failed": "Failed exchange: backchannel authentication request for access token",
    "gd_auth_succeed": "Success: second factor approved",
    "gd_auth_rejected": "Second factor rejected",
    "gd_enrollment_complete": "Success: device enrolled",
    "success_token_vault_exchange": "Success exchange: token vault access token",
    "failed_token_vault_exchange": "Failed exchange: token vault access token",
    "connected_accounts_connection_succeeded": "Success: account connected",
    "connected_accounts_connection_failed": "Failed: account not connected",
    "connected_accounts_delete_succeeded": "Success: connected account deleted",
    "resource_cleanup": "Refresh tokens over the limit were removed",
    "sapi": "Success API operation",
}
MAX_EVENTS = 20_000


class LogEvents:
    """The tenant's log."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def write(
        self,
        kind: str,
        *,
        client_id: str | None = None,
        client_name: str | None = None,
        user_id: str | None = None,
        description: str = "",
        details: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> None:
        """Adds an event. `kind` is one of Auth0's log type codes."""
        now = self._clock()
        event = {"date": iso(now), "type": kind, "description": description or DESCRIPTIONS[kind]}
        named = {"client_id": client_id, "client_name": client_name, "user_id": user_id, "details": details, **fields}
        event |= {name: value for name, value in named.items() if value is not None}
        with self._database.transaction():
            log_id = _random.identifier(56, "0123456789abcdef")
            self._database.execute(
                "insert into log_events (log_id, date, type, client_id, user_id, data) values (?, ?, ?, ?, ?, ?)",
                *(log_id, now, kind, client_id, user_id, json.dumps(event)),
            )
            self._database.execute(
                "delete from log_events where sequence <= (select max(sequence) from log_events) - ?", MAX_EVENTS
            )

    def read(
        self, *, kind: str | None = None, client_id: str | None = None, user_id: str | None = None, limit: int = 100
    ) -> list[dict[str, Any]]:
        """The newest events first."""
        conditions = {"type": kind, "client_id": client_id, "user_id": user_id}
        used = {name: value for name, value in conditions.items() if value is not None}
        where = " and ".join(f"{name} = ?" for name in used) or "1"
        rows = self._database.rows(
            f"select log_id, data from log_events where {where} order by sequence desc limit ?",  # noqa: S608 -- fixed names
            *used.values(),
            limit,
        )
        return [{"log_id": row["log_id"], "_id": row["log_id"], **json.loads(row["data"])} for row in rows]

    def count(self, kind: str) -> int:
        """How many events of this kind there are."""
        row = self._database.row("select count(*) as total from log_events where type = ?", kind)
        return int(row["total"]) if row is not None else 0

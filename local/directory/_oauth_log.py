"""What the system log says of access that was granted, used and taken back."""

import json

from starlette.requests import Request

from local.directory._log import append, application_entity, user_entity
from local.directory._state import Directory, client_address
from local.directory.oauth import OAuthClient

_MESSAGES = {
    "app.oauth2.as.consent.grant": "User grants consent to app",
    "app.oauth2.token.grant.access_token": "OAuth2 access token is granted",
    "app.oauth2.token.revoke": "OAuth2 token revocation request",
}


def log_grant(
    request: Request, event_type: str, user_id: str, client: OAuthClient, *, token_id: str | None = None
) -> None:
    """Adds an event about what a person has let an application do."""
    directory: Directory = request.app.state.directory
    row = directory.database.one("SELECT * FROM users WHERE id = ?", (user_id,))
    if row is None:
        return
    append(
        directory.database,
        {
            "published": directory.timestamp(),
            "eventType": event_type,
            "displayMessage": _MESSAGES[event_type],
            "actor": user_entity(row, json.loads(row["profile"])["displayName"]),
            "client": {"id": client.client_id, "ipAddress": client_address(request), "zone": "null"},
            "outcome": {"result": "SUCCESS", "reason": None},
            "target": [application_entity(client.client_id, client.name)],
            "transaction": {"type": "WEB", "detail": {"requestApiTokenId": token_id} if token_id else {}},
        },
    )

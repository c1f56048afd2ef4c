"""Back-channel logout: tells the clients of a session that it has ended (OpenID Connect Back-Channel Logout 1.0 §2.5).

As Auth0 does: the clients that the person has signed in to in that session, each by one request that is not made again;
what came of it stands in the tenant's log. https://auth0.com/docs/authenticate/login/logout/back-channel-logout
"""

import asyncio
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from local.tenant._clients import Client
from local.tenant._sessions import Session
from local.tenant._tenant import Tenant
from shared.http import create_http_client

TIMEOUT_SECONDS: Final = 5.0


async def tell_clients(tenant: Tenant, session: Session, client_ids: list[str]) -> None:
    """Sends each of these clients a logout token, if it takes any; one that does not answer holds up no other."""
    clients = [client for client_id in client_ids if (client := tenant.clients.get(client_id)) is not None]
    asked = [(client, url) for client in clients for url in client.definition.oidc_logout.backchannel_logout_urls]
    async with create_http_client(timeout=TIMEOUT_SECONDS) as http:
        await asyncio.gather(*(_tell(tenant, http, session, client, url) for client, url in asked))


async def _tell(tenant: Tenant, http: httpx.AsyncClient, session: Session, client: Client, url: str) -> None:
    form = {"logout_token": tenant.tokens.logout_token(client, session.user_id, session.sid)}
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    reached = url.replace(origin, tenant.settings.tenant_upstream_origins.get(origin, origin), 1)
    details: dict[str, Any] = {"url": url}
    try:
        response = await http.post(reached, data=form, headers={"Host": parts.netloc})
    except (httpx.HTTPError, OSError) as error:
        details["error"] = type(error).__name__
    else:
        details["status"] = response.status_code
    tenant.log.write(
        "sslo" if details.get("status") == httpx.codes.OK else "fslo",
        client_id=client.client_id,
        client_name=client.name,
        user_id=session.user_id,
        details=details,
    )

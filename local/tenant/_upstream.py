"""The tenant as a client of another system's authorization server, which it never forgets is somebody else's."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx

from local.tenant._codes import code_challenge_of
from local.tenant.definition import OktaOptions
from shared.errors import UpstreamRefused, UpstreamUnavailable
from shared.http import create_http_client

TIMEOUT_SECONDS = 5.0
PART = "upstream provider"
_DEFAULT_LIFETIME = 3600


@dataclass(frozen=True, slots=True)
class UpstreamTokens:
    """What the other system issued for a person."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: int
    scopes: tuple[str, ...]


class Upstream:
    """Requests to one connection's authorization server.

    Args:
        options: The connection's.
        redirect_uri: Where it sends people back to.
        origins: For an origin of its endpoints, the one that this process reaches it at.
    """

    def __init__(self, options: OktaOptions, redirect_uri: str, origins: Mapping[str, str]) -> None:
        self._options = options
        self._redirect_uri = redirect_uri
        self._origins = origins

    def authorization_url(self, *, state: str, code_verifier: str, scopes: tuple[str, ...]) -> str:
        """Where the browser goes (RFC 6749 §4.1.1, RFC 7636 §4.3)."""
        query = {
            "response_type": "code",
            "client_id": self._options.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": " ".join(scopes),
            "state": state,
            "nonce": secrets.token_urlsafe(16),
            "code_challenge": code_challenge_of(code_verifier),
            "code_challenge_method": "S256",
        }
        return f"{self._options.authorization_endpoint}?{urlencode(query)}"

    async def redeem(self, code: str, code_verifier: str) -> tuple[UpstreamTokens, str]:
        """Trades the code for tokens (RFC 6749 §4.1.3), and says whose they are.

        Raises:
            UpstreamRefused: it does not take the code, or says no more than that.
            UpstreamUnavailable: it is away.
        """
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": code_verifier}
        tokens = await self._tokens(form | {"redirect_uri": self._redirect_uri})
        headers = {"Authorization": f"Bearer {tokens.access_token}"}
        response = await self._send("GET", self._options.userinfo_endpoint, headers=headers)
        subject = _object(response).get("sub")
        if not isinstance(subject, str) or not subject:
            raise UpstreamRefused(PART, detail="userinfo names nobody")
        return tokens, subject

    async def refresh(self, refresh_token: str) -> UpstreamTokens:
        """Renews the tokens (RFC 6749 §6).

        Raises:
            UpstreamRefused: the refresh token was revoked, has expired, or is not taken for another reason.
            UpstreamUnavailable: it is away.
        """
        return await self._tokens({"grant_type": "refresh_token", "refresh_token": refresh_token})

    async def revoke(self, token: str) -> None:
        """Has the other system forget a token and what came of it (RFC 7009).

        Raises:
            UpstreamRefused, UpstreamUnavailable: it does not.
        """
        await self._send("POST", self._options.revocation_endpoint, form={"token": token})

    async def _tokens(self, form: dict[str, str]) -> UpstreamTokens:
        members = _object(await self._send("POST", self._options.token_endpoint, form=form))
        access_token, refresh_token = members.get("access_token"), members.get("refresh_token")
        if not isinstance(access_token, str) or str(members.get("token_type")).lower() != "bearer":
            raise UpstreamRefused(PART, detail="the token response holds no bearer token")
        return UpstreamTokens(
            access_token,
            refresh_token if isinstance(refresh_token, str) else None,
            int(members.get("expires_in") or _DEFAULT_LIFETIME),
            tuple(str(members.get("scope") or "").split()),
        )

    async def _send(
        self, method: str, url: str, *, form: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        data = None
        if form is not None:
            data = form | {"client_id": self._options.client_id, "client_secret": self._options.client_secret}
        try:
            async with create_http_client(timeout=TIMEOUT_SECONDS) as http:
                response = await http.request(method, self._reached(url), data=data, headers=headers)
        except (httpx.HTTPError, OSError) as error:
            raise UpstreamUnavailable(PART, detail=f"{url}: {type(error).__name__}") from error
        if response.is_server_error or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise UpstreamUnavailable(PART, detail=f"{url}: status {response.status_code}")
        if response.is_error:
            raise UpstreamRefused(PART, detail=f"{url}: {response.status_code} {_object(response).get('error', '')}")
        return response

    def _reached(self, url: str) -> str:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        return url.replace(origin, self._origins.get(origin, origin), 1)


def _object(response: httpx.Response) -> dict[str, Any]:
    try:
        document = response.json()
    except ValueError:
        document = None
    return document if isinstance(document, dict) else {}

"""Requests to the authorization server, each with the processing of its response, in the specifications' names."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode

import httpx

from portal._environment import typed
from portal._errors import PartAway
from portal.session._profiles import Desk
from shared.errors import OAuthError
from shared.identity import ClientAuthentication

SCOPE = "openid profile offline_access helpdesk:ask"
DEVICE_CODE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the issuer says of itself (OpenID Connect Discovery 1.0 §3, RFC 8414 §2)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    device_authorization_endpoint: str | None = None
    revocation_endpoint: str | None = None
    end_session_endpoint: str | None = None
    says_issuer: bool = False
    """Whether each authorization response names the issuer (RFC 9207 §3)."""


@dataclass(frozen=True, slots=True)
class DeviceAuthorization:
    """A device authorization response (RFC 8628 §3.2); times in seconds."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: float
    interval: float

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Self:
        """Reads the response; `interval` is 5 where it says none."""
        return cls(
            device_code=str(document["device_code"]),
            user_code=str(document["user_code"]),
            verification_uri=str(document["verification_uri"]),
            verification_uri_complete=str(document.get("verification_uri_complete") or document["verification_uri"]),
            expires_in=float(document["expires_in"]),
            interval=float(document.get("interval", 5)),
        )


@dataclass(frozen=True, slots=True)
class Tokens:
    """A token response (RFC 6749 §5.1); `expires_in` in seconds."""

    access_token: str
    expires_in: float
    refresh_token: str | None
    id_token: str | None
    scope: str | None


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """An authorization code request with PKCE (RFC 7636), and what its response is checked against."""

    url: str
    redirect_uri: str
    state: str
    nonce: str
    code_verifier: str


class AuthorizationServer:
    """The authorization server of a help desk, asked as one of its clients.

    Args:
        desk: Whose.
        http: The process's HTTP client.
        authentication: How the client proves itself; None for a public client, as a native one is (RFC 8252).
    """

    def __init__(
        self, desk: Desk, http: httpx.AsyncClient, *, authentication: ClientAuthentication | None = None
    ) -> None:
        self._desk = desk
        self._http = http
        self._authentication = authentication
        self._metadata: Metadata | None = None

    async def metadata(self) -> Metadata:
        """The issuer's metadata, fetched once.

        Raises:
            PartAway: it cannot be had.
            OAuthError: it is another issuer's, or names endpoints elsewhere.
        """
        if self._metadata is None:
            document = await self._send("GET", self._desk.metadata_url)
            self._metadata = process_metadata(self._desk.issuer, document, base=self._desk.base)
        return self._metadata

    async def device_authorization_request(self) -> DeviceAuthorization:
        """Asks for a user code (RFC 8628 §3.1)."""
        metadata = await self.metadata()
        if metadata.device_authorization_endpoint is None:
            raise OAuthError(
                "unsupported_grant_type", f"this issuer offers no device flow: use `{typed('login --browser')}`"
            )
        document = await self._send(
            "POST",
            metadata.device_authorization_endpoint,
            {"client_id": self._desk.client_id, "scope": SCOPE, "audience": self._desk.audience},
        )
        try:
            return DeviceAuthorization.parse(document)
        except (KeyError, ValueError) as error:
            raise OAuthError("invalid_response", "the device authorization response is not complete") from error

    async def device_access_token_request(self, device_code: str) -> Tokens:
        """Asks once whether the person is done (RFC 8628 §3.4).

        Raises:
            OAuthError: `authorization_pending` or `slow_down` where they are not.
        """
        return await self._token_request(grant_type=DEVICE_CODE_GRANT, device_code=device_code)

    async def authorization_request(self, redirect_uri: str) -> AuthorizationRequest:
        """Makes the URL that the browser opens (OpenID Connect Core 1.0 §3.1.2.1, RFC 7636 §4.3)."""
        metadata = await self.metadata()
        state, nonce, code_verifier = (secrets.token_urlsafe(32) for _ in range(3))
        query = urlencode(
            {
                "response_type": "code",
                "client_id": self._desk.client_id,
                "redirect_uri": redirect_uri,
                "scope": SCOPE,
                "audience": self._desk.audience,
                "state": state,
                "nonce": nonce,
                "code_challenge": code_challenge_of(code_verifier),
                "code_challenge_method": "S256",
            }
        )
        return AuthorizationRequest(
            f"{metadata.authorization_endpoint}?{query}", redirect_uri, state, nonce, code_verifier
        )

    async def authorization_code_request(self, request: AuthorizationRequest, code: str) -> Tokens:
        """Exchanges the code (RFC 6749 §4.1.3, RFC 7636 §4.5)."""
        return await self._token_request(
            grant_type="authorization_code",
            code=code,
            redirect_uri=request.redirect_uri,
            code_verifier=request.code_verifier,
        )

    async def refresh_token_request(self, refresh_token: str, *, audience: str | None = None) -> Tokens:
        """Renews the access token (RFC 6749 §6); the refresh token in the response replaces this one.

        Args:
            refresh_token: Of the sign-in.
            audience: Another API that the sign-in is good for (Auth0's multi-resource refresh tokens).
        """
        other = {"audience": audience} if audience is not None else {}
        return await self._token_request(grant_type="refresh_token", refresh_token=refresh_token, **other)

    async def revocation_request(self, refresh_token: str) -> None:
        """Revokes a refresh token and with it the sign-in (RFC 7009 §2.1)."""
        metadata = await self.metadata()
        if metadata.revocation_endpoint is not None:
            form = {"token": refresh_token, "token_type_hint": "refresh_token"}
            await self._send_as_client(metadata.revocation_endpoint, form)

    async def logout_request(self, *, session_id: str | None, post_logout_redirect_uri: str) -> str | None:
        """Makes the URL at which the browser ends its session at the issuer (RP-Initiated Logout 1.0 §2).

        Args:
            session_id: The `sid` of the sign-in: it says which session is meant, and tells no more of the person.
            post_logout_redirect_uri: Where the browser goes afterwards.

        Returns:
            None where the issuer has no such endpoint.
        """
        endpoint = (await self.metadata()).end_session_endpoint
        if endpoint is None:
            return None
        query = {"client_id": self._desk.client_id, "post_logout_redirect_uri": post_logout_redirect_uri}
        if session_id is not None:
            query["logout_hint"] = session_id
        return f"{endpoint}?{urlencode(query)}"

    async def _token_request(self, **form: str) -> Tokens:
        metadata = await self.metadata()
        document = await self._send_as_client(metadata.token_endpoint, form)
        access_token = document.get("access_token")
        if not isinstance(access_token, str) or str(document.get("token_type")).lower() != "bearer":
            raise OAuthError("invalid_response", "the token response holds no bearer token")
        return Tokens(
            access_token=access_token,
            expires_in=float(document.get("expires_in", 0)),
            refresh_token=document.get("refresh_token"),
            id_token=document.get("id_token"),
            scope=document.get("scope"),
        )

    async def _send_as_client(self, url: str, form: Mapping[str, str]) -> dict[str, Any]:
        proof = self._authentication.prove(self._desk.issuer) if self._authentication is not None else None
        named = {"client_id": self._desk.client_id, **(proof.form if proof is not None else {})}
        return await self._send("POST", url, {**named, **form}, headers=proof.headers if proof is not None else None)

    async def _send(
        self, method: str, url: str, form: Mapping[str, str] | None = None, *, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """One request; the JSON object that came back, empty where nothing did (RFC 7009 §2.2)."""
        try:
            response = await self._http.request(method, url, data=dict(form) if form else None, headers=headers)
        except (httpx.HTTPError, OSError) as error:
            raise PartAway(
                "authorization server",
                f"The authorization server at {self._desk.issuer} does not answer: see `{typed('status')}`.",
                detail=f"{url}: {type(error).__name__}",
            ) from error
        try:
            document = response.json() if response.content else {}
        except ValueError:
            document = None
        if not isinstance(document, dict):
            document = {"error": "invalid_response", "error_description": f"{url} did not answer with a JSON object"}
        if response.is_server_error:
            raise PartAway(
                "authorization server",
                f"The authorization server at {self._desk.issuer} cannot answer now: try again shortly.",
                detail=f"{url}: status {response.status_code}",
            )
        if response.is_error or "error" in document:
            raise OAuthError(
                str(document.get("error", "invalid_response")),
                str(document.get("error_description", "")),
                status=response.status_code,
            )
        return document


def code_challenge_of(code_verifier: str) -> str:
    """What a client may show of its verifier beforehand (RFC 7636 §4.2, S256)."""
    return base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).decode().rstrip("=")


def process_authorization_response(
    answer: Mapping[str, str], *, issuer: str, says_issuer: bool = False, parameter: str = "code"
) -> str:
    """The code in an authorization response (RFC 6749 §4.1.2), if it is this issuer's (RFC 9207 §2.4).

    It does not check `state`: whoever takes the response in does, before anything else.

    Args:
        answer: The response's parameters.
        issuer: Who was asked.
        says_issuer: Whether that issuer names itself in each response, so that one without a name is none of its own.
        parameter: What a good answer holds.

    Raises:
        OAuthError: the person, or the server, refused; or it is another issuer's.
    """
    if answer.get("iss", None if says_issuer else issuer) != issuer:
        raise OAuthError("invalid_issuer", "the authorization response is another issuer's")
    if parameter not in answer:
        raise OAuthError(answer.get("error", "invalid_response"), answer.get("error_description", ""))
    return answer[parameter]


def process_metadata(issuer: str, document: Mapping[str, Any], *, base: str | None = None) -> Metadata:
    """Checks the issuer's metadata: it is that issuer's own, and so is every endpoint that it names.

    Args:
        issuer: Whose it has to be.
        document: What was fetched.
        base: Where this process reaches the issuer's endpoints, if not below the issuer. What a browser opens is below
            the issuer all the same.

    Raises:
        OAuthError: it is not, or an endpoint that is always needed is missing.
    """
    if document.get("issuer") != issuer:
        raise OAuthError("invalid_issuer", f"what answers at {issuer} calls itself another issuer")

    base = base or issuer

    def endpoint(name: str, *, for_browser: bool = False) -> str | None:
        url = document.get(name)
        if url is not None and not (isinstance(url, str) and url.startswith((base, issuer))):
            raise OAuthError("invalid_issuer", f"{name} of {issuer} is at another address")
        if for_browser and url is not None and url.startswith(base):
            return f"{issuer}{url.removeprefix(base)}"
        return url

    def needed(name: str, *, for_browser: bool = False) -> str:
        url = endpoint(name, for_browser=for_browser)
        if url is None:
            raise OAuthError("invalid_issuer", f"{issuer} names no {name}")
        return url

    return Metadata(
        issuer=issuer,
        authorization_endpoint=needed("authorization_endpoint", for_browser=True),
        token_endpoint=needed("token_endpoint"),
        jwks_uri=needed("jwks_uri"),
        device_authorization_endpoint=endpoint("device_authorization_endpoint"),
        revocation_endpoint=endpoint("revocation_endpoint"),
        end_session_endpoint=endpoint("end_session_endpoint", for_browser=True),
        says_issuer=document.get("authorization_response_iss_parameter_supported") is True,
    )

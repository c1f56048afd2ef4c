"""What the authorization server says about itself (OpenID Connect Discovery 1.0, RFC 8414)."""

from dataclasses import dataclass
from typing import Any

import httpx

from shared.errors import UpstreamUnavailable
from shared.identity._single_flight import SingleFlight
from shared.identity._wire import AUTHORIZATION_SERVER, get_object, origin

_BACKCHANNEL = "backchannel_authentication_endpoint"  # CIBA Core 1.0 §4; who asks nobody does without


@dataclass(frozen=True, slots=True)
class AuthorizationServerMetadata:
    """The members of the discovery document that are used here; the URLs are those of the server itself."""

    issuer: str
    jwks_uri: str
    token_endpoint: str
    backchannel_authentication_endpoint: str | None = None


class Discovery:
    """The discovery document: fetched once, and again only after `forget`.

    A URL in it is used only if it has the origin of the discovery URL or of the issuer, which both come from the
    settings: a document that was tampered with does not send credentials, or the search for keys, elsewhere.

    Args:
        discovery_url: Ends with `/.well-known/openid-configuration`.
        issuer: What `issuer` in the document must be, exactly.
        http: The process's client.
        timeout: For the fetch, in seconds.
    """

    def __init__(self, discovery_url: str, issuer: str, http: httpx.AsyncClient, *, timeout: float) -> None:
        self._url = discovery_url
        self._issuer = issuer
        self._http = http
        self._timeout = timeout
        self._origins = {origin(discovery_url), origin(issuer)}
        self._known: AuthorizationServerMetadata | None = None
        self._flights: SingleFlight[None, AuthorizationServerMetadata] = SingleFlight()

    async def metadata(self) -> AuthorizationServerMetadata:
        """The document.

        Raises:
            UpstreamUnavailable: it cannot be had, or is another issuer's.
        """
        return self._known or await self._flights.do(None, self._fetch)

    def forget(self) -> None:
        """Has the document fetched again: what it named did not answer as it should."""
        self._known = None

    async def _fetch(self) -> AuthorizationServerMetadata:
        document = await get_object(self._http, self._url, timeout=self._timeout)
        if document.get("issuer") != self._issuer:
            raise self._unusable("its issuer is not the configured one")
        self._known = AuthorizationServerMetadata(
            issuer=self._issuer,
            jwks_uri=self._endpoint(document, "jwks_uri"),
            token_endpoint=self._endpoint(document, "token_endpoint"),
            backchannel_authentication_endpoint=(
                self._endpoint(document, _BACKCHANNEL) if _BACKCHANNEL in document else None
            ),
        )
        return self._known

    def _endpoint(self, document: dict[str, Any], name: str) -> str:
        url = document.get(name)
        try:
            if isinstance(url, str) and origin(url) in self._origins:
                return url
        except ValueError:
            pass
        raise self._unusable(f"{name} is missing, or is not at the origin of the issuer")

    def _unusable(self, problem: str) -> UpstreamUnavailable:
        return UpstreamUnavailable(AUTHORIZATION_SERVER, detail=f"{self._url}: {problem}")

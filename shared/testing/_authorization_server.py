"""A small authorization server, in process: discovery, keys and the token endpoint, with knobs for what goes wrong.

It is strict where a client can err (assertions, parameters) and free where a test needs it: a complete tenant that
fails as Auth0 does is `local.tenant`.
"""

import asyncio
import base64
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote_plus

import httpx
from cryptography.exceptions import InvalidSignature
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.http import create_http_client
from shared.identity import RawToken
from shared.testing._principal import ISSUER
from shared.testing._signing import SigningKey

Dialect = Literal["access_token", "rfc9068_profile"]
Document = dict[str, Any]

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 -- a name
ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 -- a name
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True)
class RegisteredClient:
    """A client: its key or secret, and the API that it is linked to if it exchanges tokens."""

    key: SigningKey | None = None
    secret: str | None = None
    resource_server_identifier: str | None = None


class AuthorizationServer:
    """An issuer whose tokens verify, and whose token endpoint checks what it is sent.

    Args:
        issuer: With its trailing slash.
        dialect: Auth0's two forms of access token.
        clients: The registered clients by id.
        granted: The scopes that the token endpoint gives, of those asked for; None for all.
        lifetimes: `expires_in` of the tokens issued in turn; the last one goes for all that follow.
        deny: An OAuth error that the token endpoint answers with: (status, error).
        away: Whether no connection comes about.
        slow: Whether answers wait until `release` is set.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        issuer: str = ISSUER,
        *,
        dialect: Dialect = "rfc9068_profile",
        clients: Mapping[str, RegisteredClient] | None = None,
        granted: Collection[str] | None = None,
        lifetimes: Sequence[int] = (900,),
        deny: tuple[int, str] | None = None,
        away: bool = False,
        slow: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.issuer = issuer
        self.discovery_url = f"{issuer}.well-known/openid-configuration"
        self.dialect = dialect
        self.clients = dict(clients or {})
        self.granted = granted
        self.lifetimes = deque(lifetimes)
        self.deny = deny
        self.away = away
        self.asked = asyncio.Event()
        """Set when a request has come."""
        self.release = asyncio.Event()
        """Cleared, answers wait until it is set."""
        if not slow:
            self.release.set()
        self.clock = clock
        self.signing_key = SigningKey()
        self.published: list[Document] = [self.signing_key.jwk()]
        self.metadata: Document = {
            "issuer": issuer,
            "jwks_uri": f"{issuer}.well-known/jwks.json",
            "token_endpoint": f"{issuer}oauth/token",
        }
        self.next_answers: deque[Response] = deque()
        """What the token endpoint answers before anything else, in turn."""
        self.token_requests: list[dict[str, str]] = []
        """The parameters that the token endpoint was sent, the newest last."""
        self.fetches: Counter[str] = Counter()
        """How often each path was asked for."""
        self._assertions: set[str] = set()
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/.well-known/jwks.json", self._jwks),
                Route("/oauth/token", self._token, methods=["POST"]),
            ]
        )

    def create_http_client(self) -> httpx.AsyncClient:
        """A client whose every request comes here."""
        return create_http_client(app=httpx.ASGITransport(self))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The ASGI application."""
        if scope["type"] == "http":
            self.fetches[scope["path"]] += 1
            self.asked.set()
            if self.away:
                raise httpx.ConnectError("away")
            await self.release.wait()
        await self.app(scope, receive, send)

    def rotate(self, kid: str) -> None:
        """Signs with a new key from now on; the old one stays in the set."""
        self.signing_key = SigningKey(kid)
        self.published.append(self.signing_key.jwk())

    def withdraw(self, kid: str) -> None:
        """Takes a key out of the set."""
        self.published = [jwk for jwk in self.published if jwk.get("kid") != kid]

    def header(self) -> Document:
        """The header of its access tokens."""
        kind = "at+jwt" if self.dialect == "rfc9068_profile" else "JWT"
        return {"alg": "RS256", "typ": kind, "kid": self.signing_key.kid}

    def user_claims(
        self,
        subject: str = "auth0|amelia",
        *,
        audience: str | list[str],
        scopes: Collection[str] = (),
        client_id: str = "portal",
        actors: Sequence[str] = (),
        lifetime: int = 900,
    ) -> Document:
        """The claims of a user's token, as the dialect has them."""
        now = int(self.clock())
        claims: Document = {"iss": self.issuer, "sub": subject, "aud": audience, "iat": now, "exp": now + lifetime}
        if self.dialect == "rfc9068_profile":
            claims |= {"client_id": client_id, "jti": uuid.uuid4().hex}
        else:
            claims |= {"azp": client_id}
        if scopes:
            claims["scope"] = " ".join(sorted(scopes))
        act: Document = {}
        for actor in reversed(actors):
            act = {"sub": actor, "act": act} if act else {"sub": actor}
        return claims | ({"act": act} if act else {})

    def user_token(self, subject: str = "auth0|amelia", **claims: Any) -> RawToken:
        """A user's token; see `user_claims`."""
        return RawToken(self.signing_key.sign(self.header(), self.user_claims(subject, **claims)))

    def machine_token(self, client_id: str, *, audience: str, scopes: Collection[str] = ()) -> RawToken:
        """A client's own token."""
        claims = self.user_claims(f"{client_id}@clients", audience=audience, scopes=scopes, client_id=client_id)
        if self.dialect == "access_token":
            claims["gty"] = "client-credentials"
        return RawToken(self.signing_key.sign(self.header(), claims))

    async def _discovery(self, _: Request) -> Response:
        return JSONResponse(self.metadata)

    async def _jwks(self, _: Request) -> Response:
        return JSONResponse({"keys": self.published})

    async def _token(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).multi_items()}
        self.token_requests.append(form)
        if self.next_answers:
            return self.next_answers.popleft()
        if self.deny is not None:
            return _refusal(*self.deny)
        client_id = self._authenticated(form, request.headers.get("authorization"))
        if client_id is None:
            return _refusal(401, "invalid_client")
        if form.get("grant_type") == "client_credentials":
            return self._client_credentials(client_id, form)
        if form.get("grant_type") == TOKEN_EXCHANGE:
            return self._token_exchange(client_id, form)
        return _refusal(403, "unauthorized_client")

    def _authenticated(self, form: dict[str, str], authorization: str | None) -> str | None:
        """The client that the request proves to be from."""
        client_id, secret = form.get("client_id", ""), form.get("client_secret")
        if authorization is not None:
            pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
            client_id, secret = (unquote_plus(part) for part in pair.split(":", 1))
        client = self.clients.get(client_id)
        if client is None:
            return None
        if client.key is None:
            return client_id if secret is not None and secret == client.secret else None
        return client_id if self._asserted(client_id, client.key, form) else None

    def _asserted(self, client_id: str, key: SigningKey, form: dict[str, str]) -> bool:
        """Whether the assertion is this client's, for us, fresh, and used for the first time (RFC 7523 §3)."""
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            return False
        try:
            claims = key.verify(form["client_assertion"])
        except (InvalidSignature, ValueError, KeyError):
            return False
        now = self.clock()
        fresh = claims["jti"] not in self._assertions and now < claims["exp"] <= now + 60
        self._assertions.add(claims["jti"])
        return fresh and claims["iss"] == claims["sub"] == client_id and claims["aud"] == self.issuer

    def _client_credentials(self, client_id: str, form: dict[str, str]) -> Response:
        scopes = self._scopes(form)
        token = self.machine_token(client_id, audience=form["audience"], scopes=scopes)
        return self._issued(token, form, scopes)

    def _token_exchange(self, client_id: str, form: dict[str, str]) -> Response:
        """The subject's token becomes one for another audience, with the client as the outermost actor."""
        if form.get("subject_token_type") != ACCESS_TOKEN_TYPE or form.get("requested_token_type") != ACCESS_TOKEN_TYPE:
            return _refusal(400, "invalid_request")
        try:
            subject = self.signing_key.verify(form["subject_token"])
        except (InvalidSignature, ValueError, KeyError):
            return _refusal(401, "invalid_request")
        if subject["exp"] <= self.clock() or subject["aud"] != self.clients[client_id].resource_server_identifier:
            return _refusal(401, "invalid_request")
        scopes = self._scopes(form)
        claims = self.user_claims(
            subject["sub"], audience=form["audience"], scopes=scopes, client_id=client_id, actors=[client_id]
        )
        previous = subject.get("act") or {"sub": subject.get("client_id") or subject["azp"]}
        claims["act"]["act"] = previous
        token = RawToken(self.signing_key.sign(self.header(), claims))
        return self._issued(token, form, scopes, issued_token_type=ACCESS_TOKEN_TYPE)

    def _scopes(self, form: dict[str, str]) -> list[str]:
        asked = form.get("scope", "").split()
        return [scope for scope in asked if self.granted is None or scope in self.granted]

    def _issued(self, token: RawToken, form: dict[str, str], scopes: list[str], **members: str) -> Response:
        lifetime = self.lifetimes.popleft() if len(self.lifetimes) > 1 else self.lifetimes[0]
        answer = {"access_token": token.reveal(), "token_type": "Bearer", "expires_in": lifetime, **members}
        if " ".join(scopes) != form.get("scope", ""):
            answer["scope"] = " ".join(scopes)
        return JSONResponse(answer, headers={"cache-control": "no-store"})


def _refusal(status: int, error: str) -> Response:
    return JSONResponse({"error": error, "error_description": f"{error}, it was said"}, status)

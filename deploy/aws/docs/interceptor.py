"""The gateway's request interceptor: it tells the tool for whom a call is, and lets nobody else tell it.

The gateway has verified the token (signature, expiry, issuer, audience, scopes, client) before it calls this function,
and hands it on with the request's headers. The function does not verify the signature again; it reads the claims, holds
them all the same to what it was set up with, and writes the signed identity over whatever a client sent by that name.

A request that is odd in any way is answered here with an error, so that the tool is not called.
"""

import base64
import binascii
import json
import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from deploy.aws.docs.identity import HEADER, Identity, sign

AUDIENCES_HEADER: Final = "x-helpdesk-audiences"
"""For whom the articles are written that the person may read: the agent decides it, and says it here."""

EVERYONE: Final = frozenset({"everyone"})
"""What is read where the caller says nothing of audiences."""

LEEWAY_SECONDS: Final = 10
MAX_AUDIENCES: Final = 16

_VERSION: Final = "1.0"
_BEARER: Final = re.compile(r"[Bb]earer +([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_AUDIENCE: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_MACHINE_SUFFIX: Final = "@clients"
_MAX_NAME: Final = 255


class RequestRefused(Exception):
    """The request is not what passes here; the text says why, for the log."""


@dataclass(frozen=True, slots=True)
class InterceptorConfig:
    """What the function is set up with.

    Attributes:
        identity_key: The key that it signs identities with.
        issuer: The issuer of tokens, exactly.
        audience: The gateway's API identifier.
        scope: The scope without which nobody reads.
        deciders: The clients whose word on audiences counts; from anybody else the header is refused.
        clock: Seconds since the epoch.
        log: Where a line for each refusal goes; Lambda reads the standard output.
    """

    identity_key: bytes
    issuer: str
    audience: str
    scope: str = "docs:read"
    deciders: frozenset[str] = frozenset()
    clock: Callable[[], float] = time.time
    log: Callable[[str], object] = sys.stdout.write


class Interceptor:
    """Lambda's entry point at the gateway's REQUEST point.

    Args:
        config: Whose tokens, for which API, and the key.
    """

    def __init__(self, config: InterceptorConfig) -> None:
        self._config = config

    def __call__(self, event: Any, context: Any) -> dict[str, Any]:  # noqa: ARG002 -- Lambda's signature
        """The request with the identity, or the answer that refuses it; never an error of its own."""
        try:
            return self._pass_on(event)
        except RequestRefused as refusal:
            return self._refuse(event, 403, "Authorization error - Insufficient permissions", str(refusal))
        except Exception as error:  # noqa: BLE001 -- what a gateway does when an interceptor fails is not documented
            return self._refuse(event, 500, "Internal error", type(error).__name__)

    def _pass_on(self, event: Any) -> dict[str, Any]:
        if not isinstance(event, dict) or event.get("interceptorInputVersion") != _VERSION:
            raise RequestRefused("an event of another version")
        mcp = _member(event, "mcp")
        if mcp.get("gatewayResponse") is not None:
            raise RequestRefused("called at another point than REQUEST")
        request = _member(mcp, "gatewayRequest")
        body = _member(request, "body")
        if body.get("jsonrpc") != "2.0" or not isinstance(body.get("method"), str):
            raise RequestRefused("the body is no JSON-RPC request")
        headers = _lower_case(_member(request, "headers"))
        claims = self._claims(headers)
        identity = Identity(
            issuer=self._config.issuer,
            subject=_name(claims, "sub"),
            client_id=_client(claims),
            scopes=_scopes(claims),
            audiences=self._audiences(headers, claims),
        )
        signed = sign(identity, self._config.identity_key, now=self._config.clock())
        return _output({"transformedGatewayRequest": {"headers": {HEADER: signed}, "body": body}})

    def _claims(self, headers: Mapping[str, str]) -> dict[str, Any]:
        """What the token says, held to what it has to be; its signature is the gateway's to verify."""
        claims = _unverified_claims(headers)
        if claims.get("iss") != self._config.issuer:
            raise RequestRefused("another issuer")
        audiences = claims.get("aud")
        if self._config.audience not in (audiences if isinstance(audiences, list) else [audiences]):
            raise RequestRefused("another audience")
        expires_at = claims.get("exp")
        if not isinstance(expires_at, int | float) or not self._config.clock() < expires_at + LEEWAY_SECONDS:
            raise RequestRefused("expired")
        if _name(claims, "sub").endswith(_MACHINE_SUFFIX):
            raise RequestRefused("no person")
        if self._config.scope not in _scopes(claims):
            raise RequestRefused("the scope is missing")
        return claims

    def _audiences(self, headers: Mapping[str, str], claims: Mapping[str, Any]) -> frozenset[str]:
        said = headers.get(AUDIENCES_HEADER)
        if said is None:
            return EVERYONE
        if _client(claims) not in self._config.deciders:
            raise RequestRefused("audiences from a client that does not decide them")
        names = [name.strip() for name in said.split(",")]
        if len(names) > MAX_AUDIENCES or not all(_AUDIENCE.fullmatch(name) for name in names):
            raise RequestRefused("audiences that are no names")
        return frozenset(names)

    def _refuse(self, event: Any, status: int, message: str, reason: str) -> dict[str, Any]:
        self._config.log(f"{json.dumps({'event': 'request_refused', 'status': status, 'reason': reason})}\n")
        error = {"jsonrpc": "2.0", "id": _request_id(event), "error": {"code": -32002, "message": message}}
        response = {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": error}
        return _output({"transformedGatewayResponse": response})


def _output(mcp: dict[str, Any]) -> dict[str, Any]:
    return {"interceptorOutputVersion": _VERSION, "mcp": mcp}


def _member(holder: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = holder.get(name)
    if not isinstance(value, dict):
        raise RequestRefused(f"{name} is no object")
    return value


def _lower_case(headers: Mapping[str, Any]) -> dict[str, str]:
    """Headers by their names in lower case; a name that comes twice says two things, and so nothing."""
    found: dict[str, str] = {}
    for name, value in headers.items():
        lower = name.lower()
        if lower in found:
            raise RequestRefused("a header stands twice")
        if lower in {"authorization", AUDIENCES_HEADER} and not isinstance(value, str):
            raise RequestRefused("a header is no text")
        found[lower] = value
    return found


def _unverified_claims(headers: Mapping[str, str]) -> dict[str, Any]:
    match = _BEARER.fullmatch(headers.get("authorization", ""))
    if match is None:
        raise RequestRefused("no bearer token")
    part = match[2]
    try:
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        raise RequestRefused("a token that cannot be read") from None
    if not isinstance(claims, dict):
        raise RequestRefused("a token that cannot be read")
    return claims


def _client(claims: Mapping[str, Any]) -> str:
    """`client_id` (RFC 9068), or `azp` in Auth0's own dialect."""
    return _name(claims, "client_id" if "client_id" in claims else "azp")


def _scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    value = claims.get("scope", "")
    if not isinstance(value, str):
        raise RequestRefused("scope is no text")
    return frozenset(value.split())


def _name(claims: Mapping[str, Any], claim: str) -> str:
    value = claims.get(claim)
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_NAME or not value.isprintable():
        raise RequestRefused(f"{claim} is no name")
    return value


def _request_id(event: Any) -> str | int | None:
    """The id of the JSON-RPC request, as far as it can be found."""
    found = event
    for name in ("mcp", "gatewayRequest", "body", "id"):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str | int) and not isinstance(found, bool) else None

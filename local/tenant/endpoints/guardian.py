"""What an authentication device talks to: enrolment, the details of a request, and the answer to it.

Auth0's Guardian app and SDKs speak these (github.com/auth0/Guardian.Android). Pushes come over Apple's or Google's
service to a real device; here a device asks for them at `/local/pushes`, which no real tenant has.
"""

import base64
import hashlib
import json
from typing import Any

import jwt
from starlette.requests import Request
from starlette.responses import Response

from local.tenant._backchannel import BackchannelRequest, Device
from local.tenant._clock import iso
from local.tenant._endpoint import NO_STORE, json_response, tenant_of
from local.tenant._errors import Refusal
from local.tenant._parameters import bearer_token
from local.tenant._tenant import Tenant

ALGORITHM = "RS256"
LONGEST_NAME = 64
LARGEST_BODY = 16 * 1024
PROOF_SECONDS = 60
METHOD, ACCEPTED = "auth0_guardian_method", "auth0_guardian_accepted"


async def enroll(request: Request) -> Response:
    """`POST /appliance-mfa/api/enroll`: a device shows its ticket and its public key."""
    tenant = tenant_of(request)
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    body = await _body(request)
    name, jwk = body.get("name"), body.get("public_key")
    if scheme.lower() != "ticket" or not value.startswith('id="') or not value.endswith('"'):
        raise Refusal(401, "invalid_token", "A ticket is needed")
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise Refusal(400, "invalid_input", "name is needed")
    device = tenant.devices.enrol(value[4:-1], name, _public_key(jwk))
    if device is None:
        raise Refusal(401, "enrollment_transaction_not_found", "Not found enrollment transaction")
    tenant.log.write("gd_enrollment_complete", user_id=device.user_id, details={"device": device.device_id})
    return json_response({"id": device.device_id, "issuer": tenant.settings.issuer, "user_id": device.user_id})


async def pushes(request: Request) -> Response:
    """`GET /local/pushes`: what would have been pushed to this device. For the stand-in alone."""
    tenant = tenant_of(request)
    device, _ = _signed(tenant, bearer_token(request) or "", audience=f"{request.base_url}local/pushes")
    waiting = [
        {"txtkn": tenant.backchannel.push(asked), "txlinkid": asked.consent_id, "challenge": asked.challenge}
        for asked in tenant.backchannel.pending(device.user_id)
    ]
    return json_response({"pushes": waiting})


async def rich_consent(request: Request) -> Response:
    """`GET /rich-consents/{id}`: what is asked, for the device that was sent its token, with a proof of its key."""
    tenant = tenant_of(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    asked = tenant.backchannel.by_push_token(token.strip()) if scheme.lower() == "mfa-dpop" else None
    if asked is None or asked.consent_id != request.path_params["consent_id"]:
        raise Refusal(401, "invalid_token", "Invalid transaction token")
    _require_proof(tenant, request, token.strip(), asked)
    return json_response(consent_of(asked))


async def resolve_transaction(request: Request) -> Response:
    """`POST /appliance-mfa/api/resolve-transaction`: the device's signed answer."""
    tenant = tenant_of(request)
    asked = tenant.backchannel.by_push_token(bearer_token(request) or "")
    if asked is None:
        raise Refusal(401, "invalid_token", "Invalid transaction token")
    response = (await _body(request)).get("challenge_response")
    audience = f"{request.base_url}appliance-mfa/api/resolve-transaction"
    device, claims = _signed(tenant, str(response), audience=audience)
    if device.user_id != asked.user_id:
        raise Refusal(401, "invalid_token", "Unknown device")
    accepted = claims.get(ACCEPTED)
    if claims.get("sub") != asked.challenge or claims.get(METHOD) != "push" or not isinstance(accepted, bool):
        raise Refusal(401, "invalid_challenge", "Invalid challenge response")
    answer(tenant, asked, approved=accepted)
    return Response(status_code=204, headers=NO_STORE)


def answer(tenant: Tenant, asked: BackchannelRequest, *, approved: bool) -> None:
    """Takes a person's answer, from whichever device.

    Raises:
        Refusal: if it no longer waits for one.
    """
    if not tenant.backchannel.answer(asked, approved=approved):
        raise Refusal(404, "mfa_transaction_not_found", "This request has expired, or was answered already.")
    kind = "gd_auth_succeed" if approved else "gd_auth_rejected"
    details = {"transaction_linking_id": asked.consent_id}
    tenant.log.write(kind, client_id=asked.client_id, user_id=asked.user_id, details=details)


def consent_of(asked: BackchannelRequest) -> dict[str, Any]:
    """The consent record, as the device sees it."""
    requested: dict[str, Any] = {
        "audience": asked.audience,
        "scope": list(asked.scope),
        "binding_message": asked.binding_message,
    }
    if asked.authorization_details is not None:
        requested["authorization_details"] = list(asked.authorization_details)
    return {
        "id": asked.consent_id,
        "requested_details": requested,
        "created_at": iso(asked.created_at),
        "expires_at": iso(asked.expires_at),
    }


async def _body(request: Request) -> dict[str, Any]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise Refusal(413, "invalid_input", "Request body is too large")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "invalid_input", "Request body cannot be parsed") from error
    if not isinstance(document, dict):
        raise Refusal(400, "invalid_input", "Request body must be an object")
    return document


def _public_key(jwk: Any) -> str:
    """The JWK as it is kept; it must be an RSA key of 2048 bits or more."""
    try:
        members = {name: str(jwk[name]) for name in ("kty", "n", "e")}
        key = jwt.PyJWK(members, ALGORITHM).key
        fits = members["kty"] == "RSA" and key.key_size >= 2048  # noqa: PLR2004 -- as for clients' keys
    except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
        raise Refusal(400, "invalid_input", "public_key is not an RSA key in JWK form") from error
    if not fits:
        raise Refusal(400, "invalid_input", "public_key is too short")
    return json.dumps(members)


def _signed(tenant: Tenant, token: str, *, audience: str) -> tuple[Device, dict[str, Any]]:
    """The device that signed a token for this audience, and what the token says."""
    device = tenant.devices.get(str(_unverified(token).get("iss")))
    if device is None:
        raise Refusal(401, "invalid_token", "Unknown device")
    return device, _verified(tenant, token, device, audience=audience)


def _require_proof(tenant: Tenant, request: Request, token: str, asked: BackchannelRequest) -> None:
    """A proof of possession (in the form of RFC 9449 §4.2) by a device of the person who is asked."""
    proof = request.headers.get("mfa-dpop", "")
    ath = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
    url = str(request.url.replace(query="", fragment=""))
    for device in tenant.devices.of(asked.user_id):
        try:
            header = jwt.get_unverified_header(proof)
            claims = _decode(proof, device)
        except (jwt.PyJWTError, ValueError):
            continue
        fresh = isinstance(claims.get("iat"), int) and abs(tenant.clock() - claims["iat"]) <= PROOF_SECONDS
        expected = (claims.get("htm"), claims.get("htu"), claims.get("ath")) == (request.method, url, ath)
        if header.get("typ") == "dpop+jwt" and fresh and expected and claims.get("jti"):
            return
    raise Refusal(401, "invalid_dpop_proof", "The proof does not fit")


def _unverified(token: str) -> dict[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise Refusal(401, "invalid_token", "Invalid token") from error
    return claims


def _verified(tenant: Tenant, token: str, device: Device, *, audience: str) -> dict[str, Any]:
    try:
        claims = _decode(token, device)
    except (jwt.PyJWTError, ValueError) as error:
        raise Refusal(401, "invalid_token", "Invalid token") from error
    now, times = tenant.clock(), (claims.get("iat"), claims.get("exp"))
    if not all(isinstance(time, int) for time in times) or not claims["iat"] - PROOF_SECONDS <= now < claims["exp"]:
        raise Refusal(401, "invalid_token", "The token has expired")
    if claims.get("aud") != audience:
        raise Refusal(401, "invalid_token", "The token is for somebody else")
    return claims


def _decode(token: str, device: Device) -> dict[str, Any]:
    key = jwt.PyJWK(json.loads(device.public_key), ALGORITHM).key
    options = {"verify_aud": False, "verify_exp": False, "verify_iat": False, "verify_nbf": False}
    claims: dict[str, Any] = jwt.decode(token, key, algorithms=[ALGORITHM], options=options)  # type: ignore[arg-type]
    return claims

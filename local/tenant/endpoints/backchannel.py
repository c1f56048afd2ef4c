"""`POST /bc-authorize` (CIBA Core 1.0 §7.1): a client asks that a person decides on a device of their own."""

import json
import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from local.tenant._backchannel import DEFAULT_EXPIRY, LONGEST_PUSH, MAX_EXPIRY
from local.tenant._clients import Client
from local.tenant._endpoint import json_response, refusal_response, tenant_of
from local.tenant._errors import Refusal, missing_parameter
from local.tenant._parameters import Parameters, basic_credentials, read_parameters
from local.tenant._people import User
from local.tenant._tenant import Tenant
from local.tenant.endpoints.token import allowed
from local.tenant.grants import GRANTS
from local.tenant.grants.ciba import GRANT_TYPE

BINDING_MESSAGE = re.compile(r"[A-Za-z0-9 +\-_.,:#]{1,64}")
LARGEST_DETAILS = 5 * 1024
MOST_DETAILS = 5
MOST_PROPERTIES = 10
LONGEST_VALUE = 255
DEEPEST = 5


async def bc_authorize(request: Request) -> Response:
    """Starts a backchannel authentication."""
    tenant = tenant_of(request)
    client: Client | None = None
    user: User | None = None
    try:
        parameters = await read_parameters(request)
        client = tenant.authentication.authenticate(parameters, basic_credentials(request))
        allowed(GRANTS[GRANT_TYPE], GRANT_TYPE, client)
        scope = _scope(parameters)
        message = _binding_message(parameters)
        user = _hinted(tenant, parameters)
        expires_in = _expiry(parameters)
        audience = parameters.get("audience")
        if audience is not None:
            tenant.access.require_user_access(client, tenant.access.api(audience))
        details = _details(tenant, client, audience, parameters, push=expires_in <= LONGEST_PUSH)
        _require_reachable(tenant, client, user, push=expires_in <= LONGEST_PUSH)
    except Refusal as refusal:
        user_id = user.user_id if user is not None else None
        tenant.log_exchange("ciba_start_failed", client, user_id=user_id, refusal=refusal)
        return refusal_response(refusal)
    auth_req_id, started = tenant.backchannel.start(
        client.client_id,
        user.user_id,
        scope=scope,
        audience=audience,
        binding_message=message,
        authorization_details=details,
        expires_in=expires_in,
    )
    log = {
        "body": {"audience": audience, "scope": " ".join(scope)},
        "notification_channel": "guardian-push" if expires_in <= LONGEST_PUSH else "email",
        "transaction_linking_id": started.consent_id,
    }
    tenant.log_exchange("ciba_start_succeeded", client, user_id=user.user_id, details=log)
    return json_response({"auth_req_id": auth_req_id, "expires_in": expires_in, "interval": started.interval})


def _scope(parameters: Parameters) -> tuple[str, ...]:
    scope = parameters.scopes() or ()
    if "openid" not in scope:
        raise Refusal(400, "invalid_request", "openid scope must be requested")
    return scope


def _binding_message(parameters: Parameters) -> str:
    message = parameters.require("binding_message")
    if BINDING_MESSAGE.fullmatch(message) is None:
        raise Refusal(
            400,
            "invalid_request",
            "binding_message may have up to 64 characters, out of letters, digits, spaces and +-_.,:#",
        )
    return message


def _hinted(tenant: Tenant, parameters: Parameters) -> User:
    """The person of a `login_hint` in the form `iss_sub` (RFC 9493 §3.2.3)."""
    try:
        hint = json.loads(parameters.require("login_hint"))
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "invalid_request", "login_hint must be JSON") from error
    if not isinstance(hint, dict) or hint.get("format") != "iss_sub" or hint.get("iss") != tenant.settings.issuer:
        raise Refusal(400, "invalid_request", "login_hint must be of the format iss_sub and name this issuer")
    user = tenant.people.get(str(hint.get("sub")))
    if user is None or tenant.people.is_blocked(user.user_id):
        raise Refusal(400, "unknown_user_id", "User ID is malformed or unknown")
    return user


def _expiry(parameters: Parameters) -> int:
    value = parameters.get("requested_expiry")
    if value is None:
        return DEFAULT_EXPIRY
    if re.fullmatch(r"[0-9]{1,6}", value) is None or not 1 <= int(value) <= MAX_EXPIRY:
        raise Refusal(400, "invalid_request", f"requested_expiry must be between 1 and {MAX_EXPIRY}")
    return int(value)


def _details(
    tenant: Tenant, client: Client, audience: str | None, parameters: Parameters, *, push: bool
) -> list[dict[str, Any]] | None:
    """The `authorization_details`: Auth0 checks that each type is registered, and sizes; never what they say."""
    text = parameters.get("authorization_details")
    if text is None:
        return None
    if audience is None:
        raise missing_parameter("audience")
    if len(text.encode()) > LARGEST_DETAILS:
        raise _bad_details("are too long")
    try:
        details = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _bad_details("must be JSON") from error
    if not isinstance(details, list) or not details or not all(isinstance(one, dict) for one in details):
        raise _bad_details("must be an array of objects")
    if len(details) > (1 if push else MOST_DETAILS):
        raise _bad_details("have too many objects")
    registered = {known.type for known in tenant.access.api(audience).authorization_details}
    granted = set(tenant.access.details_types(client, audience))
    for one in details:
        if one.get("type") not in registered or one["type"] not in granted:
            raise _bad_details("have a type that is not registered")
        _check(one, DEEPEST)
    return details


def _check(value: Any, depth: int) -> None:
    if isinstance(value, Mapping):
        if depth == 0 or len(value) > MOST_PROPERTIES:
            raise _bad_details("have too many members, or too deep")
        for name, item in value.items():
            if len(name) > LONGEST_VALUE:
                raise _bad_details("have a name that is too long")
            _check(item, depth - 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth - 1)
    elif isinstance(value, str) and len(value) > LONGEST_VALUE:
        raise _bad_details("have a value that is too long")


def _bad_details(what: str) -> Refusal:
    return Refusal(400, "invalid_authorization_details", f"authorization_details {what}")


def _require_reachable(tenant: Tenant, client: Client, user: User, *, push: bool) -> None:
    channels = client.definition.async_approval_notification_channels
    if ("guardian-push" if push else "email") not in channels:
        raise Refusal(400, "invalid_request", "No notification channel of the client fits the requested_expiry")
    if push and not (tenant.definition.has_push and (user.has_push or tenant.devices.of(user.user_id))):
        raise Refusal(400, "invalid_request", "User does not have push notifications enabled")
    if tenant.backchannel.too_many(user.user_id):
        raise Refusal(429, "too_many_requests", "Rate limit exceeded.", headers={"Retry-After": "60"})

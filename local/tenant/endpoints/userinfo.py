"""`/userinfo` (OpenID Connect Core 1.0 §5.3), and the pictures that it points to."""

import re

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from local import _random
from local.tenant._endpoint import NO_STORE, json_response, tenant_of
from local.tenant._parameters import bearer_token
from local.tenant._tenant import Tenant
from local.tenant._tokens import TokenRejected, audiences, is_machine

CHALLENGE = 'Bearer realm="Users", error="invalid_token"'
_INITIALS = re.compile(r"[a-z]{1,2}")


async def userinfo(request: Request) -> Response:
    """The claims that the token's scopes allow."""
    tenant, token = tenant_of(request), bearer_token(request)
    found = _subject_and_scopes(tenant, token) if token is not None else None
    user = tenant.people.get(found[0]) if found is not None else None
    if found is None or user is None or tenant.people.is_blocked(user.user_id):
        return PlainTextResponse("Unauthorized", 401, headers={**NO_STORE, "WWW-Authenticate": CHALLENGE})
    return json_response({"sub": user.user_id, **tenant.tokens.profile(user, found[1])})


def _subject_and_scopes(tenant: Tenant, token: str) -> tuple[str, list[str]] | None:
    opaque = tenant.database.row(
        "select user_id, scope from opaque_tokens where digest = ? and expires_at > ?",
        *(_random.digest(token), tenant.clock()),
    )
    if opaque is not None:
        return opaque["user_id"], opaque["scope"].split()
    try:
        claims = tenant.tokens.verify(token)
    except TokenRejected:
        return None
    if tenant.tokens.userinfo_audience not in audiences(claims) or is_machine(claims):
        return None
    return claims["sub"], str(claims.get("scope", "")).split()


async def avatar(request: Request) -> Response:
    """`/avatars/{initials}.svg`: the picture of a person who has none."""
    initials = str(request.path_params["initials"])
    if _INITIALS.fullmatch(initials) is None:
        return PlainTextResponse("Not Found", 404)
    hue = sum(map(ord, initials)) * 37 % 360
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96">'
        f'<rect width="96" height="96" fill="hsl({hue} 45% 38%)"/>'
        '<text x="48" y="50" fill="#fff" font-family="system-ui, sans-serif" font-size="40" text-anchor="middle" '
        f'dominant-baseline="middle">{initials.upper()}</text></svg>'
    )
    headers = {"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff"}
    return Response(svg, media_type="image/svg+xml", headers=headers)

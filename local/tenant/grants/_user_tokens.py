"""The tokens that follow a sign-in, whichever grant fetches them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from local.tenant._access import OIDC_SCOPES
from local.tenant._clients import Client
from local.tenant._people import User
from local.tenant._refresh_tokens import RefreshGrant
from local.tenant._tenant import Tenant
from local.tenant._tokens import Issuance
from local.tenant.definition import ResourceServer

OFFLINE_ACCESS = "offline_access"


@dataclass(frozen=True, slots=True)
class SignIn:
    """What a person signed in for: the scopes asked for, and the sign-in itself."""

    client: Client
    user: User
    audience: str | None
    scope: tuple[str, ...]
    sid: str
    authenticated_at: float
    nonce: str | None = None
    with_auth_time: bool = False
    authorization_details: tuple[dict[str, Any], ...] | None = None


@dataclass(frozen=True, slots=True)
class UserTokens:
    """A token response in the making."""

    scopes: tuple[str, ...]
    token_id: str | None
    members: dict[str, Any]

    def body(self, refresh_token: str | None = None) -> dict[str, Any]:
        """The response, in the order in which Auth0 writes it."""
        members = dict(self.members)
        body: dict[str, Any] = {"access_token": members.pop("access_token")}
        if refresh_token is not None:
            body["refresh_token"] = refresh_token
        return body | members


def may_stay_signed_in(client: Client, api: ResourceServer | None, requested: Sequence[str]) -> bool:
    """Whether a refresh token is due: asked for, allowed to the client, and offered by the API."""
    allowed = "refresh_token" in client.definition.grant_types and (api is None or api.allow_offline_access)
    return OFFLINE_ACCESS in requested and allowed


def issue_user_tokens(tenant: Tenant, sign_in: SignIn, *, grant: str | None = None) -> UserTokens:
    """Issues an access token, and an ID token where `openid` was asked for.

    Args:
        tenant: The tenant.
        sign_in: Whose tokens these are, and for what.
        grant: The value of `gty`, for grants that have one on people's behalf.

    Raises:
        Refusal: if the client may no longer ask for this API.
    """
    client, user = sign_in.client, sign_in.user
    api = tenant.access.api(sign_in.audience) if sign_in.audience is not None else None
    of_api: tuple[str, ...] = ()
    if api is not None:
        tenant.access.require_user_access(client, api)
        of_api = tenant.access.user_scopes(client, api, user, sign_in.scope)
    offline = may_stay_signed_in(client, api, sign_in.scope)
    scopes = tuple(
        scope
        for scope in sign_in.scope
        if scope in of_api or (scope in OIDC_SCOPES and (scope != OFFLINE_ACCESS or offline))
    )
    if api is None:
        issued = tenant.tokens.opaque_token(client, user, scopes)
    else:
        issued = tenant.tokens.access_token(
            Issuance(
                client,
                api,
                subject=user.user_id,
                scopes=scopes,
                permissions=tenant.access.permissions(user, api),
                grant=grant,
                with_userinfo="openid" in scopes,
                authorization_details=sign_in.authorization_details,
            )
        )
    members: dict[str, Any] = {"access_token": issued.token}
    if "openid" in scopes:
        members["id_token"] = tenant.tokens.id_token(
            client,
            user,
            scopes,
            sid=sign_in.sid,
            nonce=sign_in.nonce,
            auth_time=sign_in.authenticated_at if sign_in.with_auth_time else None,
        )
    if scopes:
        members["scope"] = " ".join(scopes)
    members |= {"expires_in": issued.expires_in, "token_type": "Bearer"}
    return UserTokens(scopes, issued.token_id, members)


def issue_refresh_token(tenant: Tenant, client: Client, grant: RefreshGrant) -> tuple[str, str]:
    """Starts a family of refresh tokens, and logs older tokens that had to make room.

    Returns:
        The token and its family.
    """
    token, family, dropped = tenant.refresh_tokens.issue(grant, client.definition.refresh_token)
    if dropped:
        details = {"resource": "refresh_tokens", "removed": dropped}
        tenant.log_exchange("resource_cleanup", client, user_id=grant.user_id, details=details)
    return token, family

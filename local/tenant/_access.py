"""Which scopes a token may carry: the client grant for a client itself; request, grant and roles for a person."""

from collections.abc import Sequence

from local.tenant._clients import Client
from local.tenant._errors import Refusal, service_not_found
from local.tenant._people import User
from local.tenant.definition import ClientGrant, Definition, ResourceServer

OIDC_SCOPES = ("openid", "profile", "email", "offline_access", "address", "phone")
_GRANTS_PAGE = "https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants"


class Access:
    """Decides on scopes, from the tenant definition alone."""

    def __init__(self, definition: Definition) -> None:
        self._definition = definition

    def api(self, audience: str) -> ResourceServer:
        """The API with this identifier.

        Raises:
            Refusal: `Service not found`.
        """
        api = self._definition.apis.get(audience)
        if api is None:
            raise service_not_found(audience)
        return api

    def client_scopes(self, client: Client, audience: str, requested: Sequence[str] | None) -> tuple[str, ...]:
        """The scopes of a token for the client itself: all of its grant, or those asked for.

        Raises:
            Refusal: without a grant, or for a scope beyond it.
        """
        api = self.api(audience)
        grant = self._grant(client, api, "client")
        if grant is None or api.subject_type_authorization.client.policy == "deny_all":
            raise Refusal(
                403,
                "access_denied",
                f'Client is not authorized to access "{audience}". '
                f'You need to create a "client-grant" associated to this API. See: {_GRANTS_PAGE}',
            )
        granted = _granted(grant, api)
        if requested is None:
            return granted
        if beyond := [scope for scope in requested if scope not in granted]:
            raise Refusal(403, "access_denied", f"Client has not been granted scopes: {', '.join(beyond)}")
        return tuple(requested)

    def require_user_access(self, client: Client, api: ResourceServer) -> None:
        """Checks that a client may ask for tokens of this API on behalf of people at all.

        Raises:
            Refusal: if the API's policy denies it.
        """
        if self._most_for_users(client, api) is None:
            raise Refusal(
                403,
                "invalid_request",
                f'Client "{client.client_id}" is not authorized to access resource server "{api.identifier}".',
            )

    def user_scopes(
        self, client: Client, api: ResourceServer, user: User, requested: Sequence[str] | None
    ) -> tuple[str, ...]:
        """The API's scopes that a token on this person's behalf may carry.

        What was asked for (all, for None), within the API's own scopes, the client's grant where the API's policy asks
        for one, and the permissions of the person's roles where the API has RBAC on. The rest is dropped in silence.
        """
        most = self._most_for_users(client, api) or ()
        if api.enforce_policies:
            held = self.permissions(user, api)
            most = tuple(scope for scope in most if scope in held)
        return most if requested is None else tuple(scope for scope in requested if scope in most)

    def permissions(self, user: User, api: ResourceServer) -> tuple[str, ...]:
        """What the person's roles let them do at this API, in the order of the API's scopes."""
        held = {
            permission.permission_name
            for name in user.roles
            if (role := self._definition.roles_by_name.get(name)) is not None
            for permission in role.permissions
            if permission.resource_server_identifier == api.identifier
        }
        return tuple(scope for scope in api.scope_values if scope in held)

    def details_types(self, client: Client, audience: str) -> tuple[str, ...]:
        """The types of `authorization_details` that the client may ask people for at this API."""
        grant = self._grant(client, self.api(audience), "user")
        return () if grant is None else grant.authorization_details_types

    def has_user_grant(self, client: Client, api: ResourceServer) -> bool:
        """Whether there is a client grant for tokens on behalf of people."""
        return self._grant(client, api, "user") is not None

    def _most_for_users(self, client: Client, api: ResourceServer) -> tuple[str, ...] | None:
        policy = api.subject_type_authorization.user.policy
        grant = self._grant(client, api, "user")
        if policy == "deny_all" or (policy == "require_client_grant" and grant is None):
            return None
        return api.scope_values if policy == "allow_all" or grant is None else _granted(grant, api)

    def _grant(self, client: Client, api: ResourceServer, subject_type: str) -> ClientGrant | None:
        return self._definition.grants.get((client.name, api.identifier, subject_type))


def _granted(grant: ClientGrant, api: ResourceServer) -> tuple[str, ...]:
    return api.scope_values if grant.allow_all_scopes else grant.scope

"""What the local tenant takes for known is what the published client of the Management API declares."""

import re
from pathlib import Path

import pytest

from local.tenant.management import _known as known
from local.tenant.resources import FACTORS
from tests.auth0._deploy_cli import find_cli

BODIES = {
    "CreateResourceServerRequestContent": known.CREATE_API,
    "UpdateResourceServerRequestContent": known.UPDATE_API,
    "CreateClientRequestContent": known.CREATE_CLIENT,
    "UpdateClientRequestContent": known.UPDATE_CLIENT,
    "PostClientCredentialRequestContent": known.CREATE_CREDENTIAL,
    "CreateClientGrantRequestContent": known.CREATE_GRANT,
    "UpdateClientGrantRequestContent": known.UPDATE_GRANT,
    "CreateConnectionRequestContent": known.CREATE_CONNECTION,
    "UpdateConnectionRequestContent": known.UPDATE_CONNECTION,
    "CreateRoleRequestContent": known.CREATE_ROLE,
    "UpdateRoleRequestContent": known.UPDATE_ROLE,
    "UpdateTenantSettingsRequestContent": known.UPDATE_TENANT,
}
ENUMS = {
    "GuardianFactorNameEnum": set(FACTORS),
    "ResourceServerTokenDialectSchemaEnum": {
        *("access_token", "access_token_authz", "rfc9068_profile", "rfc9068_profile_authz")
    },
    "ResourceServerSubjectTypeAuthorizationUserPolicyEnum": {"allow_all", "deny_all", "require_client_grant"},
    "ResourceServerSubjectTypeAuthorizationClientPolicyEnum": {"deny_all", "require_client_grant"},
    "ClientTokenEndpointAuthMethodEnum": {"none", "client_secret_post", "client_secret_basic"},
    "AsyncApprovalNotificationsChannelsEnum": {"guardian-push", "email"},
    "PublicKeyCredentialAlgorithmEnum": {"RS256", "RS384", "PS256"},
    "RefreshTokenRotationTypeEnum": {"rotating", "non-rotating"},
    "RefreshTokenExpirationTypeEnum": {"expiring", "non-expiring"},
}
IN_PART = {
    "ClientGrantSubjectTypeEnum": {"client", "user"},
    "ClientAppTypeEnum": {"native", "spa", "regular_web", "non_interactive", "resource_server"},
    "ClientTokenExchangeTypeEnum": {"on_behalf_of_token_exchange"},
    "ConnectionStrategyEnum": {"auth0", "okta"},
    "SigningAlgorithmEnum": {"RS256"},
}
"""Of these the local tenant does some, and refuses the others in its own words."""


@pytest.fixture(scope="module")
def types() -> str:
    """The client's type declarations, without their comments."""
    folder: Path = find_cli() / "node_modules/auth0/dist/cjs/management/api"
    files = (folder / "requests/requests.d.ts", folder / "types/types.d.ts")
    return re.sub(r"/\*\*.*?\*/", "", "".join(file.read_text(encoding="utf-8") for file in files), flags=re.DOTALL)


@pytest.mark.parametrize("name", BODIES)
def test_the_members_of_a_request_are_those_of_the_published_client(types: str, name: str) -> None:
    declared = re.search(rf"export interface {name} \{{\n(.*?)^\}}", types, re.DOTALL | re.MULTILINE)
    assert declared is not None
    assert set(re.findall(r"^    (\w+)\??:", declared[1], re.MULTILINE)) == BODIES[name]


@pytest.mark.parametrize("name", ENUMS)
def test_the_values_of_a_member_are_those_of_the_published_client(types: str, name: str) -> None:
    assert values(types, name) == ENUMS[name]


@pytest.mark.parametrize("name", IN_PART)
def test_what_the_local_tenant_does_is_among_what_the_published_client_knows(types: str, name: str) -> None:
    assert IN_PART[name] < values(types, name)


def values(types: str, name: str) -> set[str]:
    declared = re.search(rf"export declare const {name}: \{{\n(.*?)^\}}", types, re.DOTALL | re.MULTILINE)
    assert declared is not None
    return set(re.findall(r'readonly \w+: "([^"]+)"', declared[1]))

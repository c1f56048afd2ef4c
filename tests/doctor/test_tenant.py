"""Each mistake in an Auth0 tenant: what fails because of it, that it is found by its name alone, what mends it."""

import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from local.tenant.testing import LocalTenant
from portal.doctor import CHECKS, Tenant
from shared.testing import LoopbackServer
from tests.doctor._tenants import (
    NOT_CONNECTED,
    VAULT_GRANT,
    Change,
    Document,
    api,
    begins_to_connect,
    brought_by_the_web_chat,
    client,
    connection,
    connects,
    deployed,
    device,
    exchanged,
    found_in,
    grant,
    lives,
    machine,
    searched,
    signs_in_for,
    stays_signed_in,
    vaulted,
    without_grant,
    written,
)
from tests.doctor.conftest import OpenTenant
from tests.tenant._ciba import ask
from tests.tenant._vault import Vault

CIBA_GRANT = "urn:openid:params:grant-type:ciba"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
APPROVALS = "Password reset approvals"
LOOKUP = "Account lookup API client"
EXCHANGER = "Supervisor API client"
COMMAND_LINE = "Help desk command line"


@dataclass(frozen=True)
class Mistake:
    """One mistake.

    Attributes:
        check: Its name.
        make: Makes it, in the definition that is deployed.
        mend: Does what the check says to do about it.
        where: What is found has this in it.
        try_it: A request that fails because of it, and says how.
        fails: How it is answered then.
        works: How it is answered where all is well.
    """

    check: str
    make: Change
    mend: Change
    where: str
    try_it: Callable[[LocalTenant], Awaitable[str]]
    fails: str
    works: str = "ok"


async def asked(tenant: LocalTenant) -> str:
    """How a request for approval is answered."""
    response = await ask(tenant)
    return "ok" if response.is_success else f"{response.status_code} {response.json()['error']}"


def user_grant_as_client(document: Document) -> None:
    grant(document, EXCHANGER, "/account_lookup")["subject_type"] = "client"


def user_grant_anew(document: Document) -> None:
    document["clientGrants"].append(
        {
            "client_id": EXCHANGER,
            "audience": "##API_BASE##/account_lookup",
            "subject_type": "user",
            "scope": ["account:read", "people:read"],
        }
    )


def linked_to_another(document: Document) -> None:
    client(document, EXCHANGER)["resource_server_identifier"] = "##API_BASE##/gateway"


def linked(document: Document) -> None:
    client(document, EXCHANGER)["resource_server_identifier"] = "##API_BASE##/supervisor"


def nobody_may_reset(document: Document) -> None:
    for role in document["roles"]:
        role["permissions"] = [p for p in role["permissions"] if p["permission_name"] != "password:reset"]


def employees_may_reset(document: Document) -> None:
    document["roles"][0]["permissions"].append(
        {"resource_server_identifier": "##API_BASE##/password_reset", "permission_name": "password:reset"}
    )


def invoke_for_people(document: Document) -> None:
    """Somebody gives the scope to the role, and to the grant, so that "it works"."""
    document["roles"][0]["permissions"].append(
        {"resource_server_identifier": "##API_BASE##/account_lookup", "permission_name": "agent:invoke"}
    )
    grant(document, EXCHANGER, "/account_lookup")["scope"].append("agent:invoke")


def invoke_for_agents(document: Document) -> None:
    document["roles"][0]["permissions"].pop()


def vault_for_the_web_chat(document: Document) -> None:
    client(document, "Help desk web")["grant_types"].append(VAULT_GRANT)


def my_account_as_client(document: Document) -> None:
    grant(document, COMMAND_LINE, "MY_ACCOUNT_AUDIENCE##")["subject_type"] = "client"


def my_account_anew(document: Document) -> None:
    document["clientGrants"].append(grant(document, COMMAND_LINE, "MY_ACCOUNT_AUDIENCE##") | {"subject_type": "user"})


MISTAKES = (
    Mistake(
        "auth0/client-grant-missing",
        make=lambda d: without_grant(d, "Supervisor", "/account_lookup"),
        mend=lambda d: d["clientGrants"].append(grant(deployed(), "Supervisor", "/account_lookup")),
        where="clientGrants to https://helpdesk.example/account_lookup",
        try_it=machine,
        fails="403 access_denied",
    ),
    Mistake(
        "auth0/client-grant-missing",
        make=lambda d: grant(d, "Supervisor", "/account_lookup").update(scope=[]),
        mend=lambda d: grant(d, "Supervisor", "/account_lookup").update(scope=["agent:invoke"]),
        where="without agent:invoke",
        try_it=machine,
        fails="403 access_denied",
    ),
    Mistake(
        "auth0/token-dialect",
        make=lambda d: api(d, "account_lookup").pop("token_dialect"),
        mend=lambda d: api(d, "account_lookup").update(token_dialect="rfc9068_profile_authz"),
        where="access_token",
        try_it=partial(machine, by_client_id=True),
        fails="client_id mismatch",
    ),
    Mistake(
        "auth0/signing-algorithm",
        make=lambda d: api(d, "account_lookup").update(signing_alg="HS256"),
        mend=lambda d: api(d, "account_lookup").update(signing_alg="RS256"),
        where="HS256",
        try_it=machine,
        fails="token_algorithm",
    ),
    Mistake(
        "auth0/rbac-off",
        make=lambda d: api(d, "password_reset").pop("enforce_policies"),
        mend=lambda d: api(d, "password_reset").update(enforce_policies=True),
        where="/password_reset].enforce_policies",
        try_it=partial(exchanged, agent="password_reset", scopes=["password:reset"], login="casey.moreno"),
        fails="ok",  # for a contractor, whose role does not hold it
        works="403 access_denied",
    ),
    Mistake(
        "auth0/open-to-every-client",
        make=lambda d: api(d, "password_reset").pop("subject_type_authorization"),
        mend=lambda d: api(d, "password_reset").update(
            subject_type_authorization={
                "user": {"policy": "require_client_grant"},
                "client": {"policy": "require_client_grant"},
            }
        ),
        where="allow_all",
        try_it=partial(signs_in_for, agent="password_reset", scope="password:reset"),
        fails="token with password:reset",
        works="refused",
    ),
    Mistake(
        "auth0/consent-asked",
        make=lambda d: api(d, "account_lookup").pop("skip_consent_for_verifiable_first_party_clients"),
        mend=lambda d: api(d, "account_lookup").update(skip_consent_for_verifiable_first_party_clients=True),
        where="/account_lookup]",
        try_it=exchanged,
        fails="403 consent_required",
    ),
    Mistake(
        "auth0/offline-access",
        make=lambda d: api(d, "supervisor").update(allow_offline_access=False),
        mend=lambda d: api(d, "supervisor").update(allow_offline_access=True),
        where="allow_offline_access",
        try_it=stays_signed_in,
        fails="no refresh token",
    ),
    Mistake(
        "auth0/offline-access",
        make=lambda d: client(d, COMMAND_LINE)["grant_types"].remove("refresh_token"),
        mend=lambda d: client(d, COMMAND_LINE)["grant_types"].append("refresh_token"),
        where="clients[Help desk command line].grant_types",
        try_it=stays_signed_in,
        fails="no refresh token",
    ),
    Mistake(
        "auth0/token-lifetime",
        make=lambda d: api(d, "account_lookup").pop("token_lifetime"),
        mend=lambda d: api(d, "account_lookup").update(token_lifetime=900),
        where="86400 seconds",
        try_it=lives,
        fails="86400 s",
        works="900 s",
    ),
    Mistake(
        "auth0/scope-in-no-role",
        make=nobody_may_reset,
        mend=employees_may_reset,
        where="password:reset is in none",
        try_it=partial(exchanged, agent="password_reset", scopes=["password:reset"]),
        fails="403 access_denied",
    ),
    Mistake(
        "auth0/agents-scope-in-role",
        make=invoke_for_people,
        mend=invoke_for_agents,
        where="roles[Employee]",
        try_it=partial(exchanged, scopes=["agent:invoke"]),
        fails="ok",
        works="403 access_denied",
    ),
    Mistake(
        "auth0/api-client-not-linked",
        make=linked_to_another,
        mend=linked,
        where="/supervisor",
        try_it=exchanged,
        fails="403 unauthorized_client",
    ),
    Mistake(
        "auth0/exchange-off",
        make=lambda d: client(d, EXCHANGER).pop("token_exchange"),
        mend=lambda d: client(d, EXCHANGER).update(
            token_exchange={"allow_any_profile_of_type": ["on_behalf_of_token_exchange"]}
        ),
        where="clients[Supervisor API client]",
        try_it=exchanged,
        fails="403 unauthorized_client",
    ),
    Mistake(
        "auth0/user-grant-missing",
        make=user_grant_as_client,
        mend=user_grant_anew,
        where="/account_lookup",
        try_it=exchanged,
        fails="403 access_denied",
    ),
    Mistake(
        "auth0/user-grant-missing",
        make=lambda d: without_grant(d, "Docs search API client", "/gateway"),
        mend=lambda d: d["clientGrants"].append(grant(deployed(), "Docs search API client", "/gateway")),
        where="/gateway",
        try_it=searched,
        fails="403 access_denied",
    ),
    Mistake(
        "auth0/user-grant-scopes",
        make=lambda d: grant(d, EXCHANGER, "/password_reset")["scope"].remove("account:unlock"),
        mend=lambda d: grant(d, EXCHANGER, "/password_reset")["scope"].append("account:unlock"),
        where="without account:unlock",
        try_it=partial(exchanged, agent="password_reset", scopes=["password:read", "account:unlock"]),
        fails="without account:unlock",
    ),
    Mistake(
        "auth0/sign-in-grant-missing",
        make=lambda d: without_grant(d, COMMAND_LINE, "/supervisor"),
        mend=lambda d: d["clientGrants"].append(grant(deployed(), COMMAND_LINE, "/supervisor")),
        where="clientGrants[Help desk command line / https://helpdesk.example/supervisor]",
        try_it=partial(signs_in_for, agent="supervisor", scope="helpdesk:ask"),
        fails="refused",
        works="token with helpdesk:ask",
    ),
    Mistake(
        "auth0/device-flow-off",
        make=lambda d: client(d, COMMAND_LINE)["grant_types"].remove(DEVICE_GRANT),
        mend=lambda d: client(d, COMMAND_LINE)["grant_types"].append(DEVICE_GRANT),
        where="clients[Help desk command line]",
        try_it=device,
        fails="403 unauthorized_client",
    ),
    Mistake(
        "auth0/connection-not-enabled",
        make=lambda d: connection(d)["enabled_clients"].remove(LOOKUP),
        mend=lambda d: connection(d)["enabled_clients"].append(LOOKUP),
        where="connections[directory-read].enabled_clients",
        try_it=vaulted,
        fails="403 unauthorized_client",
        works=NOT_CONNECTED,
    ),
    Mistake(
        "auth0/connection-not-enabled",
        make=lambda d: connection(d)["enabled_clients"].remove(COMMAND_LINE),
        mend=lambda d: connection(d)["enabled_clients"].append(COMMAND_LINE),
        where="without Help desk command line",
        try_it=begins_to_connect,
        fails="400",
    ),
    Mistake(
        "auth0/connected-accounts-off",
        make=lambda d: connection(d).update(connected_accounts={"active": False}),
        mend=lambda d: connection(d).update(connected_accounts={"active": True}),
        where="connections[directory-read].connected_accounts",
        try_it=vaulted,
        fails="400 invalid_request",
        works=NOT_CONNECTED,
    ),
    Mistake(
        "auth0/token-vault-off",
        make=lambda d: client(d, LOOKUP)["grant_types"].remove(VAULT_GRANT),
        mend=lambda d: client(d, LOOKUP)["grant_types"].append(VAULT_GRANT),
        where="clients[Account lookup API client].grant_types",
        try_it=vaulted,
        fails="403 unauthorized_client",
        works=NOT_CONNECTED,
    ),
    Mistake(
        "auth0/rotation-with-token-vault",
        make=vault_for_the_web_chat,
        mend=lambda d: client(d, "Help desk web")["refresh_token"].update(rotation_type="non-rotating"),
        where="clients[Help desk web].refresh_token.rotation_type",
        try_it=brought_by_the_web_chat,
        fails="403 unauthorized_client",
        works=NOT_CONNECTED,
    ),
    Mistake(
        "auth0/my-account-grant",
        make=my_account_as_client,
        mend=my_account_anew,
        where="clientGrants[Help desk command line / My Account API]",
        try_it=connects,
        fails="403 invalid_request",
    ),
    Mistake(
        "auth0/my-account-policy",
        make=lambda d: client(d, COMMAND_LINE)["refresh_token"].pop("policies"),
        mend=lambda d: client(d, COMMAND_LINE)["refresh_token"].update(
            policies=client(deployed(), COMMAND_LINE)["refresh_token"]["policies"]
        ),
        where="clients[Help desk command line].refresh_token.policies",
        try_it=connects,
        fails="403 invalid_grant",
    ),
    Mistake(
        "auth0/mfa-always",
        make=lambda d: d.update(guardianPolicies={"policies": ["all-applications"]}),
        mend=lambda d: d.update(guardianPolicies={"policies": []}),
        where="guardianPolicies: all-applications",
        try_it=vaulted,
        fails="403 mfa_required",
        works=NOT_CONNECTED,
    ),
    Mistake(
        "auth0/ciba-off",
        make=lambda d: client(d, APPROVALS).update(grant_types=[]),
        mend=lambda d: client(d, APPROVALS).update(grant_types=[CIBA_GRANT]),
        where="/password_reset",
        try_it=asked,
        fails="403 unauthorized_client",
    ),
    Mistake(
        "auth0/ciba-channel",
        make=lambda d: client(d, APPROVALS).update(async_approval_notification_channels=["email"]),
        mend=lambda d: client(d, APPROVALS).update(async_approval_notification_channels=["guardian-push"]),
        where="clients[Password reset approvals].async_approval_notification_channels: email",
        try_it=asked,
        fails="400 invalid_request",
    ),
    Mistake(
        "auth0/push-factor-off",
        make=lambda d: d["guardianFactors"][0].update(enabled=False),
        mend=lambda d: d["guardianFactors"][0].update(enabled=True),
        where="guardianFactors[push-notification]",
        try_it=asked,
        fails="400 invalid_request",
    ),
    Mistake(
        "auth0/details-type",
        make=lambda d: grant(d, APPROVALS, "/password_reset").pop("authorization_details_types"),
        mend=lambda d: grant(d, APPROVALS, "/password_reset").update(
            authorization_details_types=["urn:auth0:schemas:authorization-details:v1:helpdesk-action"]
        ),
        where="authorization_details_types",
        try_it=asked,
        fails="400 invalid_authorization_details",
    ),
    Mistake(
        "auth0/details-type",
        make=lambda d: api(d, "password_reset").pop("authorization_details"),
        mend=lambda d: api(d, "password_reset").update(
            authorization_details=api(deployed(), "password_reset")["authorization_details"]
        ),
        where="/password_reset].authorization_details",
        try_it=asked,
        fails="400 invalid_authorization_details",
    ),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.check)
async def test_a_mistake_fails_is_found_and_is_mended(
    mistake: Mistake, tmp_path: Path, open_tenant: OpenTenant
) -> None:
    document = deployed()
    mistake.make(document)
    path = written(document, tmp_path)
    assert await mistake.try_it(open_tenant(path)) == mistake.fails
    found = found_in(path)
    assert list(found) == [mistake.check]
    assert any(mistake.where in each for each in found[mistake.check]), found

    mistake.mend(document)
    path = written(document, tmp_path)
    assert found_in(path) == {}
    assert await mistake.try_it(open_tenant(path)) == mistake.works


async def test_a_connection_that_brings_no_refresh_token(
    tmp_path: Path, first_run: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The directory issues none where it is not asked for offline_access, and nothing can be kept."""
    document = deployed()
    good = connection(document)["options"]["scope"]
    connection(document)["options"]["scope"] = good.replace("offline_access ", "")
    for scope, status, expected in (
        (connection(document)["options"]["scope"], 400, ["auth0/connection-offline-access"]),
        (good, 201, []),
    ):
        connection(document)["options"]["scope"] = scope
        path = written(document, tmp_path)
        folder = shutil.copytree(first_run, tmp_path_factory.mktemp("vault") / "var")
        with LoopbackServer() as server:
            mappings = {"DIRECTORY_URL": server.url.rstrip("/"), "DIRECTORY_DOMAIN": "127.0.0.1"}
            tenant = LocalTenant(folder, tenant_definition=path, auth0_keyword_replace_mappings=mappings)
            with tenant:
                assert (await Vault(tenant, server).connect()).status_code == status
        assert list(found_in(path)) == expected


def test_the_definition_that_is_deployed_has_none(tmp_path: Path) -> None:
    assert found_in(written(deployed(), tmp_path)) == {}


def test_every_check_of_a_tenants_file_is_among_them() -> None:
    of_files = {check.name for check in CHECKS if Tenant in check.facts}
    assert of_files - {mistake.check for mistake in MISTAKES} <= {
        "auth0/api-missing",
        "auth0/connection-missing",
        "auth0/connection-offline-access",
    }

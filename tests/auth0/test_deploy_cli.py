"""The real Auth0 Deploy CLI brings `deploy/auth0/tenant.yaml` to a tenant that began empty, and that tenant serves.

One tenant is deployed to, and kept in mind after each step, because a run of the CLI takes longer than most tests: it
compiles a JSON schema of eight megabytes twice, and asks for at most eight things a second.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from local.tenant._keywords import keyword_value
from local.tenant.definition import Definition, load_definition
from local.tenant.resources import Kind
from local.tenant.testing import LocalTenant, claims_of
from shared.testing import LoopbackServer
from tests.auth0._deploy_cli import TENANT_FILE, DeployCli, Run
from tests.auth0._difference import differences, wanted_of
from tests.auth0._tls import TlsFront
from tests.tenant._ciba import DETAILS, decide, poll, started
from tests.tenant._vault import RESET, Vault

pytestmark = pytest.mark.timeout(600)

STRAY = "Somebody's experiment"
SUPERVISOR_API = "Help desk supervisor"
State = dict[str, list[tuple[str, dict[str, Any]]]]


@dataclass
class Deployment:
    """A tenant, what the CLI did with it step by step, and what the tenant was after each step."""

    vault: Vault
    cli: DeployCli
    first: Run
    made: State
    defined: Definition
    exported: dict[str, Any]
    drifted: dict[str, Any]
    again: Run
    remade: State
    deleting: Run
    cleared: State

    @property
    def tenant(self) -> LocalTenant:
        return self.vault.tenant


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("deployment")
    with LoopbackServer() as directory:
        mappings = {"DIRECTORY_URL": directory.url.rstrip("/"), "DIRECTORY_DOMAIN": "127.0.0.1"}
        tenant = LocalTenant(folder / "var", tenant_managed=True, auth0_keyword_replace_mappings=mappings)
        with tenant, TlsFront(tenant.settings.port, folder) as front:
            cli = DeployCli(tenant, front, folder)
            first = cli.run("import")
            assert first.ok, first.said
            made, defined, exported = state(tenant), tenant.tenant.definition, cli.export()
            asyncio.run(change_by_hand(tenant))
            drifted = cli.export()
            again = cli.run("import")
            remade = state(tenant)
            deleting = cli.run("import", AUTH0_ALLOW_DELETE=True)
            yield Deployment(
                *(Vault(tenant, directory), cli, first, made, defined, exported),
                *(drifted, again, remade, deleting, state(tenant)),
            )


def state(tenant: LocalTenant) -> State:
    """All that the tenant is made of, with its ids; the order in which things came to be is the CLI's affair."""
    resources = tenant.tenant.resources
    return {kind: sorted((row.id, row.body) for row in resources.all(kind)) for kind in Kind}


async def change_by_hand(tenant: LocalTenant) -> None:
    """What people do in the dashboard when nobody looks: a longer lifetime, another scope, a client of their own."""
    apis = (await tenant.manage("GET", "resource-servers")).json()
    (supervisor,) = [api["id"] for api in apis if api["name"] == SUPERVISOR_API]
    (grant,) = [
        grant["id"]
        for grant in (await tenant.manage("GET", "client-grants")).json()
        if grant["client_id"] == tenant.client("Supervisor API client").client_id
        and grant["audience"] == tenant.api("docs_search")
    ]
    for method, path, body in (
        ("PATCH", f"resource-servers/{supervisor}", {"token_lifetime": 86400}),
        ("PATCH", f"client-grants/{grant}", {"scope": ["docs:read", "agent:invoke"]}),
        ("POST", "clients", {"name": STRAY, "app_type": "non_interactive", "grant_types": ["client_credentials"]}),
    ):
        response = await tenant.manage(method, path, body)
        assert response.is_success, response.text


def names(exported: dict[str, Any], section: str) -> set[str]:
    return {entry["name"] for entry in exported[section]}


def test_an_empty_tenant_becomes_what_a_tenant_is_that_reads_the_file(deployment: Deployment) -> None:
    settings = deployment.tenant.settings
    read = load_definition(TENANT_FILE, lambda name: keyword_value(name, settings))

    made = deployment.defined
    assert made.apis.items() >= read.apis.items()
    assert made.grants.items() >= read.grants.items()
    assert made.roles_by_name == read.roles_by_name
    assert made.connections_by_name == read.connections_by_name
    assert {client.name: client for client in made.clients}.items() >= {
        client.name: client for client in read.clients
    }.items()
    assert [(base.name, base.options, set(base.enabled_clients)) for base in made.databases] == [
        (base.name, base.options, set(base.enabled_clients)) for base in read.databases
    ]
    assert (made.tenant, made.guardianPolicies) == (read.tenant, read.guardianPolicies)
    assert set(read.guardianFactors) <= set(made.guardianFactors)
    assert {client.name for client in made.clients} - {client.name for client in read.clients} == {"Local management"}
    assert not [line for line in deployment.first.said.splitlines() if "failed" in line or "Unable" in line]


def test_an_export_shows_no_drift_from_the_file(deployment: Deployment) -> None:
    assert differences(wanted_of(deployment.cli.keywords()), deployment.exported) == []


def test_an_export_shows_what_was_changed_by_hand(deployment: Deployment) -> None:
    assert differences(wanted_of(deployment.cli.keywords()), deployment.drifted) == [
        f"clientGrants.Supervisor API client / {deployment.tenant.api('docs_search')} / user.scope",
        f"resourceServers.{deployment.tenant.api('supervisor')}.token_lifetime",
    ]
    assert names(deployment.drifted, "clients") - names(deployment.exported, "clients") == {STRAY}


def test_a_second_import_puts_everything_back_and_makes_nothing_anew(deployment: Deployment) -> None:
    assert deployment.again.ok, deployment.again.said
    client_id = next(client_id for client_id, body in deployment.remade[Kind.CLIENT] if body["name"] == STRAY)
    left = [(client, body) for client, body in deployment.remade[Kind.CLIENT] if client != client_id]
    assert deployment.remade | {Kind.CLIENT: left} == deployment.made


def test_what_it_always_writes(deployment: Deployment) -> None:
    """The CLI does not compare before it writes: whatever it manages, it writes again, once for each."""
    kinds = Counter({(method, path.split("/")[3]): 0 for method, path in deployment.again.writes if "/v2/" in path})
    for (method, path), times in deployment.again.writes.items():
        if "/v2/" in path:
            kinds[method, path.split("/")[3]] += times
    assert kinds == {
        ("PATCH", "resource-servers"): 6,
        ("PATCH", "clients"): 14,  # the six with keys once more, to name the keys
        ("PATCH", "connections"): 3,
        ("PATCH", "client-grants"): 12,
        ("PATCH", "roles"): 4,
        ("DELETE", "roles"): 4,  # the permissions of each role, and again:
        ("POST", "roles"): 4,
        ("PATCH", "tenants"): 1,
        ("PUT", "guardian"): 2,
    }


def test_what_the_file_does_not_name_is_left_unless_deleting_is_allowed(deployment: Deployment) -> None:
    assert "should be deleted" in deployment.again.said
    assert STRAY in deployment.again.said
    assert STRAY in {body["name"] for _, body in deployment.remade[Kind.CLIENT]}

    assert deployment.deleting.ok, deployment.deleting.said
    deleted = [path for method, path in deployment.deleting.writes if method == "DELETE" and "/roles/" not in path]
    assert len(deleted) == 1
    assert deployment.cleared == deployment.made


async def test_what_was_deployed_serves_a_person_through_every_hop(deployment: Deployment) -> None:
    tenant = deployment.tenant
    signed_in = await tenant.sign_in("casey.moreno")
    for agent, scope in (("account_lookup", "account:read"), ("docs_search", "docs:read")):
        workload = claims_of(await tenant.client_credentials(tenant.api(agent)))
        assert (workload["scope"], workload["client_id"]) == ("agent:invoke", tenant.client("Supervisor").client_id)
        delegated = claims_of(await tenant.exchange(signed_in, tenant.api(agent)))
        assert (delegated["sub"], delegated["scope"]) == (tenant.user_id("casey.moreno"), scope)
        assert delegated["act"]["sub"] == tenant.client("Supervisor API client").client_id
    delegated_token = await tenant.exchange(signed_in, tenant.api("docs_search"))
    gateway = claims_of(await tenant.exchange(delegated_token, tenant.api("gateway"), client="Docs search API client"))
    assert gateway["scope"] == "docs:read"
    assert gateway["act"]["act"]["sub"] == tenant.client("Supervisor API client").client_id
    assert "scope" not in claims_of(await tenant.exchange(signed_in, tenant.api("password_reset")))


async def test_what_was_deployed_asks_people_for_approval(deployment: Deployment) -> None:
    tenant = deployment.tenant
    auth_req_id = await started(tenant)
    async with tenant.http() as http:
        assert (await decide(tenant, http)).is_success
    token = claims_of((await poll(tenant, auth_req_id)).json()["access_token"])
    assert (token["scope"], token["authorization_details"]) == ("openid action:approve", DETAILS)
    assert token["aud"][0] == tenant.api("password_reset")


async def test_what_was_deployed_lends_each_agent_its_own_account_of_a_person(deployment: Deployment) -> None:
    vault = deployment.vault
    assert (await vault.connect()).status_code == 201
    subject = await vault.subject_token()
    assert (await vault.exchange(subject)).json()["access_token"] in {
        issued["access_token"] for issued in vault.ear.issued()
    }
    status, error = await vault.refusal(await vault.subject_token(agent="password_reset"), RESET)
    assert (status, error) == (403, "unauthorized_client")

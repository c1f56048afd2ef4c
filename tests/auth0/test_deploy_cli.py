"""The real Auth0 Deploy CLI brings `deploy/auth0/tenant.yaml` to a tenant that began empty, and that tenant serves.

One tenant is deployed to, and kept in mind after each step, because a run of the CLI takes longer than most tests: it
compiles a JSON schema of eight megabytes twice, and asks for at most eight things a second.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.tenant._keywords import keyword_value
from local.tenant._system import MANAGEMENT_CLIENT
from local.tenant.definition import Definition, load_definition
from local.tenant.resources import Kind
from local.tenant.testing import ROOT, LocalTenant, claims_of
from tests.auth0._deploy_cli import TENANT_FILE, DeployCli, Run, find_cli
from tests.auth0._difference import differences, wanted_of
from tests.auth0._tls import TlsFront
from tests.doctor._tenants import found_in
from tests.flows._world import Person, World, new_client
from tests.tenant._ciba import decide

pytestmark = pytest.mark.timeout(1200)

DONE = "TASK_STATE_COMPLETED"
STRAY = "Somebody's experiment"
DEPLOYER = "Deploy CLI"
SUPERVISOR_API = "Help desk supervisor"
NEW_KEY = "supervisor-2"
HOW_TO = ROOT / "docs/how-to/deploy-the-auth0-tenant.md"
State = dict[str, dict[str, dict[str, Any]]]


@dataclass
class Deployment:
    """A tenant, what the CLI did with it step by step, and what the tenant was after each step.

    Attributes:
        world: The tenant, with everything that stands on it.
        cli: Runs the CLI.
        first, made, defined: The import into the empty tenant, and what came of it.
        exported: The export after it.
        drifted: The export after changes by hand.
        again, remade, both_keys: The import after those, of a file with a second key, and how each key fares then.
        deleting, cleared, one_key: The import of the first file with deletions allowed, and how each key fares then.
    """

    world: World
    cli: DeployCli
    first: Run
    made: State
    defined: Definition
    exported: dict[str, Any]
    findings: dict[str, list[str]]
    drifted: dict[str, Any]
    again: Run
    remade: State
    both_keys: list[int]
    deleting: Run
    cleared: State
    one_key: list[int]

    @property
    def tenant(self) -> LocalTenant:
        return self.world.tenant


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    find_cli()  # before anything is started that nobody would stop
    folder = tmp_path_factory.mktemp("deployment")
    world = World(folder / "var", managed=True)
    tenant = world.tenant
    tenant.start()
    with TlsFront(tenant.settings.port, folder) as front:
        cli = DeployCli(tenant, front, folder, asyncio.run(deployer(tenant)))
        first = cli.bring()
        assert first.ok, first.said
        made, defined, exported = state(tenant), tenant.tenant.definition, cli.export()
        findings = found_in(cli.exported)
        asyncio.run(change_by_hand(tenant))
        drifted = cli.export()
        again = cli.bring(with_second_key(folder), SUPERVISOR_NEXT_PUBLIC_KEY=next_key(tenant))
        remade, both_keys = state(tenant), asyncio.run(keys_taken(tenant))
        asyncio.run(let_it_delete(tenant))
        deleting = cli.bring(AUTH0_ALLOW_DELETE="true", AUTH0_EXCLUDED_CLIENTS=json.dumps([MANAGEMENT_CLIENT]))
        cleared, one_key = state(tenant), asyncio.run(keys_taken(tenant))
    with world:
        yield Deployment(
            *(world, cli, first, made, defined, exported, findings, drifted),
            *(again, remade, both_keys, deleting, cleared, one_key),
        )


def scopes(marker: str) -> list[str]:
    """The scopes that the how-to has people give the CLI's client, from the block that follows some words."""
    block = re.search(rf"{marker}.*?```text\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    return block[1].split()


async def deployer(tenant: LocalTenant) -> tuple[str, str]:
    """Makes the client that the CLI works as, as the how-to says, and returns its id and secret."""
    body = {"name": DEPLOYER, "app_type": "non_interactive", "grant_types": ["client_credentials"]}
    client = (await tenant.manage("POST", "clients", body)).json()
    grant = {"client_id": client["client_id"], "audience": f"{tenant.issuer}api/v2/", "scope": scopes("these scopes")}
    assert (await tenant.manage("POST", "client-grants", grant)).is_success
    return client["client_id"], client["client_secret"]


async def let_it_delete(tenant: LocalTenant) -> None:
    """Gives the client the scopes that deleting needs, too."""
    grants = (await tenant.manage("GET", f"client-grants?client_id={tenant.client(DEPLOYER).client_id}")).json()
    body = {"scope": [*scopes("these scopes"), *scopes("to delete")]}
    assert (await tenant.manage("PATCH", f"client-grants/{grants[0]['id']}", body)).is_success


def state(tenant: LocalTenant) -> State:
    """All that the tenant is made of by id, but for the CLI's own client."""
    resources, own = tenant.tenant.resources, tenant.client(DEPLOYER).client_id
    return {
        kind: {row.id: row.body for row in resources.all(kind) if own not in {row.id, row.body.get("client_id")}}
        for kind in Kind
    }


async def change_by_hand(tenant: LocalTenant) -> None:
    """What people do in the dashboard when nobody looks: a longer lifetime, another scope, a client of their own."""
    apis = (await tenant.manage("GET", "resource-servers")).json()
    (supervisor,) = [api["id"] for api in apis if api["name"] == SUPERVISOR_API]
    query = f"client_id={tenant.client('Supervisor API client').client_id}&audience={tenant.api('docs_search')}"
    (grant,) = (await tenant.manage("GET", f"client-grants?{query}")).json()
    for method, path, body in (
        ("PATCH", f"resource-servers/{supervisor}", {"token_lifetime": 86400}),
        ("PATCH", f"client-grants/{grant['id']}", {"scope": ["docs:read", "agent:invoke"]}),
        ("POST", "clients", {"name": STRAY, "app_type": "non_interactive", "grant_types": ["client_credentials"]}),
    ):
        response = await tenant.manage(method, path, body)
        assert response.is_success, response.text


def with_second_key(folder: Path) -> Path:
    """The file with one more key of the supervisor's, as where it gets a new one."""
    first = '            name: supervisor-1\n            pem: "@@SUPERVISOR_PUBLIC_KEY@@"\n'
    text = TENANT_FILE.read_text(encoding="utf-8")
    assert text.count(first) == 1
    second = first.replace("supervisor-1", NEW_KEY).replace("SUPERVISOR_", "SUPERVISOR_NEXT_")
    path = folder / "with-second-key.yaml"
    path.write_text(text.replace(first, f"{first}          - credential_type: public_key\n{second}"), encoding="utf-8")
    return path


def next_key(tenant: LocalTenant) -> str:
    """The public half of a new key, whose private half is made where an agent would find it."""
    return keyword_value("SUPERVISOR_NEXT_PUBLIC_KEY", tenant.settings) or ""


async def keys_taken(tenant: LocalTenant) -> list[int]:
    """How the token endpoint answers the supervisor with its first key, and with its second."""
    folder = tenant.settings.folder / "clients"
    own = folder / "supervisor/key.pem"
    first = own.read_text(encoding="utf-8")
    found = []
    for key in (first, (folder / "supervisor-next/key.pem").read_text(encoding="utf-8")):
        own.write_text(key, encoding="utf-8")
        form = {"grant_type": "client_credentials", "audience": tenant.api("docs_search")}
        found.append((await tenant.request_token(form | tenant.credentials("Supervisor"))).status_code)
    own.write_text(first, encoding="utf-8")
    return found


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
    further = {client.name for client in made.clients} - {client.name for client in read.clients}
    assert further == {MANAGEMENT_CLIENT, DEPLOYER}
    assert not [line for line in deployment.first.said.splitlines() if "failed" in line or "Unable" in line]


def test_an_export_shows_no_drift_from_the_file(deployment: Deployment) -> None:
    assert differences(wanted_of(deployment.cli.keywords()), deployment.exported) == []


def test_an_export_shows_what_was_changed_by_hand(deployment: Deployment) -> None:
    assert differences(wanted_of(deployment.cli.keywords()), deployment.drifted) == [
        f"clientGrants.Supervisor API client / {deployment.tenant.api('docs_search')} / user.scope",
        f"resourceServers.{deployment.tenant.api('supervisor')}.token_lifetime",
    ]
    assert names(deployment.drifted, "clients") - names(deployment.exported, "clients") == {STRAY}


def test_an_export_passes_the_doctor(deployment: Deployment) -> None:
    assert deployment.findings == {}


def test_a_second_import_puts_everything_back_and_makes_nothing_anew(deployment: Deployment) -> None:
    assert deployment.again.ok, deployment.again.said
    supervisor = deployment.tenant.client("Supervisor").client_id
    for kind, made in deployment.made.items():
        remade = deployment.remade[kind]
        assert {key: body for key, body in remade.items() if key in made and key != supervisor} == {
            key: body for key, body in made.items() if key != supervisor
        }
        new = {Kind.CLIENT.value: {STRAY}, Kind.CREDENTIAL.value: {NEW_KEY}}.get(kind, set())
        assert {body["name"] for key, body in remade.items() if key not in made} == new


def test_what_it_always_writes(deployment: Deployment) -> None:
    """The CLI does not compare before it writes: whatever it manages, it writes again, once for each."""
    assert deployment.again.writes == {
        "PATCH resource-servers": 6,
        "PATCH clients": 15,  # the seven with keys once more, to name the keys
        "POST clients": 1,  # the second key: the only thing that is new
        "PATCH connections": 3,
        "PATCH client-grants": 12,
        "PATCH roles": 4,
        "DELETE roles": 4,  # the permissions of each role, and again:
        "POST roles": 4,
        "PATCH tenants": 1,
        "PUT guardian": 2,
    }


def test_what_the_file_does_not_name_is_left_unless_deleting_is_allowed(deployment: Deployment) -> None:
    assert "should be deleted" in deployment.again.said
    assert STRAY in deployment.again.said
    assert STRAY in {body["name"] for body in deployment.remade[Kind.CLIENT].values()}

    assert deployment.deleting.ok, deployment.deleting.said
    assert deployment.deleting.writes["DELETE clients"] == 2  # the experiment, and the second key
    assert {kind for kind in deployment.deleting.writes if kind.startswith("DELETE")} == {
        "DELETE clients",
        "DELETE roles",
    }
    assert deployment.cleared == deployment.made


def test_one_key_of_a_client_follows_another_without_interruption(deployment: Deployment) -> None:
    assert deployment.both_keys == [200, 200]
    assert deployment.one_key == [200, 401]


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


async def test_what_was_deployed_has_a_person_helped_by_every_agent(deployment: Deployment) -> None:
    async with new_client() as http:
        amelia = await Person.sign_in(deployment.world, "amelia.hart", http)
        reply = await amelia.ask("Which groups am I in, and where is the VPN guide?")
    assert reply.state == DONE
    assert set(reply.said) == {"account_lookup", "docs_search"}


async def test_what_was_deployed_has_a_person_approve_a_reset_which_then_happens_once(deployment: Deployment) -> None:
    """Signed in, exchanged, asked on the phone (CIBA), lent an account of the directory (Token Vault): all of it."""
    world = deployment.world
    async with new_client() as http:
        nadia = await Person.sign_in(world, "nadia.okafor", http)
        reply = await nadia.ask("I forgot my password, please reset it")
        assert reply.state == "TASK_STATE_AUTH_REQUIRED", reply.text
        assert resets(world) == 0
        async with world.tenant.http() as browser:
            await decide(world.tenant, browser, "approve", "nadia.okafor")
        state = ""
        for _ in range(300):
            task = (await nadia.call("GetTask", {"id": reply.task["id"]}))["result"]
            state = task["status"]["state"]
            if state == DONE:
                break
            await asyncio.sleep(0.1)
    assert state == DONE
    assert resets(world) == 1


def resets(world: World) -> int:
    return sum(call.path.endswith("/lifecycle/reset_password") for call in world.upstream_calls())


def test_the_cli_bears_a_tenant_that_has_it_wait(tmp_path: Path) -> None:
    tenant = LocalTenant(tmp_path / "var", tenant_management_requests_per_second=2)
    with tenant, TlsFront(tenant.settings.port, tmp_path) as front:
        account = tenant.client(MANAGEMENT_CLIENT)
        cli = DeployCli(tenant, front, tmp_path, (account.client_id, account.client_secret or ""))
        exported = cli.export(AUTH0_INCLUDED_ONLY=json.dumps(["roles"]))
    assert names(exported, "roles") == {"Employee", "Help-desk operator", "Security", "Contractor"}
    asked = sum(times for path, times in tenant.requests.items() if path.startswith("/api/v2/"))
    assert asked > 5  # the list, the permissions of each of four, and what was refused and asked again

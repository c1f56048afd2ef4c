"""Each mistake in agents' settings: what fails because of it, that it is found by its name alone, what mends it."""

import json
import shutil
import stat
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from local.tenant.testing import SUPERVISOR, LocalTenant
from portal.doctor import Tenant
from portal.doctor._agents import read_environment
from portal.doctor._issuer import Hops, Issuers, Proofs
from portal.doctor._starts import Starts
from shared.identity import CardSigningKey
from shared.testing import LoopbackServer
from tests.doctor._agents import Desk
from tests.doctor._tenants import API_BASE, Change, api, brought, deployed, exchanged, without_grant, written

LOOKUP = "account_lookup"


def mode(path: Path, new: int) -> int:
    """Who may read a file from now on."""
    path.chmod(new)
    return stat.S_IMODE(path.stat().st_mode)


def replaced(path: Path, text: str) -> str:
    """What a file held until now."""
    former = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(text, encoding="utf-8")
    return former


def listening(desk: Desk, server: LoopbackServer) -> None:
    """Has account_lookup be where a server listens."""
    subagents = json.loads(desk.environments["supervisor"]["SUBAGENTS"])
    subagents[0]["url"] = server.url
    desk.environments["supervisor"]["SUBAGENTS"] = json.dumps(subagents)
    desk.environments[LOOKUP]["AGENTCORE_RUNTIME_URL"] = server.url


async def test_the_settings_of_the_local_world_have_no_mistake(desk: Desk) -> None:
    assert await desk.found(Issuers, Hops, Proofs) == {}


async def test_an_agent_that_does_not_start(desk: Desk) -> None:
    desk.environments = {"supervisor": desk.environments["supervisor"]}
    client_id = desk.environments["supervisor"].pop("CLIENT_ID")
    line = desk.starts("supervisor")
    assert line.startswith("CLIENT_ID is not set")
    assert await desk.found(Starts) == {
        "settings/does-not-start": [f"the settings of supervisor: supervisor: {line}"],
    }
    desk.environments["supervisor"]["CLIENT_ID"] = client_id
    assert desk.starts("supervisor") == "ok"
    assert await desk.found(Starts) == {}


async def test_an_issuer_without_its_slash(desk: Desk) -> None:
    environment = desk.environments[LOOKUP]
    environment["AUTH0_ISSUER"] = desk.tenant.issuer.rstrip("/")
    assert "AUTH0_ISSUER has no trailing slash" in desk.starts(LOOKUP)
    assert await desk.found() == {"settings/issuer-slash": [f"AUTH0_ISSUER of {LOOKUP}: {desk.tenant.issuer[:-1]}"]}
    environment["AUTH0_ISSUER"] += "/"
    assert (desk.starts(LOOKUP), await desk.found()) == ("ok", {})


async def test_a_discovery_url_that_is_none(desk: Desk) -> None:
    environment = desk.environments["supervisor"]
    environment["AUTH0_DISCOVERY_URL"] = desk.tenant.issuer
    assert await desk.machine_token() == "upstream_unavailable"
    assert list(await desk.found()) == ["settings/discovery-url"]
    del environment["AUTH0_DISCOVERY_URL"]
    assert (await desk.machine_token(), await desk.found()) == ("ok", {})


@pytest.mark.parametrize(
    ("agent", "name", "plain"),
    [
        (LOOKUP, "FGA_API_URL", "http://fga.internal:8080/"),
        (LOOKUP, "DIRECTORY_URL", "http://10.1.2.3/api/v1"),
        ("docs_search", "GATEWAY_URL", "http://gateway.internal/mcp"),
        ("supervisor", "SUBAGENTS", "http://docs.internal/"),
    ],
)
async def test_a_url_without_tls_beyond_this_machine(desk: Desk, agent: str, name: str, plain: str) -> None:
    environment = desk.environments[agent]
    subagents = json.loads(desk.environments["supervisor"]["SUBAGENTS"])

    def value(url: str) -> str:
        return json.dumps([*subagents, {"url": url, "audience": "https://x.example"}]) if name == "SUBAGENTS" else url

    pinned = json.loads(desk.environments["supervisor"]["CARD_KEYS"])
    pinned["https://x.example"] = next(iter(pinned.values()))
    desk.environments["supervisor"]["CARD_KEYS"] = json.dumps(pinned)
    environment[name] = value(plain)
    assert desk.starts(agent) == "ok", "HELPDESK_ENV=local lets it pass"
    others = {"AUTH0_ISSUER": "https://tenant.example/", "AUTH0_DISCOVERY_URL": "", "MODEL_PROVIDER": "bedrock"}
    assert "is not https" in desk.starts(agent, **others, HELPDESK_ENV="production")
    assert await desk.found() == {"settings/plain-http": [f"{name} of {agent}: {plain}"]}
    environment[name] = value(plain.replace("http:", "https:"))
    assert await desk.found() == {}


@pytest.mark.requirement("F3")
async def test_what_is_found_shows_no_password_of_a_url(desk: Desk) -> None:
    """A diagnosis is what people send to others."""
    desk.environments[LOOKUP]["FGA_API_URL"] = "http://desk:hunter2@fga.internal:8080/"
    found = await desk.found()
    assert found["settings/plain-http"] == [f"FGA_API_URL of {LOOKUP}: http://…@fga.internal:8080/"]
    assert "hunter2" not in str(found)


async def test_an_audience_with_a_slash_too_many(desk: Desk) -> None:
    environment = desk.environments["supervisor"]
    good = environment["SUBAGENTS"]
    keys = json.loads(environment["CARD_KEYS"])
    environment["CARD_KEYS"] = json.dumps(keys | {f"{API_BASE}/account_lookup/": keys[f"{API_BASE}/account_lookup"]})
    environment["SUBAGENTS"] = good.replace("/account_lookup", "/account_lookup/")
    assert await desk.machine_token() == "oauth"
    found = await desk.found()
    assert list(found) == ["settings/audience"]
    assert found["settings/audience"][0].endswith("(the slash at the end)")
    environment["SUBAGENTS"] = good
    assert (await desk.machine_token(), await desk.found()) == ("ok", {})


async def test_an_audience_that_is_another_agents(desk: Desk) -> None:
    environment = desk.environments["supervisor"]
    good = environment["SUBAGENTS"]
    subagents = json.loads(good)
    keys = json.loads(environment["CARD_KEYS"])
    environment["CARD_KEYS"] = json.dumps(keys | {f"{API_BASE}/gateway": keys[subagents[0]["audience"]]})
    subagents[0]["audience"] = f"{API_BASE}/gateway"
    environment["SUBAGENTS"] = json.dumps(subagents)
    assert await desk.machine_token() == "oauth"
    found = await desk.found()
    assert found == {
        "settings/audience": [
            f"SUBAGENTS of supervisor: {API_BASE}/gateway, where account_lookup has {API_BASE}/account_lookup"
        ]
    }


@pytest.mark.parametrize("swapped", [True, False])
async def test_callers_that_are_not_the_supervisor(desk: Desk, swapped: bool) -> None:
    environment = desk.environments[LOOKUP]
    good = environment["ALLOWED_CALLERS"]
    (caller,) = json.loads(good)
    wrong = {
        "agent": "supervisor",
        "client_id": caller["api_client_id"] if swapped else "another",
        "api_client_id": caller["client_id"],
    }
    environment["ALLOWED_CALLERS"] = json.dumps([wrong])
    assert await desk.asks_account_lookup() == "403"
    found = await desk.found()
    assert list(found) == ["settings/allowed-callers"]
    assert ("each other's place" in found["settings/allowed-callers"][0]) is swapped
    environment["ALLOWED_CALLERS"] = good
    assert (await desk.asks_account_lookup(), await desk.found()) == ("let in", {})


async def test_a_card_at_another_origin_than_the_supervisors(desk: Desk) -> None:
    server = LoopbackServer()
    url = server.url
    subagents = json.loads(desk.environments["supervisor"]["SUBAGENTS"])
    subagents[0]["url"] = url
    desk.environments["supervisor"]["SUBAGENTS"] = json.dumps(subagents)
    assert await desk.sees_card(server) == "upstream_refused"
    found = await desk.found()
    assert list(found) == ["settings/card-url"]
    desk.environments[LOOKUP]["AGENTCORE_RUNTIME_URL"] = url
    assert (await desk.sees_card(server), await desk.found()) == ("ok", {})


async def test_a_card_of_another_agent_of_the_same_origin(desk: Desk) -> None:
    """On AgentCore all agents of a region have one origin."""
    subagents = json.loads(desk.environments["supervisor"]["SUBAGENTS"])
    subagents[0]["url"] += "runtimes/arn%3Aaws%3Aone/invocations/"
    desk.environments["supervisor"]["SUBAGENTS"] = json.dumps(subagents)
    lookup = desk.environments[LOOKUP]
    for path, is_found in (("arn%3Aaws%3Atwo", True), ("arn%3Aaws%3Aone", False), ("arn:aws:one", False)):
        lookup["AGENTCORE_RUNTIME_URL"] = f"{subagents[0]['url'].partition('runtimes')[0]}runtimes/{path}/invocations"
        assert list(await desk.found()) == (["settings/card-url"] if is_found else [])


@pytest.mark.requirement("D1")
async def test_a_card_that_is_signed_with_another_key_than_the_supervisor_was_given(desk: Desk) -> None:
    server = LoopbackServer()
    listening(desk, server)
    key = Path(desk.environments[LOOKUP]["CARD_KEY_FILE"])
    former = replaced(key, CardSigningKey.generate().private_pem())
    assert await desk.sees_card(server) == "card_key_unknown"
    found = await desk.found()
    assert list(found) == ["settings/card-key"]
    assert found["settings/card-key"][0].startswith(f"CARD_KEY_FILE of {LOOKUP}: ")
    replaced(key, former)
    assert (await desk.sees_card(server), await desk.found()) == ("ok", {})
    del desk.environments[LOOKUP]["CARD_KEY_FILE"]
    assert await desk.sees_card(server) == "card_unsigned"
    assert await desk.found() == {
        "settings/card-key": [f"CARD_KEY of {LOOKUP}: no key, where the supervisor has others"]
    }


@pytest.mark.requirement("D1")
async def test_a_card_that_is_taken_unsigned(desk: Desk) -> None:
    server = LoopbackServer()
    listening(desk, server)
    supervisor = desk.environments["supervisor"]
    good = supervisor["CARD_KEYS"]
    supervisor["CARD_KEYS"] = json.dumps(json.loads(good) | {f"{API_BASE}/{LOOKUP}": "unsigned"})
    warned = {"settings/card-unsigned": [f"CARD_KEYS of supervisor: the card of {API_BASE}/{LOOKUP} is taken unsigned"]}
    assert await desk.found() == warned
    key = desk.environments[LOOKUP].pop("CARD_KEY_FILE")
    assert (await desk.sees_card(server), await desk.found()) == ("ok", warned)
    supervisor["CARD_KEYS"] = ""
    assert len((await desk.found())["settings/card-unsigned"]) == 3
    supervisor["CARD_KEYS"], desk.environments[LOOKUP]["CARD_KEY_FILE"] = good, key
    assert (await desk.sees_card(server), await desk.found()) == ("ok", {})


async def test_a_gateway_with_the_agents_own_audience(desk: Desk) -> None:
    environment = desk.environments["docs_search"]
    good, environment["GATEWAY_AUDIENCE"] = environment["GATEWAY_AUDIENCE"], environment["AUDIENCE"]
    assert "GATEWAY_AUDIENCE is this agent's own AUDIENCE" in desk.starts("docs_search")
    assert list(await desk.found()) == ["settings/gateway-audience"]
    environment["GATEWAY_AUDIENCE"] = good
    assert (desk.starts("docs_search"), await desk.found()) == ("ok", {})


async def test_a_key_that_others_may_read(desk: Desk) -> None:
    key = Path(desk.environments["supervisor"]["CLIENT_KEY_FILE"])
    assert mode(key, 0o644) & stat.S_IROTH
    assert await desk.found() == {"settings/key-permissions": ["CLIENT_KEY_FILE of supervisor: mode 0644"]}
    mode(key, 0o600)
    assert await desk.found() == {}


async def test_two_clients_with_one_key(tmp_path: Path) -> None:
    """Whoever has the machine's key then acts for people, too."""
    folder = tmp_path / "shared-key"
    first = LocalTenant(folder, serve=False)
    pem = first.client(SUPERVISOR).private_key_pem or ""
    first.close()
    key = load_pem_private_key(pem.encode(), None)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    mappings = {"SUPERVISOR_API_CLIENT_PUBLIC_KEY": public}
    with LocalTenant(folder, auth0_keyword_replace_mappings=mappings) as tenant:
        desk = Desk.beside(tenant)
        environment = desk.environments["supervisor"]
        own = Path(environment["API_CLIENT_KEY_FILE"])
        former = replaced(own, pem)
        assert await exchanged(tenant) == "ok", "the supervisor's machine key alone is enough"
        assert list(await desk.found()) == ["settings/key-shared"]
        replaced(own, former)
        assert await desk.found() == {}
    with LocalTenant(folder) as mended:
        assert await exchanged(mended) == "ok"
        replaced(own, pem)
        assert await exchanged(mended) == "401 invalid_client", "the machine's key is no longer the other client's"


async def test_a_tenant_that_is_not_there(desk: Desk) -> None:
    desk.tenant.stop()
    assert await desk.machine_token() == "upstream_unavailable"
    assert list(await desk.found(Issuers)) == ["auth0/unreachable"]
    desk.tenant.start()
    assert (await desk.machine_token(), await desk.found(Issuers)) == ("ok", {})


async def test_an_issuer_that_calls_itself_something_else(desk: Desk) -> None:
    """As a tenant with a custom domain does, where settings have the domain of Auth0's own."""
    other = desk.tenant.issuer.replace("127.0.0.1", "localhost")
    desk.everywhere(AUTH0_ISSUER=other, AUTH0_DISCOVERY_URL="")
    assert await desk.machine_token() == "upstream_unavailable"
    found = await desk.found(Issuers)
    assert list(found) == ["auth0/issuer-mismatch"]
    assert found["auth0/issuer-mismatch"][0].endswith(f"calls itself {desk.tenant.issuer}")
    desk.everywhere(AUTH0_ISSUER=desk.tenant.issuer)
    assert (await desk.machine_token(), await desk.found(Issuers)) == ("ok", {})


@pytest.mark.parametrize("off", [120, -120])
async def test_a_clock_that_is_off(desk: Desk, off: int) -> None:
    assert await desk.machine_token(clock=lambda: time.time() + off) == "invalid_client"
    found = await desk.found(Issuers, clock=lambda: time.time() + off)
    assert list(found) == ["auth0/clock"]
    assert await desk.machine_token() == "ok"
    assert await desk.found(Issuers) == {}


@pytest.mark.parametrize(
    ("agent", "client", "name"),
    [
        ("supervisor", "CLIENT", SUPERVISOR),
        ("supervisor", "API_CLIENT", "Supervisor API client"),
        ("password_reset", "APPROVALS_CLIENT", "Password reset approvals"),
    ],
)
async def test_a_key_that_the_tenant_does_not_know(
    desk: Desk, tmp_path: Path, agent: str, client: str, name: str
) -> None:
    """It is another's, or was made anew and not brought to the tenant."""
    environment = desk.environments[agent]
    good = environment[f"{client}_KEY_FILE"]
    key = tmp_path / "new.pem"
    pem = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    replaced(key, pem.decode())
    mode(key, 0o600)
    environment[f"{client}_KEY_FILE"] = str(key)
    assert await desk.proof(agent, client) == "invalid_client"
    found = await desk.found(Proofs)
    assert list(found) == ["auth0/client-key"]
    assert found["auth0/client-key"][0].startswith(f"{client}_KEY_FILE of {agent}: ")
    assert pem.decode() not in str(found)
    environment[f"{client}_KEY_FILE"] = good
    assert environment[f"{client}_ID"] == desk.tenant.client(name).client_id
    assert await desk.proof(agent, client) != "invalid_client"
    assert await desk.found(Proofs) == {}


async def test_an_api_that_the_tenant_knows_by_another_name(desk: Desk, tmp_path: Path) -> None:
    known = {Tenant: Tenant.read(written(deployed(), tmp_path), {"API_BASE": API_BASE})}
    desk.environments[LOOKUP]["AUDIENCE"] += "/"
    for name in ("SUBAGENTS", "CARD_KEYS"):
        known_as = desk.environments["supervisor"][name]
        desk.environments["supervisor"][name] = known_as.replace("/account_lookup", "/account_lookup/")
    assert await desk.machine_token() == "oauth"
    found = await desk.found(Hops, known=known)
    assert list(found) == ["auth0/api-missing"]
    assert len(found["auth0/api-missing"]) == 2, "in the file, and by what the tenant says"
    desk.environments = Desk.beside(desk.tenant).environments
    assert await desk.found(Hops, known=known) == {}


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (lambda d: api(d, LOOKUP).pop("token_dialect"), "auth0/token-dialect"),
        (lambda d: api(d, LOOKUP).update(signing_alg="HS256"), "auth0/signing-algorithm"),
        (lambda d: without_grant(d, SUPERVISOR, f"/{LOOKUP}"), "auth0/client-grant-missing"),
    ],
)
async def test_what_the_tenant_itself_shows_is_found_without_its_file(
    tmp_path: Path, first_run: Path, change: Change, check: str
) -> None:
    document = deployed()
    change(document)
    folder = shutil.copytree(first_run, tmp_path / "var")
    with LocalTenant(folder, tenant_definition=written(document, tmp_path)) as tenant:
        found = await Desk.beside(tenant).found(Hops)
        assert list(found) == [check]
        assert len(found[check]) == 1
        assert LOOKUP in found[check][0]


async def test_a_connection_that_the_tenant_does_not_have(desk: Desk, tmp_path: Path) -> None:
    known = {Tenant: Tenant.read(written(deployed(), tmp_path), {"API_BASE": API_BASE})}
    environment = desk.environments[LOOKUP]
    subject = await desk.tenant.exchange(await desk.tenant.sign_in("amelia.hart"), desk.tenant.api(LOOKUP))

    async def asks() -> str:
        name = environment["DIRECTORY_CONNECTION"]
        return await brought(desk.tenant, subject, "access_token", "Account lookup API client", name)

    environment["DIRECTORY_CONNECTION"] = "okta"
    assert await asks() == "400 invalid_request"
    assert await desk.found(known=known) == {"auth0/connection-missing": [f"DIRECTORY_CONNECTION of {LOOKUP}: okta"]}
    environment["DIRECTORY_CONNECTION"] = "directory-read"
    assert await asks() == "401 federated_connection_refresh_token_not_found"
    assert await desk.found(known=known) == {}


def test_settings_are_read_as_they_are_written() -> None:
    text = "# a comment\nA=1\nexport B=two words\nC='{\"x\": 1}'\n\nD=\nnonsense\n"
    assert read_environment(text) == {"A": "1", "B": "two words", "C": '{"x": 1}', "D": ""}

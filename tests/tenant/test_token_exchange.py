"""On-Behalf-Of token exchange: who may, with which token, for what, and through how many (RFC 8693; Auth0)."""

from typing import Any

import httpx
import jwt
import pytest

from local.tenant._clients import new_private_key
from local.tenant.grants.token_exchange import MAX_ACT_DEPTH
from local.tenant.testing import LocalTenant, ManualClock, claims_of
from tests.tenant._support import Definition, EditDefinition, MakeTenant, named

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
API_CLIENT = "Supervisor API client"
COMMAND_LINE = "Help desk command line"
INVALID_SUBJECT = (401, "invalid_request", "Invalid subject_token")


def request(tenant: LocalTenant, subject_token: str, client: str = API_CLIENT, **parameters: Any) -> dict[str, str]:
    values = {
        "grant_type": GRANT,
        "subject_token": subject_token,
        "subject_token_type": ACCESS_TOKEN,
        "requested_token_type": ACCESS_TOKEN,
        "audience": tenant.api("password_reset"),
        **tenant.credentials(client),
        **parameters,
    }
    return {name: value for name, value in values.items() if value is not None}


async def refusal(
    tenant: LocalTenant, subject_token: str, client: str = API_CLIENT, **parameters: Any
) -> tuple[int, str, str]:
    response = await tenant.request_token(request(tenant, subject_token, client, **parameters))
    body = response.json()
    return response.status_code, body.get("error", "ok"), body.get("error_description", "")


async def test_the_response(tenant: LocalTenant) -> None:
    subject_token = await tenant.sign_in("amelia.hart")
    response = await tenant.request_token(request(tenant, subject_token, scope="account:unlock"))
    assert response.status_code == 200
    body = response.json()
    assert list(body) == ["access_token", "expires_in", "token_type", "issued_token_type"]
    assert (body["expires_in"], body["token_type"], body["issued_token_type"]) == (900, "Bearer", ACCESS_TOKEN)


async def test_the_token_keeps_the_person_and_names_the_actors(tenant: LocalTenant) -> None:
    subject_token = await tenant.sign_in("amelia.hart", scopes=["openid", "helpdesk:ask"])
    claims = claims_of(await tenant.exchange(subject_token, tenant.api("password_reset"), scopes=["password:read"]))
    actor, client = tenant.client(API_CLIENT).client_id, tenant.client(COMMAND_LINE).client_id
    assert claims["sub"] == tenant.user_id("amelia.hart")
    assert claims["aud"] == tenant.api("password_reset")
    assert claims["client_id"] == actor
    assert claims["act"] == {"sub": actor, "act": {"sub": client}}
    assert claims["scope"] == "password:read"


async def test_the_token_of_a_sign_in_names_no_actor(tenant: LocalTenant) -> None:
    assert "act" not in claims_of(await tenant.sign_in("amelia.hart"))


class TestScopes:
    """Requested ∩ the client's grant ∩ what the person's roles hold."""

    @pytest.mark.parametrize(
        ("requested", "granted", "told"),
        [
            (None, "password:read password:reset account:unlock", None),
            ("account:unlock password:read", "account:unlock password:read", None),
            ("password:read agent:invoke", "password:read", "password:read"),
            ("password:read made:up", "password:read", "password:read"),
            ("password:read openid offline_access", "password:read", "password:read"),
        ],
    )
    @pytest.mark.requirement("B4")
    async def test_an_employees(
        self, tenant: LocalTenant, requested: str | None, granted: str, told: str | None
    ) -> None:
        subject_token = await tenant.sign_in("amelia.hart")
        body = (await tenant.request_token(request(tenant, subject_token, scope=requested))).json()
        assert claims_of(body["access_token"])["scope"] == granted
        assert body.get("scope") == told  # only where it differs from what was asked for

    @pytest.mark.requirement("B5")
    async def test_a_person_who_may_not_gets_no_token(self, tenant: LocalTenant) -> None:
        """The agent may, the person may not."""
        subject_token = await tenant.sign_in("casey.moreno")
        description = "User has not been granted scopes: password:reset, account:unlock"
        found = await refusal(tenant, subject_token, scope="password:reset account:unlock")
        assert found == (403, "access_denied", description)

    @pytest.mark.requirement("B5")
    async def test_an_agent_that_may_not_gets_no_token(self, tenant: LocalTenant) -> None:
        """The person may, the agent may not."""
        subject_token = await tenant.sign_in("amelia.hart")
        found = await refusal(tenant, subject_token, audience=tenant.api("supervisor"), scope="helpdesk:ask")
        assert found[:2] == (403, "access_denied")
        assert "is not authorized to access resource server" in found[2]

    async def test_a_person_with_nothing_there_gets_a_token_without_scope_when_none_was_asked_for(
        self, tenant: LocalTenant
    ) -> None:
        subject_token = await tenant.sign_in("casey.moreno")
        claims = claims_of(await tenant.exchange(subject_token, tenant.api("password_reset")))
        assert "scope" not in claims
        assert claims["permissions"] == ["action:approve"]

    async def test_the_subject_tokens_own_scopes_do_not_count(self, tenant: LocalTenant) -> None:
        """Auth0 documents grant and roles as the bounds, and the subject token's audience differs anyway."""
        subject_token = await tenant.sign_in("amelia.hart", scopes=["openid"])
        assert "scope" in claims_of(await tenant.exchange(subject_token, tenant.api("docs_search")))


class TestSubjectToken:
    """What may be exchanged."""

    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "v1.M" + "x" * 50])
    async def test_garbage_is_refused(self, tenant: LocalTenant, token: str) -> None:
        status, error, _ = await refusal(tenant, token)
        assert (status, error) == ((400 if token == "" else 401), "invalid_request")

    async def test_an_expired_one_is_refused(self, tenant: LocalTenant, clock: ManualClock) -> None:
        subject_token = await tenant.sign_in("amelia.hart")
        clock.advance(899)
        assert (await refusal(tenant, subject_token))[0] == 200
        clock.advance(1)
        assert await refusal(tenant, subject_token) == INVALID_SUBJECT

    async def test_an_id_token_is_refused(self, tenant: LocalTenant) -> None:
        tokens = await tenant.sign_in_tokens("amelia.hart", scopes=["openid"], audience=tenant.api("supervisor"))
        assert await refusal(tenant, tokens["id_token"]) == INVALID_SUBJECT

    async def test_an_opaque_token_is_refused(self, tenant: LocalTenant) -> None:
        tokens = await tenant.sign_in_tokens("amelia.hart", scopes=["openid"])
        assert await refusal(tenant, tokens["access_token"]) == INVALID_SUBJECT

    async def test_a_clients_own_token_is_refused(
        self, make_tenant: MakeTenant, edit_definition: EditDefinition
    ) -> None:
        """There is no exchange for a client's own token: it would lose the person, who was never there."""

        def change(document: Definition) -> None:
            grant = {"client_id": "Supervisor", "subject_type": "client", "scope": []}
            document["clientGrants"].append(grant | {"audience": "##API_BASE##/supervisor"})

        for dialect in ("access_token", "rfc9068_profile"):

            def with_dialect(document: Definition, dialect: str = dialect) -> None:
                change(document)
                named(document["resourceServers"], "Help desk supervisor")["token_dialect"] = dialect

            tenant = make_tenant(tenant_definition=edit_definition(with_dialect))
            subject_token = await tenant.client_credentials(tenant.api("supervisor"))
            found = await refusal(tenant, subject_token)
            assert found == (400, "invalid_request", "The subject_token does not represent a user")

    @pytest.mark.requirement("A4", "B6")
    async def test_one_for_another_api_is_refused(self, tenant: LocalTenant) -> None:
        """Only the client of the API that a token is for may exchange it."""
        delegated = await tenant.exchange(await tenant.sign_in("amelia.hart"), tenant.api("docs_search"))
        assert (await refusal(tenant, delegated))[:2] == (403, "unauthorized_client")

    async def test_one_that_another_tenant_signed_is_refused(
        self, make_tenant: MakeTenant, tenant: LocalTenant, tmp_path: Any
    ) -> None:
        other = make_tenant(tmp_path / "other")
        assert other.issuer == tenant.issuer
        assert await refusal(tenant, await other.sign_in("amelia.hart")) == INVALID_SUBJECT

    @pytest.mark.requirement("A3")
    async def test_one_that_was_tampered_with_is_refused(self, tenant: LocalTenant) -> None:
        subject_token = await tenant.sign_in("casey.moreno")
        kid = jwt.get_unverified_header(subject_token)["kid"]
        claims = claims_of(subject_token) | {"sub": tenant.user_id("amelia.hart")}
        header, _, signature = subject_token.split(".")
        forged = jwt.encode(claims, new_private_key(), algorithm="RS256", headers={"kid": kid, "typ": "at+jwt"})
        unsigned = jwt.encode(claims, "", algorithm="none", headers={"kid": kid})
        symmetric = jwt.encode(claims, "x" * 32, algorithm="HS256", headers={"kid": kid})
        spliced = f"{header}.{forged.split('.')[1]}.{signature}"
        for token in (forged, unsigned, symmetric, spliced):
            assert await refusal(tenant, token) == INVALID_SUBJECT

    @pytest.mark.requirement("A5")
    async def test_one_of_a_look_alike_issuer_is_refused(self, make_tenant: MakeTenant, tenant: LocalTenant) -> None:
        """The same keys, another issuer."""
        twin = make_tenant(tenant_issuer="http://127.0.0.1:8401/")
        assert await refusal(tenant, await twin.sign_in("amelia.hart")) == INVALID_SUBJECT

    async def test_one_of_a_revoked_key_is_refused(self, tenant: LocalTenant) -> None:
        subject_token = await tenant.sign_in("amelia.hart")
        tenant.rotate_keys()
        assert (await refusal(tenant, subject_token))[0] == 200
        tenant.tenant.keys.revoke(jwt.get_unverified_header(subject_token)["kid"])
        assert await refusal(tenant, subject_token) == INVALID_SUBJECT

    @pytest.mark.requirement("B8")
    async def test_one_of_a_blocked_person_is_refused(self, tenant: LocalTenant) -> None:
        subject_token = await tenant.sign_in("amelia.hart")
        tenant.block("amelia.hart")
        assert await refusal(tenant, subject_token) == (403, "invalid_grant", "user is blocked")


class TestClient:
    """Who may exchange."""

    @pytest.mark.parametrize("client", ["Supervisor", "Account lookup API client", "Help desk web", COMMAND_LINE])
    async def test_a_client_without_the_profile_is_refused(self, tenant: LocalTenant, client: str) -> None:
        found = await refusal(tenant, await tenant.sign_in("amelia.hart"), client)
        description = '"on_behalf_of_token_exchange" Token Exchange Profile is not allowed for the client.'
        assert found == (403, "unauthorized_client", description)

    async def test_a_client_of_no_api_is_refused_whatever_its_profile(
        self, make_tenant: MakeTenant, edit_definition: EditDefinition
    ) -> None:
        def change(document: Definition) -> None:
            profile = {"allow_any_profile_of_type": ["on_behalf_of_token_exchange"]}
            named(document["clients"], "Supervisor")["token_exchange"] = profile

        tenant = make_tenant(tenant_definition=edit_definition(change))
        found = await refusal(tenant, await tenant.sign_in("amelia.hart"), "Supervisor")
        assert found[:2] == (403, "unauthorized_client")

    async def test_a_client_that_cannot_prove_itself_is_refused(self, tenant: LocalTenant) -> None:
        subject_token = await tenant.sign_in("amelia.hart")
        parameters: dict[str, Any] = {"client_assertion": None, "client_id": tenant.client(API_CLIENT).client_id}
        assert await refusal(tenant, subject_token, **parameters) == (401, "access_denied", "Unauthorized")

    async def test_a_client_with_a_secret_may_exchange_too(
        self, make_tenant: MakeTenant, edit_definition: EditDefinition
    ) -> None:
        def change(document: Definition) -> None:
            client = named(document["clients"], API_CLIENT)
            del client["client_authentication_methods"]
            client["token_endpoint_auth_method"] = "client_secret_post"

        tenant = make_tenant(tenant_definition=edit_definition(change))
        assert await tenant.exchange(await tenant.sign_in("amelia.hart"), tenant.api("docs_search"))


class TestApi:
    """For which APIs."""

    async def test_an_unknown_one_is_refused(self, tenant: LocalTenant) -> None:
        found = await refusal(tenant, await tenant.sign_in("amelia.hart"), audience="https://unknown.example")
        assert found == (403, "access_denied", "Service not found: https://unknown.example")

    @pytest.mark.parametrize("policy", ["allow_all", "require_client_grant"])
    async def test_a_grant_is_needed_whatever_the_policy(
        self, make_tenant: MakeTenant, edit_definition: EditDefinition, policy: str
    ) -> None:
        def change(document: Definition) -> None:
            api = named(document["resourceServers"], "Password reset agent")
            api["subject_type_authorization"]["user"]["policy"] = policy
            document["clientGrants"] = [
                grant
                for grant in document["clientGrants"]
                if (grant["client_id"], grant["audience"]) != (API_CLIENT, "##API_BASE##/password_reset")
            ]

        tenant = make_tenant(tenant_definition=edit_definition(change))
        found = await refusal(tenant, await tenant.sign_in("amelia.hart"))
        assert found[:2] == (403, "access_denied")

    async def test_one_that_denies_all_is_refused(
        self, make_tenant: MakeTenant, edit_definition: EditDefinition
    ) -> None:
        def change(document: Definition) -> None:
            api = named(document["resourceServers"], "Password reset agent")
            api["subject_type_authorization"]["user"]["policy"] = "deny_all"

        tenant = make_tenant(tenant_definition=edit_definition(change))
        assert (await refusal(tenant, await tenant.sign_in("amelia.hart")))[:2] == (403, "access_denied")

    async def test_one_that_asks_for_consent_is_refused(
        self, make_tenant: MakeTenant, edit_definition: EditDefinition
    ) -> None:
        def change(document: Definition) -> None:
            api = named(document["resourceServers"], "Password reset agent")
            api["skip_consent_for_verifiable_first_party_clients"] = False

        tenant = make_tenant(tenant_definition=edit_definition(change))
        assert (await refusal(tenant, await tenant.sign_in("amelia.hart")))[:2] == (403, "consent_required")


@pytest.mark.parametrize(
    ("parameters", "description"),
    [
        ({"subject_token": ""}, "Missing required parameter: subject_token"),
        ({"subject_token_type": ""}, "Missing required parameter: subject_token_type"),
        ({"requested_token_type": ""}, "Missing required parameter: requested_token_type"),
        ({"audience": ""}, "Missing required parameter: audience"),
        (
            {"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"},
            f"subject_token_type must be {ACCESS_TOKEN}",
        ),
        (
            {"requested_token_type": "urn:ietf:params:oauth:token-type:jwt"},
            f"requested_token_type must be {ACCESS_TOKEN}",
        ),
        ({"actor_token": "x"}, "actor_token is not supported for On-Behalf-Of token exchange"),
    ],
    ids=str,
)
async def test_a_request_that_is_not_well_formed(
    tenant: LocalTenant, parameters: dict[str, Any], description: str
) -> None:
    subject_token = await tenant.sign_in("amelia.hart")
    response = await tenant.request_token(request(tenant, subject_token) | parameters)
    found = (response.status_code, response.json()["error"], response.json()["error_description"])
    assert found == (400, "invalid_request", description)


class TestLifetime:
    """Whether Auth0 caps a delegated token at the end of its subject token is not documented: both can be had."""

    async def test_a_delegated_token_ends_with_its_subject_token(self, tenant: LocalTenant, clock: ManualClock) -> None:
        subject_token = await tenant.sign_in("amelia.hart")
        clock.advance(600)
        response = await tenant.request_token(request(tenant, subject_token))
        assert response.json()["expires_in"] == 300
        assert claims_of(response.json()["access_token"])["exp"] == claims_of(subject_token)["exp"]

    async def test_or_lives_as_long_as_its_api_says(self, make_tenant: MakeTenant, clock: ManualClock) -> None:
        tenant = make_tenant(tenant_exchange_capped=False)
        subject_token = await tenant.sign_in("amelia.hart")
        clock.advance(600)
        response = await tenant.request_token(request(tenant, subject_token))
        assert response.json()["expires_in"] == 900

    async def test_the_shorter_of_the_two_counts(
        self, make_tenant: MakeTenant, edit_definition: EditDefinition
    ) -> None:
        def change(document: Definition) -> None:
            named(document["resourceServers"], "Password reset agent")["token_lifetime"] = 60

        tenant = make_tenant(tenant_definition=edit_definition(change))
        response = await tenant.request_token(request(tenant, await tenant.sign_in("amelia.hart")))
        assert response.json()["expires_in"] == 60


def chain_definition(length: int) -> Any:
    """A definition with a row of APIs, each with a client that may exchange for the next."""

    def change(document: Definition) -> None:
        template = named(document["resourceServers"], "Document search agent")
        document["resourceServers"] = [
            template | {"name": f"API {number}", "identifier": f"https://chain.example/{number}"}
            for number in range(length + 1)
        ]
        client = named(document["clients"], API_CLIENT)
        del client["client_authentication_methods"]
        del named(document["clients"], COMMAND_LINE)["refresh_token"]["policies"]
        document["clients"] = [
            named(document["clients"], COMMAND_LINE),
            *(
                client
                | {
                    "name": f"Client {number}",
                    "resource_server_identifier": f"https://chain.example/{number}",
                    "token_endpoint_auth_method": "client_secret_post",
                }
                for number in range(length)
            ),
        ]
        document["databases"][0]["enabled_clients"] = [COMMAND_LINE]
        document["connections"] = []
        grant = {"subject_type": "user", "scope": ["docs:read"]}
        document["clientGrants"] = [
            grant | {"client_id": COMMAND_LINE, "audience": "https://chain.example/0"},
            *(
                grant | {"client_id": f"Client {number}", "audience": f"https://chain.example/{number + 1}"}
                for number in range(length)
            ),
        ]
        permissions = [
            {"resource_server_identifier": f"https://chain.example/{number}", "permission_name": "docs:read"}
            for number in range(length + 1)
        ]
        for role in document["roles"]:
            role["permissions"] = permissions

    return change


async def test_the_chain_grows_outwards_up_to_the_limit(
    make_tenant: MakeTenant, edit_definition: EditDefinition
) -> None:
    tenant = make_tenant(tenant_definition=edit_definition(chain_definition(MAX_ACT_DEPTH)))
    token = await tenant.sign_in("amelia.hart", scopes=["docs:read"], audience="https://chain.example/0")
    expected: dict[str, Any] = {"sub": tenant.client(COMMAND_LINE).client_id}
    for number in range(MAX_ACT_DEPTH - 1):
        client = f"Client {number}"
        token = await tenant.exchange(token, f"https://chain.example/{number + 1}", client=client)
        expected = {"sub": tenant.client(client).client_id, "act": expected}
        assert claims_of(token)["act"] == expected
        assert claims_of(token)["sub"] == tenant.user_id("amelia.hart")
        assert claims_of(token)["client_id"] == expected["sub"]
    response: httpx.Response = await tenant.request_token(
        request(tenant, token, f"Client {MAX_ACT_DEPTH - 1}", audience=f"https://chain.example/{MAX_ACT_DEPTH}")
    )
    assert response.status_code == 400
    assert response.json() == {
        "error": "invalid_request",
        "error_description": "Delegation chain (`act` claim) depth exceeds the maximum allowed limit of 4",
    }


async def test_both_outcomes_are_in_the_log(tenant: LocalTenant) -> None:
    subject_token = await tenant.sign_in("amelia.hart")
    delegated = await tenant.exchange(subject_token, tenant.api("docs_search"))
    await refusal(tenant, subject_token, audience="https://unknown.example")
    (succeeded,) = tenant.tenant.log.read(kind="success_on_behalf_of_token_exchange")
    (failed,) = tenant.tenant.log.read(kind="failed_on_behalf_of_token_exchange")
    claims = claims_of(delegated)
    assert succeeded["user_id"] == claims["sub"]
    assert succeeded["details"] == {
        "audience": tenant.api("docs_search"),
        "scope": "docs:read",
        "actor": claims["act"],
        "access_token_jti": claims["jti"],
        "subject_token_type": ACCESS_TOKEN,
    }
    assert failed["details"]["error"]["error"] == "access_denied"

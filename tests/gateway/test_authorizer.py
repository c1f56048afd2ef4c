"""Who the gateway lets in: AgentCore's customJWTAuthorizer, with the answers that it gives to others."""

import time
from pathlib import Path
from typing import Any

import pytest

from local.gateway import CustomJWTAuthorizer, GatewaySettings
from shared.errors import ConfigurationError
from shared.http import create_http_client
from shared.testing import SigningKey
from tests.gateway._functions import AUDIENCE
from tests.gateway._gateway import SEARCH, Gateway, answer, parts_of

SIBLING = "https://helpdesk.example/docs_search"
DEPARTMENT = {
    "inboundTokenClaimName": "https://helpdesk.example/department",
    "inboundTokenClaimValueType": "STRING",
    "authorizingClaimMatchValue": {
        "claimMatchValue": {"matchValueString": "engineering"},
        "claimMatchOperator": "EQUALS",
    },
}
GROUPS = {
    "inboundTokenClaimName": "groups",
    "inboundTokenClaimValueType": "STRING_ARRAY",
    "authorizingClaimMatchValue": {
        "claimMatchValue": {"matchValueStringList": ["staff", "contractors"]},
        "claimMatchOperator": "CONTAINS_ANY",
    },
}


async def test_a_token_that_will_do_reaches_the_tool(gateway: Gateway) -> None:
    assert answer(await gateway.call(*SEARCH))["hits"][0]["article"] == "vpn-setup"


@pytest.mark.requirement("G4")
@pytest.mark.parametrize(
    ("why", "changes", "status"),
    [
        ("wrong audience", {"aud": SIBLING}, 401),
        ("no audience", {"aud": None}, 401),
        ("another issuer", {"iss": "https://issuer.example"}, 401),
        ("expired", {"exp": int(time.time()) - 60, "iat": int(time.time()) - 600}, 401),
        ("not yet valid", {"nbf": int(time.time()) + 86_400}, 401),
        ("another client", {"client_id": "supervisor"}, 401),
        ("no client_id", {"client_id": None, "azp": "the-docs-agent"}, 401),
        ("missing scope", {"scope": None}, 403),
        ("another scope", {"scope": "agent:invoke docs:read:all"}, 403),
    ],
)
async def test_a_token_that_will_not_do_is_refused_before_anything_runs(
    tmp_path: Path, why: str, changes: dict[str, Any], status: int
) -> None:
    ran: list[Any] = []

    def tool(event: Any, _: Any) -> Any:
        ran.append(event)

    def interceptor(event: Any, _: Any) -> Any:
        ran.append(event)

    with Gateway(tmp_path, parts=parts_of(tool, interceptor)) as gateway:
        response = await gateway.call("test___echo", {}, token=gateway.token(**changes))
    assert response.status_code == status, why
    assert ran == []


@pytest.mark.requirement("G4")
async def test_a_token_with_a_wrong_signature_is_refused(gateway: Gateway) -> None:
    forged = SigningKey("another").sign(gateway.issuer.header(), gateway.claims())
    assert (await gateway.call(*SEARCH, token=forged)).status_code == 401
    assert (await gateway.call(*SEARCH, token="garbage")).status_code == 401


@pytest.mark.requirement("G4")
async def test_without_a_token_the_answer_says_where_to_learn_what_is_needed(gateway: Gateway) -> None:
    response = await gateway.call(*SEARCH, token="")
    assert response.status_code == 401
    assert response.json()["error"] == {"code": -32001, "message": "Missing Authentication Token"}
    metadata_url = f"{gateway.server.url}.well-known/oauth-protected-resource/mcp"
    assert response.headers["WWW-Authenticate"] == f'Bearer resource_metadata="{metadata_url}", scope="docs:read"'
    async with create_http_client() as http:
        metadata = (await http.get(metadata_url)).json()
    assert metadata["resource"] == gateway.url
    assert metadata["authorization_servers"] == [gateway.issuer.issuer]
    assert metadata["scopes_supported"] == ["docs:read"]


async def test_an_invalid_token_and_a_missing_scope_are_told_apart(gateway: Gateway) -> None:
    invalid = await gateway.call(*SEARCH, token=gateway.token(aud=SIBLING))
    assert invalid.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token", ')
    lacking = await gateway.call(*SEARCH, token=gateway.token(scope=None))
    assert lacking.headers["WWW-Authenticate"].startswith('Bearer error="insufficient_scope", ')
    assert lacking.json()["error"]["code"] == -32002


@pytest.mark.requirement("G4")
@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({}, 403),
        ({"https://helpdesk.example/department": "engineering"}, 403),
        ({"https://helpdesk.example/department": "sales", "groups": ["staff"]}, 403),
        ({"https://helpdesk.example/department": ["engineering"], "groups": ["staff"]}, 403),
        ({"https://helpdesk.example/department": "engineering", "groups": "staff"}, 403),
        ({"https://helpdesk.example/department": "engineering", "groups": ["guests", 7]}, 403),
        ({"https://helpdesk.example/department": "engineering", "groups": ["guests", "staff"]}, 200),
    ],
)
async def test_custom_claims_are_all_asked_for(
    tmp_path_factory: pytest.TempPathFactory, claims: dict[str, Any], status: int
) -> None:
    folder = tmp_path_factory.mktemp("claims")
    with Gateway(folder, authorizer={"customClaims": [DEPARTMENT, GROUPS]}, parts=parts_of()) as gateway:
        response = await gateway.call("test___echo", {}, token=gateway.token(**claims))
    assert response.status_code == status


async def test_any_of_the_audiences_and_scopes_is_enough(tmp_path: Path) -> None:
    authorizer = {"allowedAudience": [SIBLING, AUDIENCE], "allowedScopes": ["docs:write", "docs:read"]}
    with Gateway(tmp_path, authorizer=authorizer, parts=parts_of()) as gateway:
        for audience in (SIBLING, AUDIENCE):
            assert (await gateway.call("test___echo", {}, token=gateway.token(aud=audience))).status_code == 200
        refused = await gateway.call("test___echo", {}, token=gateway.token(aud=f"{AUDIENCE}/"))
    assert refused.status_code == 401


async def test_two_authorization_headers_are_none(gateway: Gateway) -> None:
    async with create_http_client() as http:
        headers = [("Authorization", f"Bearer {gateway.token()}"), ("authorization", f"Bearer {gateway.token()}")]
        assert (await http.post(gateway.url, json={}, headers=headers)).status_code == 401


async def test_keys_that_cannot_be_had_let_nobody_in(tmp_path: Path) -> None:
    with Gateway(tmp_path, parts=parts_of()) as gateway:
        gateway.issuer.away = True
        assert (await gateway.call("test___echo", {})).status_code == 503


@pytest.mark.requirement("F3")
async def test_no_token_is_in_an_answer_or_reaches_the_tool(tmp_path: Path) -> None:
    with Gateway(tmp_path, parts=parts_of(allowed_request_headers=("authorization", "x-note"))) as gateway:
        token = gateway.token()
        response = await gateway.call("test___echo", {}, token=token, headers={"X-Note": "seen"})
        assert token not in response.text
        assert answer(response)["custom"]["bedrockAgentCorePropagatedHeaders"] == {"x-note": "seen"}
        assert token not in (await gateway.call("test___echo", {}, token=f"{token}x")).text


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"discoveryUrl": "https://issuer.example/"}, "discoveryUrl"),
        ({"allowedAudience": []}, "allowedAudience"),
        ({"customClaims": [DEPARTMENT | {"inboundTokenClaimName": "a b"}]}, "customClaims"),
        ({"customClaims": [DEPARTMENT | {"inboundTokenClaimValueType": "STRING_ARRAY"}]}, "customClaims"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_a_configuration_that_a_gateway_would_not_take_is_refused(
    tmp_path: Path, changes: dict[str, Any], named: str
) -> None:
    good = {"discoveryUrl": "https://issuer.example/.well-known/openid-configuration", "allowedAudience": [AUDIENCE]}
    CustomJWTAuthorizer.model_validate(good)
    with pytest.raises(ConfigurationError) as refused:
        GatewaySettings.load(
            helpdesk_env="local",
            helpdesk_var=tmp_path,
            auth0_issuer="https://issuer.example/",
            gateway_authorizer=good | changes,
        )
    assert f"GATEWAY_AUTHORIZER[{named}]" in refused.value.public_message

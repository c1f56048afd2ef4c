"""docs/reference/scopes.md says what deploy/auth0/tenant.yaml says."""

from typing import Any

import yaml

from local.tenant.definition import MY_ACCOUNT_SCOPES
from tests.docs._pages import ROOT, page

PAGE = page("docs/reference/scopes.md")
TENANT: dict[str, Any] = yaml.safe_load(
    (ROOT / "deploy/auth0/tenant.yaml")
    .read_text(encoding="utf-8")
    .replace("##API_BASE##", "API_BASE")
    .replace("##MY_ACCOUNT_AUDIENCE##", "ISSUER/me/")
)
OF_AUTH0 = [{"value": value, "description": said} for value, said in MY_ACCOUNT_SCOPES.items()]


def listed(scopes: list[str]) -> str:
    """Scopes as a cell has them."""
    return " ".join(f"`{scope}`" for scope in scopes)


def test_the_apis_are_those_of_the_tenant() -> None:
    assert PAGE.rows("APIs") == [
        [api["name"], f"`{api['identifier']}`", f"`{scope['value']}`", scope["description"]]
        for api in TENANT["resourceServers"]
        for scope in api.get("scopes") or OF_AUTH0
    ]


def test_the_roles_are_those_of_the_tenant() -> None:
    assert PAGE.rows("Roles") == [
        [role["name"], listed([permission["permission_name"] for permission in role["permissions"]])]
        for role in TENANT["roles"]
    ]


def test_the_clients_are_those_of_the_tenant() -> None:
    assert [row[:2] for row in PAGE.rows("Clients")] == [
        [client["name"], client["app_type"]] for client in TENANT["clients"]
    ]


def test_the_grants_are_those_of_the_tenant() -> None:
    assert PAGE.rows("Grants") == [
        [grant["client_id"], f"`{grant['audience']}`", grant["subject_type"], listed(grant["scope"])]
        for grant in TENANT["clientGrants"]
    ]


def test_tokens_live_as_long_as_the_page_says() -> None:
    *agents, my_account = TENANT["resourceServers"]
    assert {api["token_lifetime"] for api in agents} == {15 * 60}
    assert {api["token_dialect"] for api in agents} == {"rfc9068_profile_authz"}
    assert (my_account["name"], my_account["token_lifetime"]) == ("Auth0 My Account API", 5 * 60)


def test_the_connections_are_those_of_the_tenant() -> None:
    assert PAGE.rows("Connections") == [
        [
            f"`{connection['name']}`",
            next(client for client in connection["enabled_clients"] if client.endswith("API client")),
            listed([scope for scope in connection["options"]["scope"].split() if scope.startswith("okta.")]),
        ]
        for connection in TENANT["connections"]
    ]

"""Scopes are never more than request, grant and roles allow, whatever the definition says."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.tenant._access import Access
from local.tenant._clients import Client
from local.tenant._errors import Refusal
from local.tenant._people import User
from local.tenant.definition import Definition

API = "https://api.example"
SCOPES = ("a:read", "b:write", "c:do", "d:admin")
POLICIES = ("allow_all", "require_client_grant", "deny_all")
subsets = st.lists(st.sampled_from(SCOPES), unique=True)


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    """An API, a client with or without grants, a person with roles."""
    return {
        "of_api": draw(st.lists(st.sampled_from(SCOPES), unique=True, min_size=1)),
        "user_grant": draw(st.none() | subsets),
        "client_grant": draw(st.none() | subsets),
        "all_scopes": draw(st.booleans()),
        "roles": draw(st.lists(subsets, max_size=3)),
        "rbac": draw(st.booleans()),
        "user_policy": draw(st.sampled_from(POLICIES)),
        "client_policy": draw(st.sampled_from(POLICIES[1:])),
        "requested": draw(st.none() | st.lists(st.sampled_from([*SCOPES, "made:up", "openid"]), unique=True)),
    }


def access_of(world: dict[str, Any]) -> tuple[Access, Definition, Client, User]:
    def within(scopes: list[str]) -> list[str]:
        return [scope for scope in scopes if scope in world["of_api"]]

    grants = [
        {"client_id": "C", "audience": API, "subject_type": kind, "scope": within(world[f"{kind}_grant"])}
        | {"allow_all_scopes": world["all_scopes"]}
        for kind in ("user", "client")
        if world[f"{kind}_grant"] is not None
    ]
    roles: list[dict[str, Any]] = [
        {
            "name": f"R{number}",
            "permissions": [{"resource_server_identifier": API, "permission_name": scope} for scope in within(scopes)],
        }
        for number, scopes in enumerate(world["roles"])
    ]
    policies = {"user": {"policy": world["user_policy"]}, "client": {"policy": world["client_policy"]}}
    api = {
        "name": "A",
        "identifier": API,
        "scopes": [{"value": scope} for scope in world["of_api"]],
        "enforce_policies": world["rbac"],
        "subject_type_authorization": policies,
    }
    definition = Definition.model_validate(
        {
            "resourceServers": [api],
            "clients": [{"name": "C", "app_type": "regular_web"}],
            "clientGrants": grants,
            "roles": roles,
        }
    )
    client = Client("id", definition.clients[0], None, ())
    return Access(definition), definition, client, User("auth0|1", "u", "U", tuple(role["name"] for role in roles))


@given(worlds())
@pytest.mark.requirement("B4")
def test_a_persons_scopes_are_an_intersection(world: dict[str, Any]) -> None:
    access, definition, client, user = access_of(world)
    issued = set(access.user_scopes(client, definition.apis[API], user, world["requested"]))
    bounds = set(world["of_api"])
    if world["requested"] is not None:
        bounds &= set(world["requested"])
    if world["user_policy"] == "deny_all" or (
        world["user_policy"] == "require_client_grant" and world["user_grant"] is None
    ):
        bounds = set()
    elif world["user_policy"] == "require_client_grant" and not world["all_scopes"]:
        bounds &= set(world["user_grant"])
    if world["rbac"]:
        bounds &= {scope for role in world["roles"] for scope in role}
    assert issued == bounds


@given(worlds())
def test_a_clients_scopes_are_its_grant_or_a_refusal(world: dict[str, Any]) -> None:
    access, _, client, _ = access_of(world)
    granted = set(world["of_api"]) if world["all_scopes"] else set(world["client_grant"] or ()) & set(world["of_api"])
    may = world["client_grant"] is not None and world["client_policy"] != "deny_all"
    asked = granted if world["requested"] is None else set(world["requested"])
    if not may or not asked <= granted:
        with pytest.raises(Refusal) as refused:
            access.client_scopes(client, API, world["requested"])
        assert refused.value.status == 403
    else:
        assert set(access.client_scopes(client, API, world["requested"])) == asked


@given(worlds())
def test_more_roles_or_a_wider_request_never_take_a_scope_away(world: dict[str, Any]) -> None:
    access, definition, client, user = access_of(world)
    api = definition.apis[API]
    narrow = set(access.user_scopes(client, api, user, (world["requested"] or [])[:1]))
    wide = set(access.user_scopes(client, api, user, world["requested"]))
    assert narrow <= wide
    fewer = User(user.user_id, user.login, user.name, user.roles[:1])
    assert set(access.user_scopes(client, api, fewer, world["requested"])) <= wide

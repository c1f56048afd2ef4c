"""`/api/v2/tenants/settings`, and what is set of second factors: `/api/v2/guardian`."""

from dataclasses import replace
from typing import Any

from starlette.responses import Response

from local.tenant._endpoint import json_response
from local.tenant._errors import ManagementRefusal
from local.tenant.management._call import Call, bad_body
from local.tenant.management._known import UPDATE_TENANT
from local.tenant.management._paging import paged
from local.tenant.resources import FACTORS, Kind, Resource

MINUTES = 60
_DEFAULTS = {"session_lifetime": 168, "idle_session_lifetime": 72}
_POLICIES = ("all-applications", "confidence-score")


def get_settings(call: Call) -> Response:
    """`GET /tenants/settings`."""
    return json_response(_DEFAULTS | {"flags": {}} | _settings(call).body)


def update_settings(call: Call) -> Response:
    """`PATCH /tenants/settings`. Lifetimes come in hours or in minutes; flags that are not named stay."""
    settings, body = _settings(call), call.members(UPDATE_TENANT)
    for name in _DEFAULTS:
        minutes = body.pop(f"{name}_in_minutes", None)
        if minutes is not None:
            if not isinstance(minutes, int | float) or isinstance(minutes, bool) or minutes <= 0:
                raise bad_body(f"Expected a positive number on property {name}_in_minutes")
            body[name] = int(minutes / MINUTES) if minutes % MINUTES == 0 else minutes / MINUTES
    if isinstance(body.get("flags"), dict):
        body["flags"] = settings.body.get("flags", {}) | body["flags"]
    changed = {name: value for name, value in (settings.body | body).items() if value is not None}
    settings = replace(settings, body=changed)
    call.change("Update tenant settings", lambda: call.tenant.resources.write(settings))
    return get_settings(call)


def list_factors(call: Call) -> Response:
    """`GET /guardian/factors`."""
    on = {factor.id: factor.body["enabled"] for factor in call.tenant.resources.all(Kind.FACTOR)}
    return json_response([{"name": name, "enabled": on.get(name, False), "trial_expired": False} for name in FACTORS])


def set_factor(call: Call) -> Response:
    """`PUT /guardian/factors/{name}`."""
    name, body = call.parameter("name"), call.members(["enabled"], required=["enabled"])
    if name not in FACTORS:
        raise ManagementRefusal(404, "Not Found", "Not Found")
    if not isinstance(body["enabled"], bool):
        raise bad_body("Expected type boolean on property enabled")
    _put(call, "Update a Multi-factor Authentication factor", Resource(Kind.FACTOR, name, {"name": name, **body}))
    return json_response(body)


def get_policies(call: Call) -> Response:
    """`GET /guardian/policies`."""
    policies = call.tenant.resources.get(Kind.POLICIES, "guardian")
    return json_response([] if policies is None else policies.body["policies"])


def set_policies(call: Call) -> Response:
    """`PUT /guardian/policies` with a list of policies."""
    if not isinstance(call.body, list) or not all(policy in _POLICIES for policy in call.body):
        raise bad_body(f"Expected an array of {', '.join(_POLICIES)}")
    body = {"policies": call.body}
    _put(call, "Set the Multi-factor Authentication policies", Resource(Kind.POLICIES, "guardian", body))
    return json_response(call.body)


def list_actions(call: Call) -> Response:
    """`GET /actions/actions`: there are none."""
    return paged(call, "actions", [])


def _settings(call: Call) -> Resource:
    settings = call.tenant.resources.get(Kind.SETTINGS, "tenant")
    assert settings is not None  # noqa: S101 -- every tenant has them
    return settings


def _put(call: Call, said: str, resource: Resource) -> None:
    resources = call.tenant.resources

    def write() -> Any:
        if resources.get(resource.kind, resource.id) is None:
            return resources.add(resource.kind, resource.body, resource_id=resource.id)
        return resources.write(resource)

    call.change(said, write)

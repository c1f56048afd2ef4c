"""Suites of models, tuples and assertions, in the form of OpenFGA's own (`assets/tests/*.yaml` in its repository)."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from shared.openfga_language import parse_model
from tests.fga._servers import Api

CODES = {
    2000: "validation_error",
    2002: "authorization_model_resolution_too_complex",
    2021: "type_not_found",
    2022: "relation_not_found",
    2027: "invalid_tuple",
}


class _Loader(yaml.SafeLoader):
    """YAML as Go reads it: a number that no float can hold is text."""


def _float(loader: _Loader, node: yaml.ScalarNode) -> float | str:
    value: float = loader.construct_yaml_float(node)
    return value if math.isfinite(value) else node.value


_Loader.add_constructor("tag:yaml.org,2002:float", _float)


def load(path: Path) -> list[dict[str, Any]]:
    """The tests of a suite."""
    tests: list[dict[str, Any]] = yaml.load(path.read_text("utf-8"), _Loader)["tests"]  # noqa: S506 -- a safe one
    return tests


async def problems(api: Api, test: dict[str, Any]) -> list[str]:
    """What a server says otherwise than a test of a suite."""
    store = await api.store()
    found = []
    for number, stage in enumerate(test["stages"]):
        status, answer = await api.call("POST", f"{store}/authorization-models", parse_model(stage["model"]))
        assert status == 201, answer
        await api.write(store, stage.get("tuples") or [])
        for path, body, expected in _questions(stage):
            status, answer = await api.call("POST", f"{store}/{path}", body)
            heard = said(path, status, answer)
            if heard != expected:
                found.append(f"stage {number}: {path} {body}: {heard} ({answer}), and not {expected}")
    return found


def _questions(stage: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], Any]]:
    for each in stage.get("checkAssertions") or ():
        body = {"tuple_key": {name: each["tuple"][name] for name in ("user", "relation", "object")}}
        yield "check", _with_context(body, each), _expected(each, each.get("expectation", False))
    for each in stage.get("listObjectsAssertions") or ():
        body = {name: each["request"][name] for name in ("user", "relation", "type")}
        yield "list-objects", _with_context(body, each), _expected(each, sorted(each.get("expectation") or []))
    for each in stage.get("listUsersAssertions") or ():
        name, _, identifier = each["request"]["object"].partition(":")
        filters = [_filter(of) for of in each["request"]["filters"]]
        wanted: dict[str, Any] = {
            "object": {"type": name, "id": identifier},
            "relation": each["request"]["relation"],
            "user_filters": filters,
            "context": each.get("context") or {},
            "contextual_tuples": each.get("contextualTuples") or [],
        }
        yield "list-users", wanted, _expected(each, sorted(each.get("expectation") or []))
    for each in stage.get("expandAssertions") or ():
        of, _, relation = each["userset"].partition("#")
        yield "expand", {"tuple_key": {"object": of, "relation": relation}}, each["expectation"]


def _with_context(body: dict[str, Any], each: dict[str, Any]) -> dict[str, Any]:
    given = each.get("contextualTuples")
    return (
        body | {"context": each.get("context") or {}} | ({"contextual_tuples": {"tuple_keys": given}} if given else {})
    )


def _expected(each: dict[str, Any], expectation: Any) -> Any:
    code = each.get("errorCode")
    return CODES[code] if code else expectation


def _filter(wanted: str) -> dict[str, str]:
    name, _, relation = wanted.partition("#")
    return {"type": name} | ({"relation": relation} if relation else {})


def said(path: str, status: int, answer: Any) -> Any:
    """What an answer comes to: a boolean, a sorted list, a short tree, or the code of an error."""
    if status != 200:
        return answer["code"]
    match path:
        case "check":
            return answer["allowed"]
        case "list-objects":
            return sorted(answer["objects"])
        case "expand":
            return tree(answer["tree"]["root"])
        case _:
            return sorted(map(shown_user, answer["users"]))


def shown_user(user: dict[str, Any]) -> str:
    """A user of an answer, as it is written in tuples."""
    if "wildcard" in user:
        return f"{user['wildcard']['type']}:*"
    of = user.get("object") or user["userset"]
    return f"{of['type']}:{of['id']}" + (f"#{of['relation']}" if "relation" in of else "")


def tree(node: dict[str, Any]) -> Any:
    """An expansion, short: users as a list, usersets as text, operators by name."""
    if "leaf" in node:
        leaf = node["leaf"]
        if "users" in leaf:
            return leaf["users"]["users"]
        if "computed" in leaf:
            return leaf["computed"]["userset"]
        through = leaf["tupleToUserset"]
        return {through["tupleset"]: sorted(each["userset"] for each in through["computed"])}
    if "difference" in node:
        return {"but not": [tree(node["difference"]["base"]), tree(node["difference"]["subtract"])]}
    operator = "union" if "union" in node else "intersection"
    return {"or" if operator == "union" else "and": [tree(child) for child in node[operator]["nodes"]]}

"""What the API takes, answers and refuses: the same calls to the embedded server and to the real one."""

import re
from typing import Any

import pytest

from shared.openfga_language import parse_model
from tests.fga._servers import Api

MODEL = parse_model(
    "model\n  schema 1.1\ntype user\ntype group\n  relations\n    define member: [user]\n"
    "type doc\n  relations\n    define parent: [doc]\n    define viewer: [user, user:*, group#member, user with small]"
    " or viewer from parent\n    define other: viewer\n"
    "condition small(x: int) {\n  x < 10\n}\n"
)
NO_ID = "01HVMMBCMGZNT3SED4Z17ECXCA"
KEY = {"user": "user:a", "relation": "viewer", "object": "doc:1"}
STORE, WHOLE = "{store}", "{store}/authorization-models"


def key(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in (KEY | changes).items() if value is not None}


def check(**changes: Any) -> tuple[str, str, Any]:
    return "POST", "{store}/check", {"tuple_key": key(**changes)}


def write(**changes: Any) -> tuple[str, str, Any]:
    return "POST", "{store}/write", {"writes": {"tuple_keys": [key(**changes)]}}


def contextual(**changes: Any) -> dict[str, Any]:
    return {"contextual_tuples": {"tuple_keys": [key(**changes)]}}


def model(**changes: Any) -> tuple[str, str, Any]:
    return "POST", WHOLE, MODEL | changes


def types(*definitions: dict[str, Any]) -> tuple[str, str, Any]:
    return model(type_definitions=[{"type": "user"}, *definitions], conditions={})


REFUSED: list[tuple[tuple[str, str, Any], int, str]] = [
    # stores
    (("POST", "/stores", {}), 400, "validation_error"),
    (("POST", "/stores", {"name": "ab"}), 400, "validation_error"),
    (("POST", "/stores", {"name": "x" * 65}), 400, "validation_error"),
    (("POST", "/stores", {"name": "a<b>c"}), 400, "validation_error"),
    (("GET", "/stores/xx", None), 400, "validation_error"),
    (("GET", f"/stores/{NO_ID}", None), 404, "store_id_not_found"),
    (("GET", "/stores?page_size=0", None), 400, "page_size_invalid"),
    (("GET", "/stores?page_size=101", None), 400, "page_size_invalid"),
    (("GET", "/stores?page_size=x", None), 400, "validation_error"),
    (("GET", "/stores?continuation_token=%25", None), 400, "validation_error"),
    (("GET", "/nothing", None), 404, "undefined_endpoint"),
    (("PUT", "/stores", {}), 404, "unimplemented"),
    # models
    (("POST", WHOLE, {}), 400, "type_definitions_too_few_items"),
    (model(schema_version="2.0"), 400, "validation_error"),
    (model(schema_version="1.0"), 400, "invalid_authorization_model"),
    (types({"type": "a b"}), 400, "type_invalid_pattern"),
    (types({"type": "t", "relations": {"a b": {"this": {}}}}), 400, "relations_invalid_pattern"),
    (types({"type": "t", "relations": {"r": {}}}), 400, "invalid_authorization_model"),
    (types({"type": "t", "relations": {"r": {"this": {}}}}), 400, "invalid_authorization_model"),
    (
        types({"type": "t", "relations": {"r": {"computedUserset": {"relation": "x"}}}}),
        400,
        "invalid_authorization_model",
    ),
    (
        types({"type": "t", "relations": {"r": {"difference": {"base": {"this": {}}}}}}),
        400,
        "subtract_base_missing_value",
    ),
    (types({"type": "t", "relations": {"r": {"difference": {}}}}), 400, "difference_base_missing_value"),
    (types({"type": "t", "relations": {"r": {"tupleToUserset": {}}}}), 400, "validation_error"),
    (types({"type": "user"}), 400, "invalid_authorization_model"),
    (types({"type": "self"}), 400, "invalid_authorization_model"),
    (types(*({"type": f"t{number}"} for number in range(100))), 400, "exceeded_entity_limit"),
    (model(conditions={"c": {"name": "c", "expression": "x +"}}), 400, "invalid_authorization_model"),
    (model(conditions={"c": {"name": "d", "expression": "true"}}), 400, "invalid_authorization_model"),
    (model(conditions={"c": {"name": "c", "expression": "x" * 513}}), 400, "validation_error"),
    (model(conditions={f"c{number}": {"name": f"c{number}"} for number in range(26)}), 400, "validation_error"),
    (("GET", f"{WHOLE}/{NO_ID}", None), 400, "authorization_model_not_found"),
    (("GET", f"{WHOLE}/x", None), 400, "validation_error"),
    (("GET", f"{WHOLE}?page_size=1000", None), 400, "page_size_invalid"),
    # writes
    (("POST", "{store}/write", {}), 400, "invalid_write_input"),
    (("POST", "{store}/write", {"writes": {"tuple_keys": []}}), 400, "validation_error"),
    (("POST", "{store}/write", {"writes": {"tuple_keys": [KEY], "on_duplicate": "x"}}), 400, "validation_error"),
    (("POST", "{store}/write", {"deletes": {"tuple_keys": [KEY], "on_missing": "x"}}), 400, "validation_error"),
    (write(user="user:there"), 400, "write_failed_due_to_invalid_input"),
    (
        ("POST", "{store}/write", {"deletes": {"tuple_keys": [key(user="user:not-there")]}}),
        400,
        "write_failed_due_to_invalid_input",
    ),
    (("POST", "{store}/write", {"deletes": {"tuple_keys": [key(user="user:a b")]}}), 400, "validation_error"),
    (
        ("POST", "{store}/write", {"writes": {"tuple_keys": [KEY, KEY]}}),
        400,
        "cannot_allow_duplicate_tuples_in_one_request",
    ),
    (
        ("POST", "{store}/write", {"writes": {"tuple_keys": [KEY]}, "deletes": {"tuple_keys": [KEY]}}),
        400,
        "cannot_allow_duplicate_tuples_in_one_request",
    ),
    (
        ("POST", "{store}/write", {"writes": {"tuple_keys": [key(user=f"user:{number}") for number in range(101)]}}),
        400,
        "exceeded_entity_limit",
    ),
    (write(user="robot:a"), 400, "validation_error"),
    (write(user="a"), 400, "validation_error"),
    (write(user="group:a#owner"), 400, "validation_error"),
    (write(user="group:a"), 400, "validation_error"),
    (write(user="group:*"), 400, "validation_error"),
    (write(user="group:*#member"), 400, "validation_error"),
    (write(user="user:a", object="doc:*"), 400, "validation_error"),
    (write(object="doc"), 400, "validation_error"),
    (write(object="doc:1:2"), 400, "validation_error"),
    (write(object="sheet:1"), 400, "validation_error"),
    (write(object="doc:" + "x" * 300), 400, "validation_error"),
    (write(user="user:" + "x" * 600), 400, "validation_error"),
    (write(relation="editor"), 400, "validation_error"),
    (write(relation="other"), 400, "validation_error"),
    (write(relation="a b"), 400, "validation_error"),
    (write(relation="parent", user="doc:2#viewer"), 400, "validation_error"),
    (write(relation="parent", user="doc:*"), 400, "validation_error"),
    (write(user="doc:1#viewer"), 400, "validation_error"),
    (write(condition={"name": "no"}), 400, "validation_error"),
    (write(condition={"name": "small"}, user="user:*"), 400, "validation_error"),
    (write(condition={"name": "small", "context": {"x": "y"}}), 400, "validation_error"),
    (write(authorization_model_id="x"), 200, ""),
    (
        ("POST", "{store}/write", {"writes": {"tuple_keys": [KEY]}, "authorization_model_id": "x"}),
        400,
        "validation_error",
    ),
    (
        ("POST", "{store}/write", {"writes": {"tuple_keys": [KEY]}, "authorization_model_id": NO_ID}),
        400,
        "authorization_model_not_found",
    ),
    # reads
    (("POST", "{store}/read", {"page_size": 0}), 400, "page_size_invalid"),
    (("POST", "{store}/read", {"page_size": "x"}), 400, "validation_error"),
    (("POST", "{store}/read", {"tuple_key": {"object": "doc:"}}), 400, "validation_error"),
    (("POST", "{store}/read", {"tuple_key": {"user": "user:a"}}), 400, "validation_error"),
    (("POST", "{store}/read", {"tuple_key": {"user": "anne", "object": "doc:"}}), 400, "validation_error"),
    (("POST", "{store}/read", {"continuation_token": "%"}), 400, "validation_error"),
    (("GET", "{store}/changes?page_size=0", None), 400, "validation_error"),
    (("GET", "{store}/changes?type=a%20b", None), 400, "type_invalid_pattern"),
    (("GET", "{store}/changes?start_time=noon", None), 400, "validation_error"),
    (("GET", "{store}/changes?continuation_token=AAAA", None), 400, "invalid_continuation_token"),
    # questions
    (("POST", "{store}/check", {}), 400, "tuple_key_value_not_specified"),
    (("POST", "{store}/check", {"tuple_key": {}}), 400, "validation_error"),
    (("POST", "{store}/check", {"tuple_key": []}), 400, "validation_error"),
    (check(user=1), 400, "validation_error"),
    (check(user="a"), 400, "validation_error"),
    (check(user="anne"), 400, "validation_error"),
    (check(user="robot:a"), 400, "validation_error"),
    (check(user="group:a#owner"), 400, "validation_error"),
    (check(object="doc"), 400, "validation_error"),
    (check(object="sheet:1"), 400, "validation_error"),
    (check(object="doc:*"), 400, "validation_error"),
    (check(relation="editor"), 400, "validation_error"),
    (check(relation="a:b"), 400, "validation_error"),
    (
        ("POST", "{store}/check", {"tuple_key": KEY, "authorization_model_id": NO_ID}),
        400,
        "authorization_model_not_found",
    ),
    (("POST", "{store}/check", {"tuple_key": KEY} | contextual(user="group:a")), 400, "invalid_tuple"),
    (
        ("POST", "{store}/check", {"tuple_key": KEY} | contextual(condition={"name": "small", "context": {"x": "y"}})),
        400,
        "invalid_tuple",
    ),
    (("POST", "{store}/check", {"tuple_key": KEY, "context": {"x\u0001": 1}}), 400, "validation_error"),
    (
        (
            "POST",
            "{store}/check",
            {
                "tuple_key": KEY,
                "contextual_tuples": {"tuple_keys": [key(user=f"user:{number}") for number in range(101)]},
            },
        ),
        400,
        "validation_error",
    ),
    (("POST", f"/stores/{NO_ID}/check", {"tuple_key": KEY}), 400, "latest_authorization_model_not_found"),
    (("POST", "{store}/batch-check", {}), 400, "validation_error"),
    (("POST", "{store}/batch-check", {"checks": [{"tuple_key": KEY}]}), 400, "validation_error"),
    (
        ("POST", "{store}/batch-check", {"checks": [{"tuple_key": KEY, "correlation_id": "1"}] * 2}),
        400,
        "validation_error",
    ),
    (
        (
            "POST",
            "{store}/batch-check",
            {"checks": [{"tuple_key": KEY, "correlation_id": f"{number}"} for number in range(51)]},
        ),
        400,
        "validation_error",
    ),
    (("POST", "{store}/expand", {}), 400, "tuple_key_value_not_specified"),
    (("POST", "{store}/expand", {"tuple_key": {"object": "doc:1"}}), 400, "invalid_expand_input"),
    (("POST", "{store}/expand", {"tuple_key": {"object": "doc:1", "relation": "editor"}}), 400, "validation_error"),
    (("POST", "{store}/expand", {"tuple_key": {"object": "doc", "relation": "viewer"}}), 400, "validation_error"),
    (("POST", "{store}/list-objects", {}), 400, "type_invalid_pattern"),
    (("POST", "{store}/list-objects", {"type": "doc", "relation": "viewer"}), 400, "validation_error"),
    (("POST", "{store}/list-objects", {"type": "doc", "relation": "viewer", "user": "a"}), 400, "validation_error"),
    (("POST", "{store}/list-objects", {"type": "doc", "relation": "no", "user": "user:a"}), 400, "relation_not_found"),
    (("POST", "{store}/list-objects", {"type": "no", "relation": "viewer", "user": "user:a"}), 400, "type_not_found"),
    (("POST", "{store}/list-users", {}), 400, "validation_error"),
    (
        ("POST", "{store}/list-users", {"object": {"type": "doc", "id": "1"}, "relation": "viewer"}),
        400,
        "validation_error",
    ),
    (
        (
            "POST",
            "{store}/list-users",
            {"object": {"type": "doc", "id": "1"}, "relation": "viewer", "user_filters": [{"type": "no"}]},
        ),
        400,
        "type_not_found",
    ),
    (
        (
            "POST",
            "{store}/list-users",
            {
                "object": {"type": "doc", "id": "1"},
                "relation": "viewer",
                "user_filters": [{"type": "group", "relation": "no"}],
            },
        ),
        400,
        "relation_not_found",
    ),
    # assertions
    (("PUT", f"{{store}}/assertions/{NO_ID}", {"assertions": []}), 400, "authorization_model_not_found"),
    (
        ("PUT", "{store}/assertions/{model}", {"assertions": [{"tuple_key": key(relation="no")}]}),
        400,
        "validation_error",
    ),
    (("PUT", "{store}/assertions/{model}", {"assertions": [{}]}), 400, "tuple_key_value_not_specified"),
]


async def prepared(api: Api) -> tuple[str, str]:
    store = await api.store()
    status, answer = await api.call("POST", f"{store}/authorization-models", MODEL)
    assert status == 201, answer
    await api.write(store, [key(user="user:there")])
    return store, answer["authorization_model_id"]


async def told(api: Api, call: tuple[str, str, Any]) -> tuple[int, str, str]:
    """The status, the code and the message, without what is another in each store."""
    store, model_id = await prepared(api)
    method, path, body = call
    status, answer = await api.call(method, path.replace("{store}", store).replace("{model}", model_id), body)
    message = (answer or {}).get("message", "")
    # The place in the body is told by theirs alone, as is what a parser would rather have read.
    message = re.sub(
        r"^(syntax error )?\(line \d+:\d+\): | expecting \{.*\}|parsing time .* as .*: cannot.*|invalid time.*",
        "",
        message,
    )
    return status, (answer or {}).get("code", ""), re.sub(r"01[0-9A-Z]{24}", "ID", message)


@pytest.mark.parametrize(("call", "status", "code"), REFUSED, ids=range(len(REFUSED)))
async def test_the_embedded_server_refuses_as_it_has_to(ours: Api, call: Any, status: int, code: str) -> None:
    assert (await told(ours, call))[:2] == (status, code)


async def test_the_real_server_says_the_same_word_for_word(ours: Api, theirs: Api) -> None:
    for call, status, code in REFUSED:
        expected = await told(theirs, call)
        assert expected[:2] == (status, code), call
        assert await told(ours, call) == expected, call

"""Conditions, on the embedded server and on the real one: what compiles, what it gives, and what it costs."""

import re
from typing import Any

from tests.cel._tables import REFUSED, TRUE, UNCONVERTIBLE, WITHOUT_VALUE
from tests.fga._servers import Api

PARAMETERS = {
    "i": ("INT",),
    "s": ("STRING",),
    "b": ("BOOL",),
    "l": ("LIST", "INT"),
    "m": ("MAP", "INT"),
    "d": ("DURATION",),
    "t": ("TIMESTAMP",),
    "ip": ("IPADDRESS",),
    "x": ("ANY",),
}
CONTEXT = {
    "i": 5,
    "s": "abc",
    "b": True,
    "l": [1, 2, 3],
    "m": {"a": 1},
    "d": "1h30m",
    "t": "2026-11-26T23:30:15.25Z",
    "ip": "192.168.1.7",
    "x": {"n": 1.0, "l": [True, None, "z"]},
}
KEY = {"user": "user:a", "relation": "viewer", "object": "doc:1"}
LOOSE = (
    # What a parser or a library has to say of its own accord.
    r" expecting .*| no viable alternative.*|Syntax error: .*|error parsing regexp: .*|unknown time zone .*"
    r"|ParseAddr.*|expression recursion.*|Failed with repeated key.*|token recognition.*|unable to unescape.*"
)


def model(expression: str) -> dict[str, Any]:
    parameters = {
        name: {
            "type_name": f"TYPE_NAME_{kind}",
            "generic_types": [{"type_name": f"TYPE_NAME_{each}"} for each in inner],
        }
        for name, (kind, *inner) in PARAMETERS.items()
    }
    reference = {"type": "user", "condition": "cond"}
    return {
        "schema_version": "1.1",
        "type_definitions": [
            {"type": "user"},
            {
                "type": "doc",
                "relations": {"viewer": {"this": {}}},
                "metadata": {"relations": {"viewer": {"directly_related_user_types": [reference]}}},
            },
        ],
        "conditions": {"cond": {"name": "cond", "expression": expression, "parameters": parameters}},
    }


async def outcome(api: Api, store: str, expression: str) -> tuple[Any, ...]:
    """What a server makes of an expression: its value, or why it has none."""
    status, answer = await api.call("POST", f"{store}/authorization-models", model(expression))
    if status == 201:
        given = {"contextual_tuples": {"tuple_keys": [KEY | {"condition": {"name": "cond"}}]}}
        status, answer = await api.call("POST", f"{store}/check", {"tuple_key": KEY, "context": CONTEXT} | given)
    if status == 200:
        return (answer["allowed"],)
    return status, answer["code"], re.sub(LOOSE, "", answer["message"].split("\n")[0])


async def test_expressions_have_the_same_value_on_both_servers(ours: Api, theirs: Api) -> None:
    stores = [(api, await api.store()) for api in (ours, theirs)]
    short = [expression for expression in TRUE if len(expression) <= 512]
    for expression in short:
        mine, real = [await outcome(api, store, expression) for api, store in stores]
        assert mine == real, expression


async def test_expressions_that_make_no_sense_are_refused_by_both_servers_alike(ours: Api, theirs: Api) -> None:
    stores = [(api, await api.store()) for api in (ours, theirs)]
    for expression, _ in [*REFUSED, *UNCONVERTIBLE, *WITHOUT_VALUE]:
        if len(expression) <= 512 and "(" * 51 not in expression:  # cel-go nests deeper than we do
            mine, real = [await outcome(api, store, expression) for api, store in stores]
            assert mine == real, expression


GROWING = (
    *("l.all(e, e > -1)", "l.exists(e, e == -1)", "l.exists_one(e, e == 3)", "l.map(e, e + 1) == l", "-1 in l"),
    *("l.filter(e, e > -1) == l", "l.filter(e, e > 100) == []", "l.map(e, e > 2, e) == l", "l.all(e, e in l)"),
    *("s.contains('zzzzz')", "s.startsWith(s)", "s + s == s", "s.matches('a+b+c')", "s < s"),
    *("l.all(e, [e, 1].size() == 2)", "l.all(e, {'a': e}.a == e)", "l.all(e, e > 0 ? b : true)", "l.all(e, l[e] == e)"),
    *("l.all(a, l.all(c, a + c >= 0))", "l.all(e, m.a == 1 && has(m.a))", "l.all(e, ip.in_cidr('10.0.0.0/8') || b)"),
)


async def longest(api: Api, expression: str) -> int:
    """How long a list or a text may be until an expression costs too much; found by halving."""
    store = await api.store(model(expression))
    low, high = 0, 130
    given = {"contextual_tuples": {"tuple_keys": [KEY | {"condition": {"name": "cond"}}]}}
    while low < high:
        length = (low + high + 1) // 2
        context = CONTEXT | {"l": list(range(length)), "s": "a" * (length * 10)}
        status, answer = await api.call("POST", f"{store}/check", {"tuple_key": KEY, "context": context} | given)
        is_too_much = status != 200 and "cost limit exceeded" in answer["message"]
        low, high = (low, length - 1) if is_too_much else (length, high)
    return low


async def test_an_expression_may_cost_as_much_on_both_servers(ours: Api, theirs: Api) -> None:
    lengths = {
        expression: (await longest(ours, expression), await longest(theirs, expression)) for expression in GROWING
    }

    assert {expression: pair for expression, pair in lengths.items() if pair[0] != pair[1]} == {}
    assert all(0 < mine < 130 for mine, _ in lengths.values())

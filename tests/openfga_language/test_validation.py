"""Models that are well-formed and make no sense."""

from typing import Any

import pytest

from shared.openfga_language import ModelError, parse_model, validate_model
from tests.openfga_language._models import FOLDERS, NESTED, ODD_NAMES


def problem(*relations: str, rest: str = "") -> str:
    text = "\n".join(("model", "  schema 1.1", "type user", "type t", "  relations", *relations, rest))
    with pytest.raises(ModelError) as caught:
        validate_model(parse_model(text, "m.fga"))
    return str(caught.value.problems[0])


@pytest.mark.parametrize("text", [FOLDERS, NESTED, ODD_NAMES])
def test_models_that_make_sense_are_accepted(text: str) -> None:
    validate_model(parse_model(text))


@pytest.mark.parametrize(
    ("relations", "message"),
    [
        (("    define a: b",), "m.fga:6:12: 't#b' relation is undefined"),
        (
            ("    define a: a",),
            "m.fga:6:12: the definition of relation 'a' in object type 't' is invalid: invalid userset rewrite",
        ),
        (("    define a: [nobody]",), "m.fga:6:12: the relation type 'nobody' on 'a' in object type 't' is not valid"),
        (("    define a: [t#x]",), "m.fga:6:12: the relation type 't#x' on 'a' in object type 't' is not valid"),
        (("    define a: [user with c]",), "m.fga:6:12: condition c is undefined for relation a"),
        (("    define a: x from b",), "m.fga:6:12: 't#b' relation is undefined"),
        (
            ("    define a: x from b", "    define b: [t] or c", "    define c: [user]"),
            "m.fga:6:12: the 't#b' relation is referenced in at least one tupleset and thus must be a direct relation",
        ),
        (
            ("    define a: x from b", "    define b: [user, t]"),
            "m.fga:6:12: undefined relation: x does not appear as a relation in any of the directly related user types",
        ),
        (
            ("    define a: a from b", "    define b: [t#a]"),
            "m.fga:6:12: the definition of relation 'a' in object type 't' is invalid: no entrypoints defined",
        ),
        (
            ("    define b: [t, user:*]", "    define c: [user] or c from b"),
            "m.fga:6:12: the relation type 'user' on 'b' in object type 't' is not valid",
        ),
        (("    define a: [t#a]",), "m.fga:6:12: the definition of relation 'a' in object type 't' is invalid: no ent"),
        (
            ("    define a: b", "    define b: a"),
            "m.fga:6:12: the definition of relation 'a' in object type 't' is invalid: potential loop",
        ),
        (
            ("    define a: [user] or b", "    define b: [user] or a"),
            "m.fga:6:12: the definition of relation 'a' in object type 't' is invalid: an authorization model cannot",
        ),
        (
            ("    define self: [user]",),
            "m.fga:6:12: the definition of relation 'self' in object type 't' is invalid: self and this are reserved",
        ),
    ],
)
def test_a_relation_that_makes_no_sense_is_named_with_its_place(relations: tuple[str, ...], message: str) -> None:
    assert problem(*relations).startswith(message)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("condition c(x: int) { y < 1 }", "undeclared reference to 'y'"),
        ("condition c(x: int) { x < 'a' }", "found no matching overload for '_<_' applied to '(int, string)'"),
        ("condition c(x: int) { x + 1 }", "expected a bool condition expression output, but got 'int'"),
        ("condition c(x: int) { x < }", "Syntax error"),
        (
            "condition c(t: timestamp) { t < timestamp('noon') }",
            'condition expression construction: invalid RFC 3339 timestamp "noon"',
        ),
    ],
)
def test_a_condition_that_does_not_compile_is_named_with_its_place(condition: str, message: str) -> None:
    found = problem("    define a: [user]", rest=condition)

    assert found.startswith("m.fga:7:11: failed to compile expression on condition 'c' - ")
    assert message in found


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"schema_version": "1.0", "type_definitions": []}, "invalid schema version"),
        (
            {"schema_version": "1.1", "type_definitions": [{"type": "a"}, {"type": "a"}]},
            "an authorization model cannot contain duplicate types",
        ),
        (
            {"schema_version": "1.1", "type_definitions": [{"type": "this"}]},
            "the definition of type 'this' is invalid",
        ),
        (
            {"schema_version": "1.1", "type_definitions": [{"type": "a", "relations": {"r": {"this": {}}}}]},
            "the assignable relation 'r' in object type 'a' must contain at least one relation type",
        ),
        (
            {"schema_version": "1.1", "type_definitions": [{"type": "a", "relations": {"r": {}}}]},
            "the definition of relation 'r' in object type 'a' is invalid: invalid userset rewrite definition",
        ),
        (
            {
                "schema_version": "1.1",
                "type_definitions": [{"type": "a"}],
                "conditions": {"c": {"name": "d", "expression": "true"}},
            },
            "condition key 'c' does not match condition name 'd'",
        ),
        (
            {
                "schema_version": "1.1",
                "type_definitions": [{"type": "a"}],
                "conditions": {
                    "c": {"name": "c", "expression": "true", "parameters": {"x": {"type_name": "TYPE_NAME_LIST"}}}
                },
            },
            "condition parameter type `TYPE_NAME_LIST` requires 1 generic types; found 0",
        ),
    ],
)
def test_a_json_model_is_held_to_the_same(model: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError) as caught:
        validate_model(model)

    assert message in str(caught.value)

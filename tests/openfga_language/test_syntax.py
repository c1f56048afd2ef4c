"""One file of the modelling language, to the API's JSON and back."""

import pytest

from shared.openfga_language import ModelError, parse_model, write_model
from tests.openfga_language._models import FOLDERS, NESTED, ODD_NAMES


def problems(text: str) -> list[str]:
    with pytest.raises(ModelError) as caught:
        parse_model(text, "m.fga")
    return [str(problem) for problem in caught.value.problems]


def model(*lines: str) -> str:
    return "\n".join(("model", "  schema 1.1", "type user", "type t", "  relations", *lines))


def rewrite(definition: str) -> object:
    return parse_model(model(f"    define r: {definition}"))["type_definitions"][1]["relations"]["r"]


def computed(name: str) -> dict[str, object]:
    return {"computedUserset": {"relation": name}}


def test_a_model_is_what_the_api_takes() -> None:
    assert parse_model("model\n  schema 1.1\ntype user\ntype t\n  relations\n    define r: [user with c]\n"
                       "condition c(x: int, l: list<string>) {\n  x < 3\n}\n") == {
        "schema_version": "1.1",
        "type_definitions": [
            {"type": "user"},
            {
                "type": "t",
                "relations": {"r": {"this": {}}},
                "metadata": {
                    "relations": {"r": {"directly_related_user_types": [{"type": "user", "condition": "c"}]}}
                },
            },
        ],
        "conditions": {
            "c": {
                "name": "c",
                "expression": "x < 3",
                "parameters": {
                    "x": {"type_name": "TYPE_NAME_INT"},
                    "l": {"type_name": "TYPE_NAME_LIST", "generic_types": [{"type_name": "TYPE_NAME_STRING"}]},
                },
            }
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("[user]", {"this": {}}),
        ("a", computed("a")),
        ("a from p", {"tupleToUserset": {"tupleset": {"relation": "p"}, "computedUserset": {"relation": "a"}}}),
        ("a or b or c", {"union": {"child": [computed("a"), computed("b"), computed("c")]}}),
        ("a and b", {"intersection": {"child": [computed("a"), computed("b")]}}),
        ("a but not b", {"difference": {"base": computed("a"), "subtract": computed("b")}}),
        ("(a)", computed("a")),
        (
            "(a or b) or c",
            {"union": {"child": [{"union": {"child": [computed("a"), computed("b")]}}, computed("c")]}},
        ),
        (
            "[user] and (a but not (b or c))",
            {
                "intersection": {
                    "child": [
                        {"this": {}},
                        {
                            "difference": {
                                "base": computed("a"),
                                "subtract": {"union": {"child": [computed("b"), computed("c")]}},
                            }
                        },
                    ]
                }
            },
        ),
    ],
)
def test_a_definition_is_a_rewrite(definition: str, expected: object) -> None:
    assert rewrite(definition) == expected


def test_restrictions_may_stand_on_several_lines() -> None:
    parsed = parse_model(model("    define r: [", "      user,", "      t#r,", "      user:*", "    ]"))

    metadata = parsed["type_definitions"][1]["metadata"]
    assert metadata["relations"]["r"]["directly_related_user_types"] == [
        {"type": "user"},
        {"type": "t", "relation": "r"},
        {"type": "user", "wildcard": {}},
    ]


@pytest.mark.parametrize(
    ("definition", "place"),
    [
        ("a or b and c", "m.fga:6:22: expected parentheses"),
        ("a but not b but not c", "m.fga:6:27: expected parentheses"),
        ("a or [user]", "m.fga:6:20: expected a relation and found '['"),
        ("a  or b or", "m.fga:6:25: expected a space and found the end of the file"),
        ("[]", "m.fga:6:16: expected a type and found ']'"),
        ("[user", "m.fga:6:20: expected ',' or ']' and found the end of the file"),
        ("[user] with c", "m.fga:6:21: expected the end of the line and found ' '"),
        ("a from", "m.fga:6:21: expected a space"),
        ("(a or b", "m.fga:6:22: expected ')'"),
        ("a or (b)) ", "m.fga:6:23: expected the end of the line and found ')'"),
        ("a & b", "m.fga:6:17: unexpected character '&'"),
        ("(" * 200 + "a" + ")" * 200, "m.fga:6:115: expected fewer parentheses"),
    ],
)
def test_a_problem_names_its_line_and_column(definition: str, place: str) -> None:
    assert problems(model(f"    define r: {definition}"))[0].startswith(place)


def test_all_problems_of_a_file_are_told_at_once() -> None:
    found = problems(
        model("    define a [user]", "    define b: [user]", "    define c: or", "type", "type w", "  relations", "x")
    )

    assert [line.split(": ")[0] for line in found] == ["m.fga:6:14", "m.fga:8:15", "m.fga:9:5", "m.fga:12:1"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("type user", "m.fga:1:1: expected 'model' or 'module' and found 'type'"),
        ("", "m.fga:1:1: expected 'model' or 'module' and found the end of the file"),
        ("model\n  schema x\n", "m.fga:2:10: expected a schema version and found 'x'"),
        (model("    define a: [user]", "    define a: [user]"), "m.fga:7:12: 'a' is already defined in 't'"),
        ("model\n  schema 1.1\nextend type t", "m.fga:3:13: extend can only be used in a modular model"),
        (
            "model\n  schema 1.1\ncondition c(x: int) { x > 1 }\ncondition c(x: int) { x > 1 }",
            "m.fga:4:11: condition 'c' is already defined in the model",
        ),
        (
            "model\n  schema 1.1\ncondition c(x: int, x: int) { x > 1 }",
            "m.fga:3:21: parameter 'x' is already defined in the condition 'c'",
        ),
        ("model\n  schema 1.1\ncondition c(x: float) { x > 1 }", "m.fga:3:16: expected a parameter's type"),
        ("model\n  schema 1.1\ncondition c() { true }", "m.fga:3:13: expected a parameter's name and found ')'"),
        ("model\n  schema 1.1\ncondition c(x: int) { x > 1", "m.fga:3:28: expected '}'"),
        ("model\n  schema 1.1\ncondition c(x: int) { x > 1 }\ntype user", "m.fga:4:1: expected a condition"),
    ],
)
def test_what_is_wrong_is_said(text: str, message: str) -> None:
    assert problems(text)[0].startswith(message)


@pytest.mark.parametrize("text", [FOLDERS, NESTED, ODD_NAMES])
def test_what_is_written_reads_as_what_was_read(text: str) -> None:
    parsed = parse_model(text)

    assert parse_model(write_model(parsed)) == parsed


def test_the_language_cannot_say_every_model() -> None:
    this: dict[str, object] = {"this": {}}
    definition = {
        "type": "t",
        "relations": {"r": {"union": {"child": [this, {"intersection": {"child": [computed("r"), this]}}]}}},
    }

    with pytest.raises(ModelError, match="write the model as JSON"):
        write_model({"schema_version": "1.1", "type_definitions": [definition]})

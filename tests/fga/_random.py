"""Random models, tuples and questions: small, and dense enough that much of what is asked is true."""

import random
from dataclasses import dataclass
from typing import Any

from local.fga._model import Model
from local.fga._structure import excluded, goes_round, groups, needed
from shared.openfga_language import ModelError, parse_model

_CONDITION = "\ncondition small(x: int) {\n  x < 10\n}\n"
_USERS = ("user:a", "user:b", "user:c")
_IDS = ("1", "2", "3")
_RELATIONS = ("r1", "r2", "r3", "r4")


@dataclass(frozen=True, slots=True)
class Case:
    """A model, its tuples, and what is asked.

    Attributes:
        text: The model as text, for the reader of a failure.
        questions: The path and the body of each.
    """

    text: str
    model: Any
    tuples: list[dict[str, Any]]
    questions: list[tuple[str, dict[str, Any]]]


def case(random_: random.Random, *, with_conditions: bool) -> Case:
    """A random case."""
    while True:
        text = _model(random_, with_conditions=with_conditions)
        model = parse_model(text)
        try:
            compiled = Model("", model)
        except ModelError:
            continue
        tuples = _tuples(random_, model)
        if tuples and not _excludes_what_goes_round(compiled):
            return Case(text, model, tuples, _questions(random_, model, tuples))


def _excludes_what_goes_round(model: Model) -> bool:
    """Whether something is excluded that may lead to itself.

    Where tuples then make it do so, OpenFGA's own answer is one or the other, as it happens to go about it.
    """
    for name, relations in model.types.items():
        for relation, definition in relations.items():
            for rewrite in excluded(definition.rewrite):
                for node in needed(model, name, relation, rewrite):
                    if any(goes_round(model.edges, group) for group in groups(model.edges, node)):
                        return True
    return False


def _model(random_: random.Random, *, with_conditions: bool) -> str:
    lines = ["model", "  schema 1.1", "type user"]
    types = ["group", "doc"][: random_.choice((1, 2, 2))]
    for name in types:
        lines += [f"type {name}", "  relations"]
        lines.append(f"    define parent: [{', '.join(random_.sample(types, random_.randint(1, len(types))))}]")
        lines += [
            f"    define {relation}: {_definition(random_, types, with_conditions=with_conditions)}"
            for relation in _RELATIONS
        ]
    return "\n".join(lines) + ("\n" + _CONDITION if with_conditions else "\n")


def _definition(random_: random.Random, types: list[str], *, with_conditions: bool) -> str:
    first = _direct(random_, types, with_conditions=with_conditions) if random_.random() < 0.7 else _operand(random_)
    kind = random_.choice(("", "", " or ", " or ", " and ", " but not "))
    if not kind:
        return first
    others = [_nested(random_) for _ in range(1 if kind == " but not " else random_.choice((1, 1, 2)))]
    return kind.join((first, *others))


def _nested(random_: random.Random) -> str:
    if random_.random() < 0.75:
        return _operand(random_)
    return f"({random_.choice((' or ', ' and ', ' but not ')).join((_operand(random_), _operand(random_)))})"


def _operand(random_: random.Random) -> str:
    relation = random_.choice(_RELATIONS)
    return f"{relation} from parent" if random_.random() < 0.4 else relation


def _direct(random_: random.Random, types: list[str], *, with_conditions: bool) -> str:
    kinds = ["user", "user", "user:*", *(f"{name}#{relation}" for name in types for relation in _RELATIONS)]
    chosen = dict.fromkeys(random_.choice(kinds) for _ in range(random_.randint(1, 3)))
    if with_conditions:
        return "[" + ", ".join(f"{kind} with small" if random_.random() < 0.4 else kind for kind in chosen) + "]"
    return "[" + ", ".join(chosen) + "]"


def _tuples(random_: random.Random, model: Any) -> list[dict[str, Any]]:
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for definition in model["type_definitions"]:
        metadata = (definition.get("metadata") or {}).get("relations") or {}
        for relation, of in metadata.items():
            for restriction in of.get("directly_related_user_types") or ():
                for identifier in _IDS:
                    if random_.random() < 0.35:
                        each = _tuple(random_, f"{definition['type']}:{identifier}", relation, restriction)
                        found.setdefault((each["object"], relation, each["user"]), each)
    # What names itself is refused when it is written. And where everybody has a relation, and a single user has it by a
    # condition that is not met, OpenFGA 1.22.1 says no to that user with some of its strategies.
    single = {
        (each["object"], each["relation"]) for each in found.values() if "condition" in each and "*" not in each["user"]
    }
    return [
        each
        for each in found.values()
        if each["user"] != f"{each['object']}#{each['relation']}"
        and not (each["user"].endswith(":*") and (each["object"], each["relation"]) in single)
    ]


def _tuple(random_: random.Random, of: str, relation: str, restriction: dict[str, Any]) -> dict[str, Any]:
    name = restriction["type"]
    user = random_.choice(_USERS) if name == "user" else f"{name}:{random_.choice(_IDS)}"
    if "wildcard" in restriction:
        user = f"{name}:*"
    elif restriction.get("relation"):
        user += f"#{restriction['relation']}"
    made: dict[str, Any] = {"object": of, "relation": relation, "user": user}
    if restriction.get("condition"):
        made["condition"] = {"name": restriction["condition"]}
        if random_.random() < 0.7:
            made["condition"]["context"] = {"x": random_.choice((5, 5, 50))}
    return made


def _questions(random_: random.Random, model: Any, tuples: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    targets = [
        (definition["type"], relation)
        for definition in model["type_definitions"]
        for relation in definition.get("relations") or {}
        if relation != "parent"
    ]
    usersets = [f"{name}:{identifier}#{relation}" for name, relation in targets for identifier in _IDS]
    asked: list[tuple[str, dict[str, Any]]] = []
    for _ in range(30):
        name, relation = random_.choice(targets)
        user = random_.choice(_USERS) if random_.random() < 0.8 else random_.choice([*usersets, "user:*"])
        body: dict[str, Any] = {
            "tuple_key": {"object": f"{name}:{random_.choice(_IDS)}", "relation": relation, "user": user}
        }
        if random_.random() < 0.2:
            body["contextual_tuples"] = {"tuple_keys": [random_.choice(tuples)]}
        asked.append(("check", body))
    for _ in range(9):
        name, relation = random_.choice(targets)
        asked.append(("list-objects", {"type": name, "relation": relation, "user": random_.choice(_USERS)}))
    for _ in range(4):
        name, relation = random_.choice(targets)
        asked.append(("expand", {"tuple_key": {"object": f"{name}:{random_.choice(_IDS)}", "relation": relation}}))
    for _ in range(7):
        name, relation = random_.choice(targets)
        of = {"type": name, "id": random_.choice(_IDS)}
        asked.append(("list-users", {"object": of, "relation": relation, "user_filters": [{"type": "user"}]}))
    return asked

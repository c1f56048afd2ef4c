"""A JSON model as text of the modelling language, in the form and the order of OpenFGA's own tools."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.openfga_language._problems import ModelError, Place, Problem

_OPERATORS = {"union": " or ", "intersection": " and "}


def write_model(model: Mapping[str, Any]) -> str:
    """Writes a model as text.

    A module's name and file are not in it: what comes out is one file, with the types in the model's order.

    Raises:
        ModelError: where the language cannot say it: direct assignments elsewhere than first, or more than one.
    """
    parts = [f"model\n  schema {model.get('schema_version', '')}\n"]
    parts += [_type(definition) for definition in model.get("type_definitions", ())]
    parts += [_condition(condition) for _, condition in sorted((model.get("conditions") or {}).items())]
    return "\n".join(parts)


def _type(definition: Mapping[str, Any]) -> str:
    lines = [f"type {definition['type']}"]
    relations = definition.get("relations") or {}
    metadata = (definition.get("metadata") or {}).get("relations") or {}
    if relations:
        lines.append("  relations")
    for name in sorted(relations):
        restrictions = (metadata.get(name) or {}).get("directly_related_user_types") or []
        if not _can_be_said(relations[name]):
            message = f"the '{name}' relation definition under the '{definition['type']}' type is not supported"
            raise ModelError([Problem(Place(), f"{message} by the language: write the model as JSON")])
        lines.append(f"    define {name}: {_rewrite(relations[name], restrictions, is_inner=False)}")
    return "\n".join(lines) + "\n"


def _can_be_said(rewrite: Mapping[str, Any]) -> bool:
    """Whether a relation is assigned directly at most once, and there first."""
    count = _count(rewrite)
    return count == 0 or (count == 1 and _comes_first(rewrite))


def _count(rewrite: Mapping[str, Any]) -> int:
    return int("this" in rewrite) + sum(map(_count, _children(rewrite)))


def _comes_first(rewrite: Mapping[str, Any]) -> bool:
    children = _ordered(_children(rewrite)) if "difference" not in rewrite else _children(rewrite)
    return "this" in rewrite or (bool(children) and _comes_first(children[0]))


def _children(rewrite: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    if "difference" in rewrite:
        return [rewrite["difference"]["base"], rewrite["difference"]["subtract"]]
    for name in _OPERATORS:
        if name in rewrite:
            children: Sequence[Mapping[str, Any]] = rewrite[name]["child"]
            return children
    return []


def _ordered(children: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(children, key=lambda child: "this" not in child)


def _rewrite(rewrite: Mapping[str, Any], restrictions: Sequence[Mapping[str, Any]], *, is_inner: bool) -> str:
    if "this" in rewrite:
        return "[" + ", ".join(map(_restriction, restrictions)) + "]"
    if "computedUserset" in rewrite:
        return str(rewrite["computedUserset"]["relation"])
    if "tupleToUserset" in rewrite:
        through = rewrite["tupleToUserset"]
        return f"{through['computedUserset']['relation']} from {through['tupleset']['relation']}"
    if "difference" in rewrite:
        operator, children = " but not ", list(_children(rewrite))
    else:
        operator = _OPERATORS["union" if "union" in rewrite else "intersection"]
        children = _ordered(_children(rewrite))
    text = operator.join(_rewrite(child, restrictions, is_inner=True) for child in children)
    return f"({text})" if is_inner else text


def _restriction(restriction: Mapping[str, Any]) -> str:
    text = str(restriction["type"])
    if "wildcard" in restriction:
        text += ":*"
    if restriction.get("relation"):
        text += f"#{restriction['relation']}"
    if restriction.get("condition"):
        text += f" with {restriction['condition']}"
    return text


def _condition(condition: Mapping[str, Any]) -> str:
    parameters = ", ".join(
        f"{name}: {_parameter_type(reference)}"
        for name, reference in sorted((condition.get("parameters") or {}).items())
    )
    return f"condition {condition['name']}({parameters}) {{\n  {condition['expression']}\n}}\n"


def _parameter_type(reference: Mapping[str, Any]) -> str:
    name = str(reference["type_name"]).removeprefix("TYPE_NAME_").lower()
    generic = [_parameter_type(item) for item in reference.get("generic_types") or ()]
    return f"{name}<{', '.join(generic)}>" if generic else name

"""Whether a model makes sense: OpenFGA's own rules, in its order and its words."""

from collections.abc import Iterator, Mapping
from typing import Any

from shared.openfga_language._conditions import ConditionError, compile_condition
from shared.openfga_language._entrypoints import has_cycle, has_entrypoints
from shared.openfga_language._problems import ModelError, Place, Problem

INLINE_CONDITION = "$expression"
"""A name that type restrictions may give where each tuple brings its own expression."""

SCHEMAS = frozenset({"1.1", "1.2"})
_RESERVED = frozenset({"self", "this"})
_Relations = Mapping[str, Mapping[str, Any]]


class ModelDocument(dict[str, Any]):
    """A JSON model that knows where its parts were read.

    Attributes:
        places: Where each type (`(type, "")`), relation (`(type, relation)`) and condition (`("", name)`) is defined.
    """

    def __init__(self, content: Mapping[str, Any], places: Mapping[tuple[str, str], Place]) -> None:
        super().__init__(content)
        self.places = dict(places)


def validate_model(model: Mapping[str, Any]) -> None:
    """Checks a model.

    Raises:
        ModelError: with the first problem of each relation and condition, OpenFGA's first one first.
    """
    places = model.places if isinstance(model, ModelDocument) else {}
    problems = [Problem(places.get(at, Place()), message) for at, message in _problems(model)]
    if problems:
        raise ModelError(problems)


def _problems(model: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], str]]:
    definitions = model.get("type_definitions") or []
    if model.get("schema_version") not in SCHEMAS:
        yield ("", ""), "invalid schema version"
        return
    names = [definition.get("type", "") for definition in definitions]
    if duplicate := next((name for name in names if names.count(name) > 1), None):
        yield (duplicate, ""), "an authorization model cannot contain duplicate types"
        return
    unusable = list(_bad_names(definitions))
    yield from unusable
    if unusable:
        return
    checker = _Checker(model)
    for definition in sorted(definitions, key=lambda each: str(each["type"])):
        for relation in sorted(definition.get("relations") or {}):
            if message := checker.problem(definition["type"], relation):
                yield (definition["type"], relation), message
    for key, condition in sorted((model.get("conditions") or {}).items()):
        if condition.get("name", "") != key:
            yield ("", key), f"condition key '{key}' does not match condition name '{condition.get('name', '')}'"
            continue
        try:
            compile_condition(condition)
        except ConditionError as error:
            yield ("", key), str(error)


def _bad_names(definitions: list[Mapping[str, Any]]) -> Iterator[tuple[tuple[str, str], str]]:
    for definition in definitions:
        name = definition.get("type", "")
        if not name:
            yield ("", ""), "the type name of a type definition cannot be an empty string"
        if name in _RESERVED:
            yield (name, ""), f"the definition of type '{name}' is invalid"
        for relation in definition.get("relations") or {}:
            if not relation:
                yield (name, ""), f"type '{name}' defines a relation with an empty string for a name"
            if relation in _RESERVED:
                yield (name, relation), _invalid(name, relation, "self and this are reserved keywords")


def _invalid(name: str, relation: str, cause: str) -> str:
    return f"the definition of relation '{relation}' in object type '{name}' is invalid: {cause}"


class _Checker:
    def __init__(self, model: Mapping[str, Any]) -> None:
        self._conditions = model.get("conditions") or {}
        self._relations: dict[str, _Relations] = {}
        self._restrictions: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        self._tuplesets: set[tuple[str, str]] = set()
        for definition in model.get("type_definitions") or []:
            name = definition["type"]
            self._relations[name] = definition.get("relations") or {}
            metadata = (definition.get("metadata") or {}).get("relations") or {}
            for relation, rewrite in self._relations[name].items():
                restrictions = (metadata.get(relation) or {}).get("directly_related_user_types") or []
                self._restrictions[name, relation] = restrictions
                self._tuplesets |= {(name, tupleset) for tupleset in _tuplesets(rewrite)}

    def problem(self, name: str, relation: str) -> str | None:
        """The first thing that is wrong with a relation."""
        rewrite = self._relations[name][relation]
        if found := self._rewrite_problem(name, relation, rewrite) or self._restriction_problem(name, relation):
            return found
        try:
            is_reachable, is_loop = has_entrypoints(self._relations, self._restrictions, name, relation)
        except ValueError as error:
            return str(error)
        if not is_reachable:
            return _invalid(name, relation, "potential loop" if is_loop else "no entrypoints defined")
        if has_cycle(self._relations, name, relation):
            return _invalid(name, relation, "an authorization model cannot contain a cycle")
        return None

    def _rewrite_problem(self, name: str, relation: str, rewrite: Mapping[str, Any]) -> str | None:
        if "computedUserset" in rewrite:
            computed = rewrite["computedUserset"].get("relation", "")
            if computed == relation:
                return _invalid(name, relation, "invalid userset rewrite definition")
            return None if computed in self._relations[name] else f"'{name}#{computed}' relation is undefined"
        if "tupleToUserset" in rewrite:
            return self._through_problem(name, rewrite["tupleToUserset"])
        if "this" in rewrite:
            return None
        children = _children(rewrite)
        if children is None:
            return _invalid(name, relation, "invalid userset rewrite definition")
        return next(
            (found for child in children if (found := self._rewrite_problem(name, relation, child)) is not None), None
        )

    def _through_problem(self, name: str, through: Mapping[str, Any]) -> str | None:
        tupleset = (through.get("tupleset") or {}).get("relation", "")
        computed = (through.get("computedUserset") or {}).get("relation", "")
        if tupleset not in self._relations[name]:
            return f"'{name}#{tupleset}' relation is undefined"
        if "this" not in self._relations[name][tupleset]:
            return (
                f"the '{name}#{tupleset}' relation is referenced in at least one tupleset "
                "and thus must be a direct relation"
            )
        restrictions = self._restrictions[name, tupleset]
        if any(computed in self._relations.get(each.get("type", ""), {}) for each in restrictions):
            return None
        shown = " ".join(_shown(each) for each in restrictions)
        return (
            f"undefined relation: {computed} does not appear as a relation in any of the directly related user types "
            f"[{shown}]"
        )

    def _restriction_problem(self, name: str, relation: str) -> str | None:
        restrictions = self._restrictions[name, relation]
        is_assignable = _contains_this(self._relations[name][relation])
        if is_assignable and not restrictions:
            return (
                f"the assignable relation '{relation}' in object type '{name}' must contain at least one relation type"
            )
        if not is_assignable and restrictions:
            return (
                f"the non-assignable relation '{relation}' in object type '{name}' should not contain a relation type"
            )
        for each in restrictions:
            if (found := self._one_restriction_problem(name, relation, each)) is not None:
                return found
        return None

    def _one_restriction_problem(self, name: str, relation: str, restriction: Mapping[str, Any]) -> str | None:
        of, userset = restriction.get("type", ""), restriction.get("relation", "")
        shown = f"{of}#{userset}" if userset else of
        is_bad = of not in self._relations
        if not is_bad and ("wildcard" in restriction or "relation" in restriction):
            is_bad = (name, relation) in self._tuplesets
            if not is_bad and restriction.get("wildcard") is None:
                if not userset:
                    return (
                        f"the relation type '{of}' on '{relation}' in object type '{name}' has an empty relation "
                        "reference: empty relation reference"
                    )
                is_bad = userset not in self._relations[of]
        if is_bad:
            return f"the relation type '{shown}' on '{relation}' in object type '{name}' is not valid"
        condition = restriction.get("condition", "")
        if condition and condition != INLINE_CONDITION and condition not in self._conditions:
            return f"condition {condition} is undefined for relation {relation}"
        return None


def _children(rewrite: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    for operator in ("union", "intersection"):
        if operator in rewrite:
            return list((rewrite[operator] or {}).get("child") or [])
    if "difference" in rewrite:
        difference = rewrite["difference"] or {}
        return [difference.get("base") or {}, difference.get("subtract") or {}]
    return None


def _contains_this(rewrite: Mapping[str, Any]) -> bool:
    return "this" in rewrite or any(map(_contains_this, _children(rewrite) or ()))


def _tuplesets(rewrite: Mapping[str, Any]) -> Iterator[str]:
    if "tupleToUserset" in rewrite:
        yield (rewrite["tupleToUserset"].get("tupleset") or {}).get("relation", "")
    for child in _children(rewrite) or ():
        yield from _tuplesets(child)


def _shown(restriction: Mapping[str, Any]) -> str:
    parts = [f'type:"{restriction.get("type", "")}"']
    if restriction.get("relation"):
        parts.append(f'relation:"{restriction["relation"]}"')
    if "wildcard" in restriction:
        parts.append("wildcard:{}")
    if restriction.get("condition"):
        parts.append(f'condition:"{restriction["condition"]}"')
    return " ".join(parts)

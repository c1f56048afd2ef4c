"""Finds the type of an expression, and what in it does not fit."""

from collections.abc import Mapping

from shared.cel._errors import Issue
from shared.cel._signatures import SIGNATURES
from shared.cel._syntax import Call, Comprehension, Identifier, ListLiteral, Literal, MapLiteral, Node, Select
from shared.cel._types import (
    BOOL,
    BYTES,
    DOUBLE,
    DYN,
    INT,
    NULL,
    STRING,
    TYPE_NAMES,
    UINT,
    Type,
    list_of,
    map_of,
    substitute,
    type_of,
    unify,
)
from shared.cel._values import UInt

_LITERALS: tuple[tuple[type, Type], ...] = (
    (bool, BOOL),
    (UInt, UINT),
    (int, INT),
    (float, DOUBLE),
    (str, STRING),
    (bytes, BYTES),
    (type(None), NULL),
)


def check(node: Node, variables: Mapping[str, Type]) -> tuple[Type, list[Issue]]:
    """Finds an expression's type.

    Args:
        node: The expression.
        variables: The types of the variables that it may use.

    Returns:
        The type, and what does not fit; the type tells nothing where anything does not.
    """
    checker = _Checker()
    found = checker.type(node, dict(variables))
    return found, checker.issues


class _Checker:
    def __init__(self) -> None:
        self.issues: list[Issue] = []

    def type(self, node: Node, names: dict[str, Type]) -> Type:  # noqa: PLR0911 -- one for each kind of node
        match node:
            case Literal():
                return next(each for kind, each in _LITERALS if isinstance(node.value, kind))
            case Identifier():
                return self._name(node.name, node.offset, names)
            case Select():
                return self._select(node, names)
            case Call():
                return self._call(node, names)
            case ListLiteral():
                return list_of(_joined([self.type(each, names) for each in node.items]))
            case MapLiteral():
                keys = _joined([self.type(key, names) for key, _ in node.entries])
                return map_of(keys, _joined([self.type(value, names) for _, value in node.entries]))
            case Comprehension():
                return self._comprehension(node, names)

    def _name(self, name: str, offset: int, names: dict[str, Type]) -> Type:
        if name in names:
            return names[name]
        if name in TYPE_NAMES:
            return type_of(TYPE_NAMES[name])
        return self._fail(f"undeclared reference to '{name}' (in container '')", offset)

    def _select(self, node: Select, names: dict[str, Type]) -> Type:
        if (qualified := _qualified(node)) in TYPE_NAMES:
            return type_of(TYPE_NAMES[qualified])
        operand = self.type(node.operand, names)
        if operand.name == "map":
            return BOOL if node.is_test else operand.parameters[1]
        if operand.name in {"dyn", "any", "error"}:
            return BOOL if node.is_test else DYN
        return self._fail(f"type '{operand}' does not support field selection", node.offset)

    def _call(self, node: Call, names: dict[str, Type]) -> Type:
        operands = (node.target, *node.arguments) if node.target is not None else node.arguments
        given = [self.type(each, names) for each in operands]
        overloads = SIGNATURES.get(node.function)
        if overloads is None:
            return self._fail(f"undeclared reference to '{node.function}' (in container '')", node.offset)
        if any(each.name == "error" for each in given):
            return _ERROR
        results = []
        for overload in overloads:
            bound: dict[str, Type] = {}
            if (
                overload.is_method == (node.target is not None)
                and len(overload.arguments) == len(given)
                and all(map(unify, overload.arguments, given, [bound] * len(given)))
            ):
                results.append(substitute(overload.result, bound))
        if not results:
            shown = ", ".join(map(str, given))
            if node.target is not None:
                shown = f"{given[0]}.({', '.join(map(str, given[1:]))})"
                return self._fail(f"found no matching overload for '{node.function}' applied to '{shown}'", node.offset)
            return self._fail(f"found no matching overload for '{node.function}' applied to '({shown})'", node.offset)
        return results[0] if all(each == results[0] for each in results) else DYN

    def _comprehension(self, node: Comprehension, names: dict[str, Type]) -> Type:
        over = self.type(node.range, names)
        if over.name in {"list", "map"}:
            item = over.parameters[0]
        elif over.name in {"dyn", "any", "error"}:
            item = DYN
        else:
            return self._fail(
                f"expression of type '{over}' cannot be range of a comprehension (must be list, map, or dynamic)",
                node.range.offset,
            )
        inner = names | {node.variable: item}
        if node.predicate is not None:
            asked = self.type(node.predicate, inner)
            if asked.name not in {"bool", "dyn", "any", "error"}:
                self._fail(f"expected type 'bool' but found '{asked}'", node.predicate.offset)
        if node.transform is not None:
            return list_of(self.type(node.transform, inner))
        return list_of(item) if node.macro == "filter" else BOOL

    def _fail(self, message: str, offset: int) -> Type:
        self.issues.append(Issue(message, offset))
        return _ERROR


_ERROR = Type("error")


def _joined(types: list[Type]) -> Type:
    """The type of several: theirs where it is one, any otherwise."""
    return types[0] if types and all(each == types[0] for each in types) else DYN


def _qualified(node: Node) -> str:
    if isinstance(node, Identifier):
        return node.name
    if isinstance(node, Select) and not node.is_test:
        return f"{_qualified(node.operand)}.{node.field}"
    return ""

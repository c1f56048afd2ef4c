"""The tree of an expression. Macros are nodes of their own: a comprehension over a range, by its macro's name."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant."""

    value: Any
    offset: int


@dataclass(frozen=True, slots=True)
class Identifier:
    """A variable, or a type's name."""

    name: str
    offset: int


@dataclass(frozen=True, slots=True)
class Select:
    """`operand.field`; where only its presence is asked, `has(operand.field)`."""

    operand: "Node"
    field: str
    is_test: bool
    offset: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function or an operator (`_+_`, `!_`, `_[_]`, `_?_:_`, …), on a target where it is a method."""

    function: str
    target: "Node | None"
    arguments: "tuple[Node, ...]"
    offset: int


@dataclass(frozen=True, slots=True)
class ListLiteral:
    """`[a, b]`."""

    items: "tuple[Node, ...]"
    offset: int


@dataclass(frozen=True, slots=True)
class MapLiteral:
    """`{a: b}`."""

    entries: "tuple[tuple[Node, Node], ...]"
    offset: int


@dataclass(frozen=True, slots=True)
class Comprehension:
    """`range.macro(variable, predicate)`: all, exists, exists_one, filter, or map with an optional predicate.

    Attributes:
        transform: What `map` makes of each item; None for the other macros.
        predicate: What is asked of each item; None for a `map` of all.
    """

    macro: str
    range: "Node"
    variable: str
    predicate: "Node | None"
    transform: "Node | None"
    offset: int


Node = Literal | Identifier | Select | Call | ListLiteral | MapLiteral | Comprehension

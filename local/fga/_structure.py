"""What can be said of a model's relations from how they lead to each other."""

from collections.abc import Iterator, Mapping

from local.fga._model import (
    Computed,
    Difference,
    Direct,
    Intersection,
    Model,
    Node,
    Rewrite,
    Through,
    Union,
    children,
)

Edges = Mapping[Node, frozenset[Node]]
"""For each relation what it is come by."""


def first_edges(model: Model) -> Edges:
    """The edges of a model in which an intersection is its first operand, and an exclusion its base."""
    return {
        (name, relation): frozenset(_first_edges(model, name, relation, definition.rewrite))
        for name, relations in model.types.items()
        for relation, definition in relations.items()
    }


def _first_edges(model: Model, name: str, relation: str, rewrite: Rewrite) -> Iterator[Node]:
    match rewrite:
        case Union():
            for child in rewrite.children:
                yield from _first_edges(model, name, relation, child)
        case Intersection() | Difference():
            yield from _first_edges(model, name, relation, children(rewrite)[0])
        case _:
            yield from needed(model, name, relation, rewrite)


def groups(edges: Edges, target: Node) -> list[list[Node]]:
    """The relations that a relation is come by, in an order in which each comes after those that it needs.

    Those that need each other are a group (Tarjan's algorithm).
    """
    index: dict[Node, int] = {}
    low: dict[Node, int] = {}
    stack: list[Node] = []
    groups: list[list[Node]] = []

    def visit(node: Node) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in edges.get(node, ()):
            if other not in edges:
                continue  # a type, or all of its objects: nothing that anything has to be found for
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            at = stack.index(node)
            groups.append(stack[at:])
            del stack[at:]

    visit(target)
    return groups


def goes_round(edges: Edges, group: list[Node]) -> bool:
    """Whether a group of relations leads back to itself."""
    return len(group) > 1 or group[0] in edges[group[0]]


def needed(model: Model, name: str, relation: str, rewrite: Rewrite) -> Iterator[Node]:
    """The relations that a rewrite of a relation looks at."""
    match rewrite:
        case Direct():
            yield from model.types[name][relation].usersets
        case Computed():
            yield name, rewrite.relation
        case Through():
            yield from model.through(name, rewrite)
        case _:
            for child in children(rewrite):
                yield from needed(model, name, relation, child)


def excluded(rewrite: Rewrite) -> Iterator[Rewrite]:
    """What is excluded somewhere within a rewrite."""
    if isinstance(rewrite, Difference):
        yield rewrite.subtract
    for child in children(rewrite):
        yield from excluded(child)


def restricts(rewrite: Rewrite) -> bool:
    """Whether an intersection or an exclusion is in a rewrite."""
    return isinstance(rewrite, Intersection | Difference) or any(map(restricts, children(rewrite)))


def plain_loops(model: Model) -> dict[Node, frozenset[Node]]:
    """For each relation that leads back to itself by unions alone: those that it does so by, itself among them."""
    found: dict[Node, frozenset[Node]] = {}
    for node in model.edges:
        group = groups(model.edges, node)[-1]
        if node not in found and goes_round(model.edges, group) and _is_plain(model, group):
            found |= dict.fromkeys(group, frozenset(group))
    return found


def _is_plain(model: Model, group: list[Node]) -> bool:
    members = set(group)
    return all(
        members.isdisjoint(needed(model, name, relation, each))
        for name, relation in group
        for each in _within(model.types[name][relation].rewrite)
        if isinstance(each, Intersection | Difference)
    )


def is_layered(model: Model) -> bool:
    """Whether no intersection or exclusion lies on a way that goes round, and no intersection is empty by its types.

    Objects of such a model are found set by set; OpenFGA looks for others' otherwise.
    """
    return all(
        _is_layered(model, name, relation, definition.rewrite)
        for name, relations in model.types.items()
        for relation, definition in relations.items()
    )


def _is_layered(model: Model, name: str, relation: str, rewrite: Rewrite) -> bool:
    if not restricts(rewrite):
        return True
    group = set(groups(model.edges, (name, relation))[-1])
    restricting = [each for each in _within(rewrite) if isinstance(each, Intersection | Difference)]
    return all(
        group.isdisjoint(needed(model, name, relation, each)) and _can_hold(model, name, relation, each)
        for each in restricting
    )


def _within(rewrite: Rewrite) -> Iterator[Rewrite]:
    yield rewrite
    for child in children(rewrite):
        yield from _within(child)


def _can_hold(model: Model, name: str, relation: str, rewrite: Rewrite) -> bool:
    """Whether the operands of an intersection have a type of users in common."""
    if not isinstance(rewrite, Intersection):
        return True
    types = [_user_types(model, name, relation, child) for child in rewrite.children]
    return bool(types[0].intersection(*types[1:]))


def _user_types(model: Model, name: str, relation: str, rewrite: Rewrite) -> frozenset[str]:
    found: set[str] = set()
    if any(isinstance(each, Direct) for each in _within(rewrite)):
        definition = model.types[name][relation]
        found |= definition.concrete | definition.public
    for node in needed(model, name, relation, rewrite):
        for group in groups(model.edges, node):
            for member in group:
                found |= {of for of, kind in model.edges[member] if kind in {"", "*"}}
    return frozenset(found)

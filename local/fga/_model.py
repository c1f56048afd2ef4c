"""A model, ready to answer with: its rewrites as values, its restrictions by what they restrict to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from local.fga._conditions import Condition
from shared.openfga_language import validate_model


@dataclass(frozen=True, slots=True)
class Direct:
    """Users to whom a tuple gives the relation."""


@dataclass(frozen=True, slots=True)
class Computed:
    """Users who have another relation with the same object."""

    relation: str


@dataclass(frozen=True, slots=True)
class Through:
    """Users who have a relation with an object that this one is related to."""

    tupleset: str
    computed: str


@dataclass(frozen=True, slots=True)
class Union:
    """Users of any."""

    children: "tuple[Rewrite, ...]"


@dataclass(frozen=True, slots=True)
class Intersection:
    """Users of all."""

    children: "tuple[Rewrite, ...]"


@dataclass(frozen=True, slots=True)
class Difference:
    """Users of one and not of the other."""

    base: "Rewrite"
    subtract: "Rewrite"


Rewrite = Direct | Computed | Through | Union | Intersection | Difference
Node = tuple[str, str]
"""A type and a relation; the relation is empty for the type's own objects, `*` for all of them."""


@dataclass(frozen=True, slots=True)
class Restriction:
    """Who may be given a relation directly: objects of a type, all of them at once, or a userset."""

    type: str
    relation: str
    is_wildcard: bool
    condition: str


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation of a type.

    Attributes:
        usersets: The types and relations of the usersets that it may be given to.
        public: The types whose every object it may be given to at once.
        concrete: The types whose single objects it may be given to.
        is_tupleset: Whether another relation looks through it.
    """

    rewrite: Rewrite
    restrictions: tuple[Restriction, ...]
    usersets: frozenset[Node]
    public: frozenset[str]
    concrete: frozenset[str]
    is_tupleset: bool


class Model:
    """A model of a store."""

    def __init__(self, identifier: str, document: Mapping[str, Any]) -> None:
        """Compiles a model.

        Args:
            identifier: The model's id.
            document: The model in the API's JSON.

        Raises:
            ModelError: where it breaks one of OpenFGA's rules.
        """
        validate_model(document)
        self.id = identifier
        self.types: dict[str, dict[str, Relation]] = {
            definition["type"]: _relations(definition) for definition in document["type_definitions"]
        }
        self.conditions = {name: Condition(condition) for name, condition in (document.get("conditions") or {}).items()}
        self._sources: dict[Node, frozenset[Node]] = {}
        self.usable_shapes: dict[tuple[str, ...], bool] = {}
        """Which shapes of tuples the model lets stand; filled by who asks."""

    def relation(self, name: str, relation: str) -> Relation | None:
        """A relation, if there is one."""
        return self.types.get(name, {}).get(relation)

    def can_reach(self, user: Node, target: Node) -> bool:
        """Whether any tuples could give a user of this kind the target relation."""
        sources = self._sources.get(target)
        if sources is None:
            sources = self._sources[target] = self._sources_of(target)
        name, relation = user
        return user in sources or (not relation and (name, "*") in sources)

    def _sources_of(self, target: Node) -> frozenset[Node]:
        found: set[Node] = set()
        waiting = [target]
        while waiting:
            node = waiting.pop()
            if node not in found:
                found.add(node)
                waiting += self.edges.get(node, ())
        return frozenset(found)

    @cached_property
    def edges(self) -> dict[Node, frozenset[Node]]:
        """For each relation what it is come by: types, their wildcards, and other relations."""
        return {
            (name, relation): frozenset(self._edges(name, definition, definition.rewrite))
            for name, relations in self.types.items()
            for relation, definition in relations.items()
        }

    def _edges(self, name: str, relation: Relation, rewrite: Rewrite) -> Iterator[Node]:
        match rewrite:
            case Direct():
                yield from relation.usersets
                yield from ((of, "*") for of in relation.public)
                yield from ((of, "") for of in relation.concrete)
            case Computed():
                yield name, rewrite.relation
            case Through():
                yield from self.through(name, rewrite)
            case _:
                for child in children(rewrite):
                    yield from self._edges(name, relation, child)

    def through(self, name: str, rewrite: Through) -> Iterator[Node]:
        """The relations that a rewrite leads to, for each type that its tupleset may hold."""
        for of in self.types[name][rewrite.tupleset].concrete:
            if rewrite.computed in self.types[of]:
                yield of, rewrite.computed


def children(rewrite: Rewrite) -> tuple[Rewrite, ...]:
    """The rewrites within one."""
    match rewrite:
        case Union() | Intersection():
            return rewrite.children
        case Difference():
            return rewrite.base, rewrite.subtract
        case _:
            return ()


def _relations(definition: Mapping[str, Any]) -> dict[str, Relation]:
    rewrites = {name: _rewrite(rewrite) for name, rewrite in (definition.get("relations") or {}).items()}
    tuplesets = {each.tupleset for rewrite in rewrites.values() for each in _throughs(rewrite)}
    metadata = (definition.get("metadata") or {}).get("relations") or {}
    found = {}
    for name, rewrite in rewrites.items():
        references = (metadata.get(name) or {}).get("directly_related_user_types") or ()
        restrictions = tuple(map(_restriction, references))
        found[name] = Relation(
            rewrite,
            restrictions,
            frozenset((each.type, each.relation) for each in restrictions if each.relation),
            frozenset(each.type for each in restrictions if each.is_wildcard),
            frozenset(each.type for each in restrictions if not each.is_wildcard and not each.relation),
            name in tuplesets,
        )
    return found


def _restriction(reference: Mapping[str, Any]) -> Restriction:
    return Restriction(
        reference["type"],
        reference.get("relation") or "",
        reference.get("wildcard") is not None,
        reference.get("condition") or "",
    )


def _throughs(rewrite: Rewrite) -> Iterator[Through]:
    if isinstance(rewrite, Through):
        yield rewrite
    for child in children(rewrite):
        yield from _throughs(child)


def _rewrite(document: Mapping[str, Any]) -> Rewrite:
    if "computedUserset" in document:
        return Computed(document["computedUserset"]["relation"])
    if "tupleToUserset" in document:
        through = document["tupleToUserset"]
        return Through(through["tupleset"]["relation"], through["computedUserset"]["relation"])
    if "union" in document:
        return Union(tuple(map(_rewrite, document["union"]["child"])))
    if "intersection" in document:
        return Intersection(tuple(map(_rewrite, document["intersection"]["child"])))
    if "difference" in document:
        return Difference(_rewrite(document["difference"]["base"]), _rewrite(document["difference"]["subtract"]))
    return Direct()

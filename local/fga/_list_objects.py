"""Which objects of a type a user has a relation with.

It is found from the user's side: for each relation on the way, the objects that the user has it with, as sets that
unions, intersections and exclusions are made of. Relations that lead to each other are gone round until nothing is
added. Where an intersection or an exclusion lies on such a way, that may not come to rest: the objects of its first
operand are candidates, and each is checked. OpenFGA does the same also where the user is a userset or a wildcard; it
matters for which conditions are asked.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from local.fga._check import Checker
from local.fga._errors import ConditionFailed, TooComplex
from local.fga._model import Computed, Difference, Direct, Intersection, Model, Node, Rewrite, Through, Union, children
from local.fga._names import user_parts
from local.fga._question import MAX_DEPTH, World
from local.fga._structure import Edges, first_edges, goes_round, groups, is_layered
from local.fga._tuples import Tuple

_Objects = frozenset[str]
_NONE: _Objects = frozenset()


def list_objects(world: World, name: str, relation: str, user: str) -> Iterator[str]:
    """The objects, each once.

    Args:
        world: Where the question is answered.
        name: The type of the objects.
        relation: The relation.
        user: Who has it.

    Raises:
        ConditionFailed: at the end, where a condition on the way had no value.
    """
    _, identifier, user_relation = user_parts(user)
    by_candidates = bool(user_relation) or identifier == "*" or not _is_layered(world.model)
    search = _Search(world, user, takes_first=by_candidates)
    found = search.objects((name, relation))
    problem = search.problem
    if by_candidates and search.is_restricted:
        checker = Checker(world, user)
        checked = []
        for each in sorted(found):
            try:
                if checker.check(each, relation):
                    checked.append(each)
            except ConditionFailed as error:
                problem = problem or error
        found = frozenset(checked)
    yield from sorted(found)
    if problem is not None:
        raise problem


@lru_cache(maxsize=64)
def _is_layered(model: Model) -> bool:
    return is_layered(model)


@lru_cache(maxsize=64)
def _first_edges(model: Model) -> Edges:
    return first_edges(model)


class _Search:
    """One search.

    Attributes:
        problem: The first condition on the way that had no value.
        is_restricted: Whether an operand was left out somewhere on the way.
    """

    def __init__(self, world: World, user: str, *, takes_first: bool) -> None:
        self.problem: ConditionFailed | None = None
        self.is_restricted = False
        self._world = world
        self._model = world.model
        self._user = user
        self._takes_first = takes_first
        name, self._identifier, user_relation = user_parts(user)
        self._kind = (name, user_relation)
        self._found: dict[Node, _Objects] = {}
        self._new: dict[Node, _Objects] | None = None  # what was found last, on a way that goes round

    def objects(self, target: Node) -> _Objects:
        """The objects of a relation; those of the relations that it is come by first."""
        edges = _first_edges(self._model) if self._takes_first else self._model.edges
        for group in groups(edges, target):
            for node in group:
                self._found[node] = self._of_node(node)
            if goes_round(edges, group):
                self._go_round(group)
        return self._found.get(target, _NONE)

    def _go_round(self, group: list[Node]) -> None:
        """Looks at what follows from what was found last, until nothing does.

        Raises:
            TooComplex: where that leads too far; OpenFGA minds it only where it looks for candidates.
        """
        new = {node: self._found[node] for node in group}
        steps = 0
        while any(new.values()):
            if self._takes_first and steps == MAX_DEPTH:
                raise TooComplex
            steps += 1
            self._new = new
            new = {node: self._of_node(node) - self._found[node] for node in group}
            for node, found in new.items():
                self._found[node] |= found
        self._new = None

    def _at(self, node: Node) -> _Objects:
        return (self._found if self._new is None else self._new).get(node, _NONE)

    def _of_node(self, node: Node) -> _Objects:
        if not self._model.can_reach(self._kind, node):
            return _NONE
        found = self._of_rewrite(self._model.types[node[0]][node[1]].rewrite, node)
        of, mark, relation = self._user.rpartition("#")
        return found | {of} if mark and (self._kind[0], relation) == node else found

    def _of_rewrite(self, rewrite: Rewrite, node: Node) -> _Objects:
        match rewrite:
            case Direct():
                return frozenset(self._direct(node))
            case Computed():
                return self._at((node[0], rewrite.relation))
            case Through():
                return frozenset(self._through(rewrite, node))
            case Union():
                return _NONE.union(*(self._of_rewrite(child, node) for child in rewrite.children))
            case Intersection() | Difference():
                return self._restricted(rewrite, node)

    def _restricted(self, rewrite: Intersection | Difference, node: Node) -> _Objects:
        first, *others = children(rewrite)
        found = self._of_rewrite(first, node)
        if self._takes_first:
            self.is_restricted = True
            return found
        sets = [self._of_rewrite(other, node) for other in others]
        return found.intersection(*sets) if isinstance(rewrite, Intersection) else found.difference(*sets)

    def _direct(self, node: Node) -> Iterator[str]:
        name, relation = node
        definition = self._model.types[name][relation]
        users = [self._user] if self._new is None else []
        if users and not self._kind[1] and self._kind[0] in definition.public:
            users.append(f"{self._kind[0]}:*")
        for user in dict.fromkeys(users):
            yield from self._counted(self._world.tuples.of_user(user, name, relation))
        for userset in definition.usersets:
            for of in self._at(userset):
                yield from self._counted(self._world.tuples.of_user(f"{of}#{userset[1]}", name, relation))

    def _through(self, rewrite: Through, node: Node) -> Iterator[str]:
        for parent in self._model.through(node[0], rewrite):
            for of in self._at(parent):
                yield from self._counted(self._world.tuples.of_user(of, node[0], rewrite.tupleset))

    def _counted(self, tuples: Iterable[Tuple]) -> Iterator[str]:
        for each in tuples:
            try:
                if self._world.counts(each):
                    yield each.object
            except ConditionFailed as error:
                self.problem = self.problem or error

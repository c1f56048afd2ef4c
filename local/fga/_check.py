"""Whether a user has a relation with an object.

As in OpenFGA: a relation that leads back to itself is false there, and not an error; what decides an `or`, an `and` or
a `but not` does so whatever error another operand has; and an answer deeper than `MAX_DEPTH` tuples is an error.

Relations that lead back to themselves by unions alone (groups within groups, folders within folders) are looked through
once for each object, nearest first, however many ways lead to it.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from local.fga._errors import ConditionFailed, FgaError, TooComplex, TooLong
from local.fga._model import Computed, Difference, Direct, Intersection, Node, Rewrite, Through, Union
from local.fga._names import split_object, split_userset, user_parts
from local.fga._question import MAX_DEPTH, World
from local.fga._rounds import MAX_STEPS, Key, Round, goes_round, loops_of
from local.fga._tuples import Tuple


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was found.

    Attributes:
        is_cut: Whether it is false for want of an answer: the question led back to itself.
        height: How many tuples below the question the answer was looked for.
    """

    allowed: bool
    is_cut: bool = False
    height: int = 0


_NO = _Answer(allowed=False)
_YES = _Answer(allowed=True)
_CUT = _Answer(allowed=False, is_cut=True)


def check(world: World, of: str, relation: str, user: str) -> bool:
    """Answers one question.

    Raises:
        ConditionFailed: where the answer hangs on a condition without a value.
        TooComplex: where it lies too deep.
    """
    return Checker(world, user).check(of, relation)


class Checker:
    """Answers questions about one user. What it has found out for one it knows for the next."""

    def __init__(self, world: World, user: str) -> None:
        self._world = world
        self._model = world.model
        self._tuples = world.tuples
        self._user = user
        self._user_type, _, self._user_relation = user_parts(user)
        self._kind = (self._user_type, self._user_relation)
        self._loops = loops_of(world.model)
        self._known: dict[Key, _Answer] = {}
        self._path: set[Key] = set()
        self._round: Round | None = None
        self._steps = 0

    def check(self, of: str, relation: str) -> bool:
        """Whether the user has the relation with the object.

        Raises:
            ConditionFailed: where the answer hangs on a condition without a value.
            TooComplex: where it lies too deep.
        """
        self._steps = 0
        return self._resolve(of, relation, 0).allowed

    def _resolve(self, of: str, relation: str, depth: int) -> _Answer:
        key = (of, relation)
        node = (split_object(of)[0], relation)
        if self._round is not None and node in self._round.loop:
            self._round.found.append((key, depth))
            return _NO
        if depth == MAX_DEPTH:
            raise TooComplex
        if key in self._path:
            return _CUT
        known = self._at_hand(key, node, depth)
        if known is not None:
            return known
        if node in self._loops:
            return self._go_round(key, depth, self._loops[node])
        self._path.add(key)
        try:
            answer = self._looked_at(key, node, depth)
        finally:
            self._path.discard(key)
        if not answer.is_cut:
            self._known[key] = answer
        return answer

    def _at_hand(self, key: Key, node: Node, depth: int) -> _Answer | None:
        """What can be said without a look at any tuple."""
        if self._user_relation and self._user == f"{key[0]}#{key[1]}":
            return _YES
        if not self._model.can_reach(self._kind, node):
            return _NO
        known = self._known.get(key)
        return known if known is not None and depth + known.height < MAX_DEPTH else None

    def _looked_at(self, key: Key, node: Node, depth: int) -> _Answer:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise TooLong
        return self._rewritten(self._model.types[node[0]][node[1]].rewrite, *key, depth)

    def _go_round(self, start: Key, depth: int, loop: frozenset[Node]) -> _Answer:
        outer, self._round = self._round, Round(loop)
        try:
            answer = self._gone_round(start, depth, self._round)
        finally:
            self._round = outer
        self._known[start] = answer
        return answer

    def _gone_round(self, start: Key, depth: int, this: Round) -> _Answer:
        problem: FgaError | None = None
        height = 0
        leads_to: dict[Key, list[Key]] = {}
        waiting = deque([(start, depth)])
        while waiting:
            key, at = waiting.popleft()
            if key in leads_to:
                continue
            leads_to[key] = []
            node = (split_object(key[0])[0], key[1])
            height = max(height, at - depth)
            this.found = []
            try:
                answer = self._at_hand(key, node, at) or self._looked_at_below(key, node, at)
            except TooLong:
                raise
            except FgaError as error:
                problem = error
            else:
                if answer.allowed:
                    return _Answer(allowed=True, height=at - depth + answer.height)
                height = max(height, at - depth + answer.height)
            leads_to[key] = [other for other, _ in this.found]
            for other, below in this.found:  # a relation of the same object is as near as the object
                (waiting.appendleft if below == at else waiting.append)((other, below))
        if problem is not None:
            raise problem
        return _Answer(allowed=False, is_cut=goes_round(leads_to), height=height)

    def _looked_at_below(self, key: Key, node: Node, at: int) -> _Answer:
        if at == MAX_DEPTH:
            raise TooComplex
        return self._looked_at(key, node, at)

    def _rewritten(self, rewrite: Rewrite, of: str, relation: str, depth: int) -> _Answer:
        match rewrite:
            case Direct():
                return self._direct(of, relation, depth)
            case Computed():
                return self._resolve(of, rewrite.relation, depth)
            case Through():
                return self._through(rewrite, of, depth)
            case Union():
                return self._any(rewrite, of, relation, depth)
            case Intersection():
                return self._all(rewrite, of, relation, depth)
            case Difference():
                return self._difference(rewrite, of, relation, depth)

    def _direct(self, of: str, relation: str, depth: int) -> _Answer:
        definition = self._model.types[split_object(of)[0]][relation]
        problem: FgaError | None = None
        for user in self._direct_users(definition.concrete, definition.usersets, definition.public):
            each = self._tuples.get(of, relation, user)
            try:
                if each is not None and self._world.counts(each):
                    return _YES
            except ConditionFailed as error:
                problem = error
        if definition.usersets:
            usersets = (
                each for each in self._tuples.of_object(of, relation) if _kind(each.user) in definition.usersets
            )
            answer, found = self._of_any(usersets, None, depth)
            if answer.allowed:
                return answer
            problem = found or problem
            if problem is None:
                return answer
        if problem is not None:
            raise problem
        return _NO

    def _direct_users(
        self, concrete: frozenset[str], usersets: frozenset[tuple[str, str]], public: frozenset[str]
    ) -> Iterable[str]:
        """The users of a tuple that would give the relation at once."""
        if self._kind in usersets if self._user_relation else self._user_type in concrete:
            yield self._user
        if not self._user_relation and self._user_type in public:
            yield f"{self._user_type}:*"

    def _through(self, rewrite: Through, of: str, depth: int) -> _Answer:
        answer, problem = self._of_any(self._tuples.of_object(of, rewrite.tupleset), rewrite.computed, depth)
        if problem is not None and not answer.allowed:
            raise problem
        return answer

    def _of_any(self, tuples: Iterable[Tuple], computed: str | None, depth: int) -> tuple[_Answer, FgaError | None]:
        """Whether the user has the relation that any of the tuples names, or `computed` with what it names."""
        problem: FgaError | None = None
        is_cut, height = False, 0
        try:
            for each in self._world.all_that_count(tuples):
                of, relation = split_userset(each.user)
                if computed is not None:
                    relation = computed
                    if self._model.relation(split_object(of)[0], computed) is None:
                        continue
                try:
                    answer = self._resolve(of, relation, depth + 1)
                except FgaError as error:
                    problem = error
                    continue
                height = max(height, answer.height + 1)
                if answer.allowed:
                    return _Answer(allowed=True, height=answer.height + 1), None
                is_cut = is_cut or answer.is_cut
        except ConditionFailed as error:
            problem = error
        return _Answer(allowed=False, is_cut=is_cut, height=height), problem

    def _any(self, rewrite: Union, of: str, relation: str, depth: int) -> _Answer:
        problem: FgaError | None = None
        is_cut, height = False, 0
        for child in rewrite.children:
            try:
                answer = self._rewritten(child, of, relation, depth)
            except FgaError as error:
                problem = error
                continue
            if answer.allowed:
                return answer
            is_cut, height = is_cut or answer.is_cut, max(height, answer.height)
        if problem is not None:
            raise problem
        return _Answer(allowed=False, is_cut=is_cut, height=height)

    def _all(self, rewrite: Intersection, of: str, relation: str, depth: int) -> _Answer:
        problem: FgaError | None = None
        height = 0
        for child in rewrite.children:
            try:
                answer = self._rewritten(child, of, relation, depth)
            except FgaError as error:
                problem = problem or error
                continue
            if not answer.allowed:
                return answer
            height = max(height, answer.height)
        if problem is not None:
            raise problem
        return _Answer(allowed=True, height=height)

    def _difference(self, rewrite: Difference, of: str, relation: str, depth: int) -> _Answer:
        problem: FgaError | None = None
        height = 0
        try:
            base = self._rewritten(rewrite.base, of, relation, depth)
        except FgaError as error:
            problem = error
        else:
            if not base.allowed:
                return base
            height = base.height
        try:
            subtract = self._rewritten(rewrite.subtract, of, relation, depth)
        except FgaError as error:
            raise problem or error from None
        if subtract.is_cut or subtract.allowed:
            return _Answer(allowed=False, is_cut=subtract.is_cut, height=max(height, subtract.height))
        if problem is not None:
            raise problem
        return _Answer(allowed=True, height=max(height, subtract.height))


def _kind(user: str) -> tuple[str, str]:
    name, _, relation = user_parts(user)
    return name, relation

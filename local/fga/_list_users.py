"""Which users of a type have a relation with an object.

A set of users is those that were found by name, and, where all of the type were found at once (`type:*`), those that
were taken out of them again.
"""

from collections import deque
from dataclasses import dataclass

from local.fga._errors import ConditionFailed, TooComplex, TooLong
from local.fga._model import Computed, Difference, Direct, Intersection, Rewrite, Through, Union
from local.fga._names import split_object, split_userset, user_parts
from local.fga._question import MAX_DEPTH, World
from local.fga._rounds import MAX_STEPS, Key, Round, goes_round, loops_of
from local.fga._tuples import Tuple

_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Users:
    """A set of users.

    Attributes:
        named: Those found by name.
        is_everybody: Whether all of the type were found at once.
        excluded: Those of everybody who are not in it.
        is_cut: Whether something is missing as the question led back to itself.
    """

    named: frozenset[str] = _NONE
    is_everybody: bool = False
    excluded: frozenset[str] = _NONE
    is_cut: bool = False

    def has(self, user: str) -> bool:
        """Whether a user is in it."""
        return user in self.named or (self.is_everybody and user not in self.excluded)


def list_users(world: World, of: str, relation: str, name: str, user_relation: str) -> list[str]:
    """The users, by name; `type:*` where all of the type have it, but for single ones that do not.

    Args:
        world: Where the question is answered.
        of: The object.
        relation: The relation.
        name: The type of users that are looked for.
        user_relation: Their relation, where they are usersets.

    Raises:
        ConditionFailed: where a condition on the way has no value.
        TooComplex: where the answer lies too deep.
    """
    target = (split_object(of)[0], relation)
    if target != (name, user_relation) and not world.model.can_reach((name, user_relation), target):
        return []
    search = _Search(world, name, user_relation)
    users = search.users(of, relation, 0)
    if search.problem is not None:
        raise search.problem
    return sorted(users.named) + ([f"{name}:*"] if users.is_everybody else [])


class _Search:
    def __init__(self, world: World, name: str, user_relation: str) -> None:
        self.problem: ConditionFailed | None = None
        self._world = world
        self._model = world.model
        self._kind = (name, user_relation)
        self._loops = loops_of(world.model)
        self._path: set[Key] = set()
        self._round: Round | None = None
        self._known: dict[Key, tuple[_Users, int]] = {}
        self._cuts = self._steps = self._deepest = 0

    def users(self, of: str, relation: str, depth: int) -> _Users:
        key, node = (of, relation), (split_object(of)[0], relation)
        if self._round is not None and node in self._round.loop:
            self._round.found.append((key, depth))
            return _Users()
        if depth >= MAX_DEPTH:
            raise TooComplex
        if key in self._path:
            self._cuts += 1
            return _Users(is_cut=True)
        known, height = self._known.get(key, (None, 0))
        if known is not None and depth + height < MAX_DEPTH:
            self._deepest = max(self._deepest, depth + height)
            return known
        cuts, deepest = self._cuts, self._deepest
        self._deepest = depth
        self._path.add(key)
        try:
            found = self._go_round(key, depth) if node in self._loops else self._of_key(key, depth)
        finally:
            self._path.discard(key)
        if cuts == self._cuts:
            self._known[key] = found, self._deepest - depth
        self._deepest = max(self._deepest, deepest)
        return found

    def _of_key(self, key: Key, depth: int) -> _Users:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise TooLong
        of, relation = key
        node = (split_object(of)[0], relation)
        own = frozenset({f"{of}#{relation}"}) if node == self._kind else _NONE
        definition = self._model.relation(*node)
        if definition is None:
            return _Users(own)
        found = self._of_rewrite(definition.rewrite, of, relation, depth + 1)
        return _Users(found.named | own, found.is_everybody, found.excluded, found.is_cut)

    def _go_round(self, start: Key, depth: int) -> _Users:
        outer = self._round
        this = self._round = Round(self._loops[split_object(start[0])[0], start[1]])
        leads_to: dict[Key, list[Key]] = {}
        sets = []
        waiting = deque([(start, depth)])
        try:
            while waiting:
                key, at = waiting.popleft()
                if key in leads_to:
                    continue
                if at >= MAX_DEPTH:
                    raise TooComplex
                self._deepest = max(self._deepest, at)
                this.found = []
                sets.append(self._of_key(key, at))
                leads_to[key] = [other for other, _ in this.found]
                waiting += this.found
        finally:
            self._round = outer
        rewrites = [self._model.types[name][relation].rewrite for name, relation in this.loop]
        is_minded = all(isinstance(rewrite, Direct | Computed) for rewrite in rewrites)
        found = _whole(_any(sets))
        return _Users(found.named, found.is_everybody, found.excluded, is_minded and goes_round(leads_to))

    def _of_rewrite(self, rewrite: Rewrite, of: str, relation: str, depth: int) -> _Users:
        match rewrite:
            case Direct():
                return self._direct(of, relation, depth)
            case Computed():
                return self.users(of, rewrite.relation, depth)
            case Through():
                return self._through(rewrite, of, depth)
            case Union() | Intersection():
                combine = _any if isinstance(rewrite, Union) else _all
                return _whole(combine([self._of_rewrite(child, of, relation, depth) for child in rewrite.children]))
            case Difference():
                base = self._of_rewrite(rewrite.base, of, relation, depth)
                return _difference(base, self._of_rewrite(rewrite.subtract, of, relation, depth))

    def _direct(self, of: str, relation: str, depth: int) -> _Users:
        found = []
        name, _ = self._kind
        for each in self._world.tuples.of_object(of, relation):
            if not self._counts(each):
                continue
            user_type, identifier, userset = user_parts(each.user)
            if userset:
                found.append(self.users(split_userset(each.user)[0], userset, depth))
            elif user_type == name and identifier == "*":
                found.append(_Users(is_everybody=True))
            elif user_type == name:
                found.append(_Users(frozenset({each.user})))
        return _any(found)

    def _through(self, rewrite: Through, of: str, depth: int) -> _Users:
        parents = [each.user for each in self._world.tuples.of_object(of, rewrite.tupleset) if self._counts(each)]
        return _whole(_any([self.users(parent, rewrite.computed, depth) for parent in parents]))

    def _counts(self, each: Tuple) -> bool:
        try:
            return self._world.counts(each)
        except ConditionFailed as error:
            self.problem = self.problem or error
            return False


def _whole(users: _Users) -> _Users:
    """A set as if nothing were missing: OpenFGA minds that only along tuples and relations of the same object."""
    return _Users(users.named, users.is_everybody, users.excluded)


def _any(sets: list[_Users]) -> _Users:
    named = _NONE.union(*(each.named for each in sets))
    everybody = [each.excluded for each in sets if each.is_everybody]
    excluded = everybody[0].intersection(*everybody[1:]) - named if everybody else _NONE
    return _Users(named, bool(everybody), excluded, any(each.is_cut for each in sets))


def _all(sets: list[_Users]) -> _Users:
    somewhere = _NONE.union(*(each.named for each in sets))
    named = frozenset(user for user in somewhere if all(each.has(user) for each in sets))
    is_everybody = all(each.is_everybody for each in sets)
    excluded = _NONE.union(*(each.excluded for each in sets)) - named if is_everybody else _NONE
    return _Users(named, is_everybody, excluded)


def _difference(base: _Users, subtract: _Users) -> _Users:
    if subtract.is_cut:
        return _Users()
    # Who was taken out of everybody on the right is not taken away on the left.
    named = {user for user in base.named | subtract.excluded if base.has(user) and not subtract.has(user)}
    is_everybody = base.is_everybody and not subtract.is_everybody
    excluded = (base.excluded | {user for user in subtract.named if base.has(user)}) if is_everybody else _NONE
    return _Users(frozenset(named), is_everybody, frozenset(excluded) - named)

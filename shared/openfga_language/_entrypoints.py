"""Whether a relation can ever hold: from where it is entered, and whether it goes round in a circle.

The walk is OpenFGA's own, with the way in which it remembers what it has seen: which models it refuses depends on that.
"""

from collections.abc import Mapping
from typing import Any

_Relations = Mapping[str, Mapping[str, Mapping[str, Any]]]
_Restrictions = Mapping[tuple[str, str], list[Mapping[str, Any]]]
_Visited = dict[str, dict[str, bool]]


def has_entrypoints(relations: _Relations, restrictions: _Restrictions, name: str, relation: str) -> tuple[bool, bool]:
    """Whether some object can come to have the relation, and, where not, whether that is for a loop.

    Raises:
        ValueError: where a rewrite has no form that is known, or too few children.
    """
    walk = _Walk(relations, restrictions)
    return walk.enter(name, relation, relations[name][relation], {})


class _Walk:
    def __init__(self, relations: _Relations, restrictions: _Restrictions) -> None:
        self._relations = relations
        self._restrictions = restrictions

    def enter(  # noqa: PLR0911 -- one for each kind of rewrite
        self, name: str, relation: str, rewrite: Mapping[str, Any], visited: _Visited
    ) -> tuple[bool, bool]:
        seen = dict(visited)  # not its values: branches of a type share what they know of each other
        seen.setdefault(name, {})[relation] = False
        if "this" in rewrite:
            return self._direct(name, relation, seen), False
        if "computedUserset" in rewrite:
            computed = rewrite["computedUserset"]["relation"]
            if computed in seen[name]:
                return seen[name][computed], True
            return self.enter(name, computed, self._rewrite(name, computed), seen)
        if "tupleToUserset" in rewrite:
            return self._through(name, rewrite["tupleToUserset"], seen), False
        if "union" in rewrite:
            return self._union(name, relation, rewrite["union"].get("child") or [], visited)
        if "intersection" in rewrite:
            children = rewrite["intersection"].get("child") or []
            if len(children) < 2:  # noqa: PLR2004 -- what OpenFGA wants
                raise ValueError(f"invalid relation: '{name}#{relation}' as intersection has less than 2 children")
            return self._all(name, relation, children, visited)
        if "difference" not in rewrite:
            raise ValueError("error validating model")
        difference = rewrite["difference"]
        return self._all(name, relation, [difference["base"], difference["subtract"]], visited)

    def _direct(self, name: str, relation: str, seen: _Visited) -> bool:
        for each in self._restrictions[name, relation]:
            if not each.get("relation"):
                seen[name][relation] = True
                return True
            of, userset = each["type"], each["relation"]
            if userset in seen.get(of, {}):
                self._rewrite(of, userset)
                continue
            if self.enter(of, userset, self._rewrite(of, userset), seen)[0]:
                return True
        return False

    def _through(self, name: str, through: Mapping[str, Any], seen: _Visited) -> bool:
        computed, tupleset = through["computedUserset"]["relation"], through["tupleset"]["relation"]
        self._rewrite(name, tupleset)
        for each in self._restrictions[name, tupleset]:
            of = each["type"]
            if computed not in self._relations.get(of, {}):
                continue
            if computed in seen.get(of, {}):
                if seen[of][computed]:
                    return True
                continue
            if self.enter(of, computed, self._relations[of][computed], seen)[0]:
                return True
        return False

    def _union(
        self, name: str, relation: str, children: list[Mapping[str, Any]], visited: _Visited
    ) -> tuple[bool, bool]:
        if len(children) < 2:  # noqa: PLR2004 -- what OpenFGA wants
            raise ValueError(f"invalid relation: '{name}#{relation}' as union has less than 2 children")
        is_loop = False
        for child in children:
            is_reachable, is_child_loop = self.enter(name, relation, child, visited)
            if is_reachable:
                return True, False
            is_loop = is_loop or is_child_loop
        return False, is_loop

    def _all(self, name: str, relation: str, children: list[Mapping[str, Any]], visited: _Visited) -> tuple[bool, bool]:
        for child in children:
            is_reachable, is_loop = self.enter(name, relation, child, visited)
            if not is_reachable:
                return False, is_loop
        return True, False

    def _rewrite(self, name: str, relation: str) -> Mapping[str, Any]:
        rewrite = self._relations.get(name, {}).get(relation)
        if rewrite is None:
            raise ValueError(f"undefined type definition for '{name}#{relation}'")
        return rewrite


def has_cycle(relations: _Relations, name: str, relation: str) -> bool:
    """Whether a relation leads back to itself by relations of the same object alone."""
    return _goes_round(relations[name], relation, relations[name][relation], {relation})


def _goes_round(
    relations: Mapping[str, Mapping[str, Any]], relation: str, rewrite: Mapping[str, Any], visited: set[str]
) -> bool:
    if "computedUserset" in rewrite:
        computed = rewrite["computedUserset"]["relation"]
        return computed in visited or (
            computed in relations and _goes_round(relations, computed, relations[computed], visited | {computed})
        )
    children: list[Mapping[str, Any]] = []
    for operator in ("union", "intersection"):
        if operator in rewrite:
            children = rewrite[operator].get("child") or []
    if "difference" in rewrite:
        children = [rewrite["difference"]["base"], rewrite["difference"]["subtract"]]
    return any(_goes_round(relations, relation, child, visited) for child in children)

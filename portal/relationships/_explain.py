"""Why somebody has a relation to something, or has not: the model's own structure, each part asked for by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, Protocol

from portal.relationships._desired import Relationship
from shared.answers import count

DEEPEST: Final = 12

How = Literal["any of", "all of", "but not", ""]


class Store(Protocol):
    """Answers what an explanation is made of."""

    async def check(self, relationship: Relationship, context: Mapping[str, str]) -> bool:
        """Whether it holds."""
        ...

    async def expand(self, object_: str, relation: str) -> dict[str, Any]:
        """What a relation to an object is made of, one step deep."""
        ...


@dataclass(frozen=True, slots=True)
class Why:
    """A part of an explanation.

    Attributes:
        what: What is said.
        holds: Whether it is so.
        how: How its parts make it so.
        parts: What it is made of.
    """

    what: str
    holds: bool
    how: How = ""
    parts: tuple["Why", ...] = ()


class Explainer:
    """Explains by asking.

    Args:
        store: Answers.
        user: Who; the same in every question.
        context: What conditions see.
        ends: When relationships that were granted for a while end.
    """

    def __init__(
        self, store: Store, user: str, context: Mapping[str, str], ends: Mapping[Relationship, datetime]
    ) -> None:
        self._store = store
        self._user = user
        self._context = context
        self._ends = ends
        self._told: set[str] = set()

    async def why(self, object_: str, relation: str, *, depth: int = 0) -> Why:
        """Explains one relation to one object; what was explained before is not explained again."""
        what = f"{relation} {object_}"
        holds = await self._store.check(Relationship(object_, relation, self._user), self._context)
        if what in self._told or depth >= DEEPEST:
            return Why(f"{what} (see above)" if what in self._told else what, holds)
        self._told.add(what)
        root = await self._store.expand(object_, relation)
        made = await self._node(root, depth + 1)
        return Why(what, holds, made.how or ("any of" if made.parts else ""), made.parts or (made,))

    async def _node(self, node: dict[str, Any], depth: int) -> Why:
        if "union" in node:
            parts = [await self._node(each, depth) for each in node["union"]["nodes"]]
            return Why("any of", any(part.holds for part in parts), "any of", tuple(parts))
        if "intersection" in node:
            parts = [await self._node(each, depth) for each in node["intersection"]["nodes"]]
            return Why("all of", all(part.holds for part in parts), "all of", tuple(parts))
        if "difference" in node:
            base = await self._node(node["difference"]["base"], depth)
            subtract = await self._node(node["difference"]["subtract"], depth)
            return Why("but not", base.holds and not subtract.holds, "but not", (base, subtract))
        return await self._leaf(str(node["name"]), node["leaf"], depth)

    async def _leaf(self, name: str, leaf: dict[str, Any], depth: int) -> Why:
        if "computed" in leaf:
            return await self._userset(leaf["computed"]["userset"], depth)
        if "tupleToUserset" in leaf:
            through = leaf["tupleToUserset"]
            parts = [await self._userset(each["userset"], depth) for each in through.get("computed") or []]
            by = f"through {through['tupleset'].rpartition('#')[2]}"
            if not parts:
                return Why(f"{by}: there is none", holds=False)
            return Why(by, any(part.holds for part in parts), "any of", tuple(parts))
        return await self._written(name, leaf.get("users", {}).get("users") or [], depth)

    async def _written(self, name: str, users: list[str], depth: int) -> Why:
        """Whoever was written down: the person, everybody of a type, or those with a relation to something."""
        kind = self._user.partition(":")[0]
        direct = [user for user in users if user in {self._user, f"{kind}:*"}]
        sets = [user for user in users if "#" in user]
        parts = [self._directly(name, user) for user in direct]
        parts += [await self._userset(user, depth) for user in sets]
        if not parts:
            return Why(f"written for {count(len(users), 'other')}" if users else "written for nobody", holds=False)
        return Why("written", any(part.holds for part in parts), "any of", tuple(parts))

    def _directly(self, name: str, user: str) -> Why:
        object_, _, relation = name.rpartition("#")
        end = self._ends.get(Relationship(object_, relation, user))
        if end is None:
            return Why(f"written for {user}", holds=True)
        passed = end <= datetime.fromisoformat(self._context["current_time"])
        words = "which has passed" if passed else "which is to come"
        return Why(f"written for {user} until {end:%Y-%m-%d %H:%M} UTC, {words}", holds=not passed)

    async def _userset(self, userset: str, depth: int) -> Why:
        object_, _, relation = userset.rpartition("#")
        return await self.why(object_, relation, depth=depth)

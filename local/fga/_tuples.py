"""Relationship tuples, and where they are found: by object and relation, and by user."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol

from local.fga._names import split_object


@dataclass(frozen=True, slots=True)
class Tuple:
    """A user has a relation with an object, where a condition says so if it has one."""

    object: str
    relation: str
    user: str
    condition: str = ""
    context: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        return f"{self.object}#{self.relation}@{self.user}"

    @property
    def shown(self) -> str:
        """It with its condition's name."""
        return f"{self}" + (f" (condition {self.condition})" if self.condition else "")


class TupleReader(Protocol):
    """Where a question finds tuples."""

    def get(self, of: str, relation: str, user: str) -> Tuple | None:
        """The tuple of these three."""

    def of_object(self, of: str, relation: str) -> Iterable[Tuple]:
        """All tuples of an object's relation."""

    def of_user(self, user: str, name: str, relation: str) -> Iterable[Tuple]:
        """All tuples by which a user has a relation with objects of a type."""


class TupleIndex:
    """Tuples in memory."""

    def __init__(self, tuples: Iterable[Tuple] = ()) -> None:
        self._by_object: dict[tuple[str, str], dict[str, Tuple]] = {}
        self._by_user: dict[tuple[str, str, str], dict[str, Tuple]] = {}
        for each in tuples:
            self.add(each)

    def add(self, each: Tuple) -> None:
        """Adds a tuple, or puts it in place of the one of the same three."""
        name, _ = split_object(each.object)
        self._by_object.setdefault((each.object, each.relation), {})[each.user] = each
        self._by_user.setdefault((each.user, name, each.relation), {})[each.object] = each

    def remove(self, of: str, relation: str, user: str) -> None:
        """Takes a tuple out."""
        name, _ = split_object(of)
        _take(self._by_object, (of, relation), user)
        _take(self._by_user, (user, name, relation), of)

    def get(self, of: str, relation: str, user: str) -> Tuple | None:
        """See `TupleReader`."""
        return self._by_object.get((of, relation), _NONE).get(user)

    def of_object(self, of: str, relation: str) -> Iterable[Tuple]:
        """See `TupleReader`."""
        return self._by_object.get((of, relation), _NONE).values()

    def of_user(self, user: str, name: str, relation: str) -> Iterable[Tuple]:
        """See `TupleReader`."""
        return self._by_user.get((user, name, relation), _NONE).values()


_NONE: dict[str, Tuple] = {}


def _take(index: dict[Any, dict[str, Tuple]], key: Any, name: str) -> None:
    found = index.get(key)
    if found is not None:
        found.pop(name, None)
        if not found:
            del index[key]


class WithContext:
    """Tuples of the store, and before them those that came with the question."""

    def __init__(self, kept: TupleReader, given: Iterable[Tuple]) -> None:
        self._kept = kept
        self._given = TupleIndex(given)

    def get(self, of: str, relation: str, user: str) -> Tuple | None:
        """See `TupleReader`."""
        return self._given.get(of, relation, user) or self._kept.get(of, relation, user)

    def of_object(self, of: str, relation: str) -> Iterator[Tuple]:
        """See `TupleReader`."""
        return chain(self._given.of_object(of, relation), self._kept.of_object(of, relation))

    def of_user(self, user: str, name: str, relation: str) -> Iterator[Tuple]:
        """See `TupleReader`."""
        return chain(self._given.of_user(user, name, relation), self._kept.of_user(user, name, relation))

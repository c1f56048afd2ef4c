"""The tuples of one store: written to the database first, then to the index that questions are answered from."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.fga._database import Database
from local.fga._errors import FgaError
from local.fga._identifiers import Ulids
from local.fga._names import split_object, user_parts
from local.fga._tuples import Tuple, TupleIndex

_NOT_AS_IT_IS = "tuple to be written already existed or the tuple to be deleted did not exist"


@dataclass(frozen=True, slots=True)
class Write:
    """A call that writes.

    Attributes:
        ignores_missing: A tuple to be deleted may not be there.
        ignores_duplicates: A tuple to be written may be there, if it is the same.
    """

    deletes: Sequence[Tuple]
    writes: Sequence[Tuple]
    ignores_missing: bool
    ignores_duplicates: bool


class StoreTuples:
    """The tuples of a store."""

    def __init__(self, database: Database, store: str) -> None:
        self._database = database
        self._store = store
        rows = database.rows("SELECT * FROM tuples WHERE store = ? ORDER BY id", (store,))
        self.index = TupleIndex(map(_tuple, rows))

    def apply(self, write: Write, ulids: Ulids, now: str) -> None:
        """Deletes, then writes: all of it, or nothing.

        Raises:
            FgaError: where a tuple is not there that should be, or the other way round.
        """
        deletes = [each for each in write.deletes if self._is_to_delete(each, write)]
        deleted = {str(each) for each in deletes}
        writes = [each for each in write.writes if str(each) in deleted or self._is_to_write(each, write)]
        with self._database.transaction():
            for each in deletes:
                self._database.execute(
                    "DELETE FROM tuples WHERE store = ? AND object = ? AND relation = ? AND user = ?",
                    (self._store, each.object, each.relation, each.user),
                )
                self._change(each, "DELETE", ulids.make(), now)
            for each in writes:
                identifier = ulids.make()
                context = None if each.context is None else json.dumps(each.context)
                self._database.execute(
                    "INSERT INTO tuples VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (self._store, each.object, each.relation, each.user, each.condition, context, identifier, now),
                )
                self._change(each, "WRITE", identifier, now)
        for each in deletes:
            self.index.remove(each.object, each.relation, each.user)
        for each in writes:
            self.index.add(each)

    def _is_to_delete(self, each: Tuple, write: Write) -> bool:
        if self.index.get(each.object, each.relation, each.user) is not None:
            return True
        if write.ignores_missing:
            return False
        raise _refused("cannot delete a tuple which does not exist", each)

    def _is_to_write(self, each: Tuple, write: Write) -> bool:
        there = self.index.get(each.object, each.relation, each.user)
        if there is None:
            return True
        if not write.ignores_duplicates:
            raise _refused("cannot write a tuple which already exists", each)
        if (there.condition, there.context or {}) == (each.condition, each.context or {}):
            return False
        message = (
            "transactional write failed due to conflict: attempted to write a tuple which already exists with a "
            f"different condition: {_shown(each)}"
        )
        raise FgaError("Aborted", message, status=409)

    def _change(self, each: Tuple, operation: str, identifier: str, now: str) -> None:
        key = shown(each) if operation == "WRITE" else shown(Tuple(each.object, each.relation, each.user))
        change = {"tuple_key": key, "operation": f"TUPLE_OPERATION_{operation}", "timestamp": now}
        self._database.execute(
            "INSERT INTO changes VALUES (?, ?, ?, ?)",
            (self._store, identifier, split_object(each.object)[0], json.dumps(change)),
        )

    def page(self, wanted: Mapping[str, str] | None, size: int, after: str) -> tuple[list[dict[str, Any]], str]:
        """A page of the tuples that match, oldest first, and where it ends if there are more."""
        where, parameters = _filter(wanted or {})
        rows = self._database.rows(
            f"SELECT * FROM tuples WHERE store = ? AND id > ? {where} ORDER BY id LIMIT ?",  # noqa: S608 -- ours
            (self._store, after, *parameters, size + 1),
        )
        tuples = [{"key": shown(_tuple(row)), "timestamp": row["written_at"]} for row in rows[:size]]
        return tuples, rows[size - 1]["id"] if len(rows) > size else ""

    def changes(self, name: str, size: int, after: str) -> tuple[list[dict[str, Any]], str]:
        """A page of what was written and deleted, oldest first, and where it ends."""
        rows = self._database.rows(
            "SELECT id, change FROM changes WHERE store = ? AND id > ? AND (? = '' OR type = ?) ORDER BY id LIMIT ?",
            (self._store, after, name, name, size),
        )
        return [json.loads(row["change"]) for row in rows], rows[-1]["id"] if rows else ""


def shown(each: Tuple) -> dict[str, Any]:
    """A tuple's key as JSON."""
    condition = {"name": each.condition, "context": each.context or {}} if each.condition else None
    return {"user": each.user, "relation": each.relation, "object": each.object, "condition": condition}


def _shown(each: Tuple) -> str:
    return f"user: '{each.user}', relation: '{each.relation}', object: '{each.object}'"


def _refused(why: str, each: Tuple) -> FgaError:
    return FgaError("write_failed_due_to_invalid_input", f"{why}: {_shown(each)}: {_NOT_AS_IT_IS}")


def _tuple(row: Any) -> Tuple:
    context = None if row["context"] is None else json.loads(row["context"])
    return Tuple(row["object"], row["relation"], row["user"], row["condition"], context)


def _filter(wanted: Mapping[str, str]) -> tuple[str, list[object]]:
    """The SQL of what a read asks for: an object or a type, a relation, a user or a type of users."""
    where = ""
    parameters: list[object] = []
    if wanted.get("object"):
        name, identifier = split_object(wanted["object"])
        where += " AND object = ?" if identifier else " AND substr(object, 1, ?) = ?"
        parameters += [wanted["object"]] if identifier else [len(name) + 1, f"{name}:"]
    if wanted.get("relation"):
        where += " AND relation = ?"
        parameters.append(wanted["relation"])
    if wanted.get("user"):
        name, identifier, _ = user_parts(wanted["user"])
        where += " AND user = ?" if identifier else " AND substr(user, 1, ?) = ?"
        parameters += [wanted["user"]] if identifier else [len(name) + 1, f"{name}:"]
    return where, parameters

"""Pages of tasks: newest status first, with tokens that only this database can make."""

import base64
import binascii
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from a2a.types import ListTasksRequest
from a2a.utils.errors import InvalidParamsError

from shared.tasks._database import Database

DEFAULT_PAGE_SIZE: Final = 50
MAX_PAGE_SIZE: Final = 100
_MAC_BYTES: Final = 16
_MAX_TOKEN_CHARACTERS: Final = 1024
_LAST_NS: Final = 2**63 - 1
"""The largest integer of both databases, in the year 2262; timestamps of A2A go from the year 1 to 9999."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page: the tasks' ids in order, and how to go on."""

    task_ids: list[str]
    next_token: str
    size: int
    total: int


class PageQuery:
    """The two questions that a page takes, by the index of (owner, status timestamp, id).

    A token holds the place after which the next page begins, so it stays good when tasks change or go; it is signed
    with the database's own key over the owner and the filters, so it cannot be made up or carried to another list.

    Args:
        params: What is asked for.
        owner: Whose tasks.
        key: The database's.
        mark: What stands for a value in its statements.

    Raises:
        InvalidParamsError: if the page token was not made with this key, for this list.
    """

    def __init__(self, params: ListTasksRequest, owner: str, key: bytes, *, mark: str) -> None:
        self.size = min(params.page_size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)
        self._key = key
        where, values = [f"owner = {mark}"], [owner]  # type: list[str], list[object]
        if params.context_id:
            where.append(f"context_id = {mark}")
            values.append(params.context_id)
        if params.status:
            where.append(f"state = {mark}")
            values.append(params.status)
        if params.HasField("status_timestamp_after"):
            where.append(f"status_ns >= {mark}")
            values.append(max(-_LAST_NS, min(params.status_timestamp_after.ToNanoseconds(), _LAST_NS)))
        self._filters = json.dumps(values, separators=(",", ":")).encode()
        condition = " AND ".join(where)
        self.count = f"SELECT count(*) FROM tasks WHERE {condition}", tuple(values)  # noqa: S608 -- fixed text
        if params.page_token:
            after_ns, after_id = self._place(params.page_token)
            # A task without a timestamp comes last.
            if after_ns is None:
                condition += f" AND status_ns IS NULL AND task_id < {mark}"
                values.append(after_id)
            else:
                condition += f" AND (status_ns IS NULL OR (status_ns, task_id) < ({mark}, {mark}))"
                values += [after_ns, after_id]
        select = (
            f"SELECT task_id, status_ns FROM tasks WHERE {condition} "  # noqa: S608 -- fixed text
            f"ORDER BY status_ns DESC NULLS LAST, task_id DESC LIMIT {mark}"
        )
        self.select = select, (*values, self.size + 1)

    def page(self, total: int, rows: Sequence[Sequence[object]]) -> Page:
        """The page, from what the two questions found."""
        token = self._token(*rows[self.size - 1]) if len(rows) > self.size else ""
        return Page([str(task_id) for task_id, _ in rows[: self.size]], token, self.size, total)

    def _token(self, task_id: object, status_ns: object) -> str:
        place = json.dumps([status_ns, task_id], separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._mac(place) + place).decode().rstrip("=")

    def _place(self, token: str) -> tuple[int | None, str]:
        refusal = InvalidParamsError(message="The page token is not one that this list gave out.")
        if len(token) > _MAX_TOKEN_CHARACTERS:
            raise refusal
        try:
            raw = base64.b64decode(token.encode() + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise refusal from None
        mac, place = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(place)):
            raise refusal
        status_ns, task_id = json.loads(place)
        return status_ns, task_id

    def _mac(self, place: bytes) -> bytes:
        filters = self._filters
        return hmac.digest(self._key, len(filters).to_bytes(4, "big") + filters + place, "sha256")[:_MAC_BYTES]


class Listing:
    """Finds the tasks of an owner in the agent's file."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._key = database.secret()

    def page(self, params: ListTasksRequest, owner: str) -> Page:
        """The page that `params` asks for.

        Raises:
            InvalidParamsError: if the page token was not made here, for this list.
        """
        query = PageQuery(params, owner, self._key, mark="?")
        (total,) = self._database.connection.execute(*query.count).fetchone()
        return query.page(total, self._database.connection.execute(*query.select).fetchall())

"""Pages of tasks: newest status first, with tokens that only this file can make."""

import base64
import binascii
import hmac
import json
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
"""SQLite's largest integer, in the year 2262; timestamps of A2A go from the year 1 to 9999."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page: the tasks' ids in order, and how to go on."""

    task_ids: list[str]
    next_token: str
    size: int
    total: int


class Listing:
    """Finds the tasks of an owner by the index of (owner, status timestamp, id).

    A token holds the place after which the next page begins, so it stays good when tasks change or go; it is signed
    with the file's own key over the owner and the filters, so it cannot be made up or carried to another list.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._key = database.secret()

    def page(self, params: ListTasksRequest, owner: str) -> Page:
        """The page that `params` asks for.

        Raises:
            InvalidParamsError: if the page token was not made here, for this list.
        """
        size = min(params.page_size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)
        where, values = ["owner = ?"], [owner]  # type: list[str], list[object]
        if params.context_id:
            where.append("context_id = ?")
            values.append(params.context_id)
        if params.status:
            where.append("state = ?")
            values.append(params.status)
        if params.HasField("status_timestamp_after"):
            where.append("status_ns >= ?")
            values.append(max(-_LAST_NS, min(params.status_timestamp_after.ToNanoseconds(), _LAST_NS)))
        filters = json.dumps(values, separators=(",", ":")).encode()
        condition = " AND ".join(where)
        connection = self._database.connection
        (total,) = connection.execute(f"SELECT count(*) FROM tasks WHERE {condition}", values).fetchone()  # noqa: S608 -- fixed text
        if params.page_token:
            after_ns, after_id = self._place(params.page_token, filters)
            # A task without a timestamp comes last: NULL is below every number in SQLite's order.
            if after_ns is None:
                condition += " AND status_ns IS NULL AND task_id < ?"
                values.append(after_id)
            else:
                condition += " AND (status_ns IS NULL OR (status_ns, task_id) < (?, ?))"
                values += [after_ns, after_id]
        rows = connection.execute(
            f"SELECT task_id, status_ns FROM tasks WHERE {condition} "  # noqa: S608 -- fixed text
            "ORDER BY status_ns DESC, task_id DESC LIMIT ?",
            [*values, size + 1],
        ).fetchall()
        token = self._token(rows[size - 1][1], rows[size - 1][0], filters) if len(rows) > size else ""
        return Page([task_id for task_id, _ in rows[:size]], token, size, total)

    def _token(self, status_ns: int | None, task_id: str, filters: bytes) -> str:
        place = json.dumps([status_ns, task_id], separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._mac(place, filters) + place).decode().rstrip("=")

    def _place(self, token: str, filters: bytes) -> tuple[int | None, str]:
        refusal = InvalidParamsError(message="The page token is not one that this list gave out.")
        if len(token) > _MAX_TOKEN_CHARACTERS:
            raise refusal
        try:
            raw = base64.b64decode(token.encode() + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise refusal from None
        mac, place = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(place, filters)):
            raise refusal
        status_ns, task_id = json.loads(place)
        return status_ns, task_id

    def _mac(self, place: bytes, filters: bytes) -> bytes:
        return hmac.digest(self._key, len(filters).to_bytes(4, "big") + filters + place, "sha256")[:_MAC_BYTES]

"""The rows. Each is sealed, because connections hold secrets of other systems."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from local import _random
from local.tenant._database import Database
from local.tenant._sealing import Sealing


class Kind(StrEnum):
    """The kinds of resources."""

    API = "resource_server"
    CLIENT = "client"
    CREDENTIAL = "credential"
    GRANT = "client_grant"
    CONNECTION = "connection"
    ROLE = "role"
    SETTINGS = "settings"
    FACTOR = "factor"
    POLICIES = "policies"


_NEW_ID: dict[Kind, Callable[[], str]] = {  # in Auth0's shapes
    Kind.API: lambda: secrets.token_hex(12),
    Kind.CLIENT: _random.client_id,
    Kind.CREDENTIAL: lambda: f"cred_{_random.identifier(22)}",
    Kind.GRANT: lambda: f"cgr_{_random.identifier(16)}",
    Kind.CONNECTION: lambda: f"con_{_random.identifier(16)}",
    Kind.ROLE: lambda: f"rol_{_random.identifier(16)}",
}


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource.

    Attributes:
        kind: Which kind.
        id: Auth0's name for it, never changed.
        body: What was written, in the words of the Management API.
    """

    kind: Kind
    id: str
    body: dict[str, Any] = field(repr=False)


class Resources:
    """The resources of the tenant, in the order in which they were made."""

    def __init__(self, database: Database, sealing: Sealing) -> None:
        self._database = database
        self._sealing = sealing

    def all(self, kind: Kind) -> list[Resource]:
        """All of a kind."""
        rows = self._database.rows("select id, sealed from resources where kind = ? order by position", kind)
        return [Resource(kind, row["id"], self._sealing.open(_name(kind, row["id"]), row["sealed"])) for row in rows]

    def get(self, kind: Kind, resource_id: str) -> Resource | None:
        """The one with this id."""
        row = self._database.row("select sealed from resources where kind = ? and id = ?", kind, resource_id)
        if row is None:
            return None
        return Resource(kind, resource_id, self._sealing.open(_name(kind, resource_id), row["sealed"]))

    def add(self, kind: Kind, body: dict[str, Any], *, resource_id: str | None = None) -> Resource:
        """Keeps a new one, under a new id if none is given."""
        made = Resource(kind, resource_id or _NEW_ID[kind](), body)
        self._database.execute(
            "insert into resources (kind, id, sealed) values (?, ?, ?)", kind, made.id, self._seal(made)
        )
        return made

    def write(self, changed: Resource) -> Resource:
        """Keeps what has changed."""
        self._database.execute(
            "update resources set sealed = ? where kind = ? and id = ?",
            *(self._seal(changed), changed.kind, changed.id),
        )
        return changed

    def remove(self, kind: Kind, resource_id: str) -> None:
        """Forgets one."""
        self._database.execute("delete from resources where kind = ? and id = ?", kind, resource_id)

    def clear(self) -> None:
        """Forgets all."""
        self._database.execute("delete from resources")

    def _seal(self, resource: Resource) -> bytes:
        return self._sealing.seal(_name(resource.kind, resource.id), resource.body)


def _name(kind: Kind, resource_id: str) -> str:
    return f"{kind}/{resource_id}"

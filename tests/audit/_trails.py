"""Trails to verify, in a file or a database, and what somebody with write access may do to them."""

import json
import re
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg

from shared.audit import (
    Action,
    AuditFile,
    AuditTrail,
    Event,
    Outcome,
    Report,
    SealingKey,
    Store,
    VerifyingKeys,
    Who,
    verify,
)
from shared.audit import read_anchors as anchors_in
from shared.audit._chain import beginning, canonical, link
from shared.audit.postgres import PostgresAuditStore, prepare
from shared.testing import Clock, PostgresServer

AGENT: Final = "password_reset"
EVENT = Event(
    action=Action.ACCOUNT_UNLOCK,
    outcome=Outcome.ATTEMPTED,
    who=Who(issuer="https://tenant.example/", subject="auth0|amelia", actors=("supervisor",)),
    resource="account:00u1",
)
Statement = str | tuple[str, Mapping[str, object]]


@dataclass
class Trails(ABC):
    """One trail, its key and its anchors, written by one process after another."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    key: SealingKey = field(default_factory=SealingKey.generate)

    @property
    def anchors(self) -> Path:
        return self.folder / "anchors"

    @property
    @abstractmethod
    def place(self) -> str:
        """Where it is, for another process: see `store_at`."""

    @abstractmethod
    def reader(self) -> Store:
        """Somebody who may read it."""

    @abstractmethod
    def execute(self, *statements: Statement) -> list[tuple[Any, ...]]:
        """Does something behind the trail's back, with `:name` for values; what the last statement finds."""

    @abstractmethod
    def replaced(self, before: str, after: str) -> str:
        """SQL for a body with one text in place of another."""

    @contextmanager
    def broken(self) -> Iterator[None]:
        """Nothing can be written meanwhile."""
        self.execute("ALTER TABLE records RENAME TO away")
        try:
            yield
        finally:
            self.execute("ALTER TABLE away RENAME TO records")

    def open(self, store: Store | None = None) -> AuditTrail:
        kept_in = store or store_at(self.place)
        return AuditTrail.begin(kept_in, self.key, agent=AGENT, anchors=self.anchors, clock=self.clock)

    async def write(self, events: int, *, closed: bool = True) -> str:
        """Has a process record events; it ends in order, or as if it were killed."""
        store = store_at(self.place)
        trail = self.open(store)
        for _ in range(events):
            self.clock.advance(1)
            await trail.record(EVENT)
        if closed:
            await trail.aclose()
        store.close()
        return trail.writer

    def verify(self, *keys: SealingKey, with_anchors: bool = True) -> Report:
        with closing(self.reader()) as store:
            anchors = anchors_in(self.anchors) if with_anchors else ()
            return verify(store, VerifyingKeys.of(*(keys or (self.key,))), anchors)

    def bodies(self) -> list[dict[str, Any]]:
        rows = self.execute("SELECT body FROM records ORDER BY writer, sequence")
        return [json.loads(body) for (body,) in rows]

    def count(self, writer: str) -> int:
        ((found,),) = self.execute(("SELECT count(*) FROM records WHERE writer = :writer", {"writer": writer}))
        return int(found)

    def make_anew(
        self, writer: str, sequence: int, change: Callable[[dict[str, object]], object], key: SealingKey
    ) -> None:
        """Changes a record and makes all hashes and seals after it fit, with a key that is not the trail's."""
        rows = self.execute(
            ("SELECT sequence, body FROM records WHERE writer = :writer ORDER BY sequence", {"writer": writer})
        )
        chained = beginning(writer)
        for number, body in rows:
            members = json.loads(body)
            if number == sequence:
                change(members)
            written = canonical(members)
            chained = link(chained, written)
            it = {"writer": writer, "sequence": number, "body": written, "hash": chained}
            self.execute(
                ("UPDATE records SET body = :body, hash = :hash WHERE writer = :writer AND sequence = :sequence", it)
            )
            if number >= sequence:
                seal = key.seal(writer, number, chained)
                self.execute(
                    (
                        (
                            "UPDATE seals SET hash = :hash, key_id = :key_id, signature = :signature "
                            "WHERE writer = :writer AND sequence = :sequence"
                        ),
                        {**it, "key_id": seal.key_id, "signature": seal.signature},
                    )
                )


@dataclass
class FileTrails(Trails):
    """A trail in a file."""

    @property
    def path(self) -> Path:
        return self.folder / "audit.sqlite3"

    @property
    def place(self) -> str:
        return str(self.path)

    def reader(self) -> AuditFile:
        return AuditFile.open(self.path, create=False)

    def execute(self, *statements: Statement) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        with closing(sqlite3.connect(self.path)) as connection, connection:
            for statement in statements:
                found = connection.execute(*((statement,) if isinstance(statement, str) else statement)).fetchall()
        return found

    def replaced(self, before: str, after: str) -> str:
        return f"CAST(replace(CAST(body AS TEXT), '{before}', '{after}') AS BLOB)"


@dataclass(kw_only=True)
class DatabaseTrails(Trails):
    """A trail in a database: an agent's role appends, another role keeps the tables, an administrator may do all."""

    server: PostgresServer
    keeper: str
    appending: str

    @property
    def place(self) -> str:
        return self.appending

    def reader(self) -> PostgresAuditStore:
        return PostgresAuditStore.read(self.keeper, agent=AGENT)

    def execute(self, *statements: Statement) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        with psycopg.connect(self.server.url) as connection:
            connection.execute(f"SET search_path = audit_{AGENT}")
            for statement in statements:
                query, values = (statement, {}) if isinstance(statement, str) else statement
                named = re.sub(r"(?<!:):([a-z_]+)", r"%(\1)s", query.replace("%", "%%"))
                cursor = connection.execute(named.encode(), values)
                found = cursor.fetchall() if cursor.description else []
        return found

    def replaced(self, before: str, after: str) -> str:
        return f"convert_to(replace(convert_from(body, 'UTF8'), '{before}', '{after}'), 'UTF8')"

    def clear(self) -> None:
        """An empty trail again."""
        self.execute("TRUNCATE records, seals, expired")


def database_trails(server: PostgresServer, folder: Path) -> DatabaseTrails:
    """An empty trail in a database of that server."""
    server.clear()
    keeper, appending = server.role("keeper", may_make_schemas=True), server.role(AGENT)
    prepare(keeper, [AGENT])
    return DatabaseTrails(folder, server=server, keeper=keeper, appending=appending)


def store_at(place: str) -> Store:
    """What is appended to there."""
    if place.startswith("postgresql:"):
        return PostgresAuditStore.open(place, agent=AGENT)
    return AuditFile.open(Path(place), create=True)

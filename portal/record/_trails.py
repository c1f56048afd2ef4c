"""Where audit trails are, and how they are searched: several at once, files and databases, as they are there."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from portal.record._reading import read_record
from shared.audit import (
    AuditFile,
    Report,
    Row,
    Seal,
    Store,
    StoreAway,
    VerifyingKeys,
    Wanted,
    is_chain_of,
    read_anchors,
    verify,
    write_anchor,
)
from shared.errors import ConfigurationError

AUDIT_FILE = "audit.sqlite3"
KEYS = "audit-keys"
ANCHORS = "audit-anchors"
PAGE = 500


@dataclass(frozen=True, slots=True)
class Database:
    """A trail that is kept in PostgreSQL.

    Attributes:
        url: Of the database; it may hold a password.
        agent: Whose trail.
    """

    url: str = field(repr=False)
    agent: str


@dataclass(frozen=True, slots=True)
class Source:
    """An audit trail.

    Attributes:
        where: Its file, or where in a database it is.
        keys: The public keys of who may have sealed it.
        anchors: The folder of its newest seals, if there is one.
        agent: Whose it is; empty where that is not known.
    """

    where: Path | Database
    keys: tuple[Path, ...] = ()
    anchors: Path | None = None
    agent: str = ""

    @property
    def name(self) -> str:
        """What people call it."""
        if isinstance(self.where, Database):
            return self.where.agent
        return self.where.parent.name if self.where.name == AUDIT_FILE else str(self.where)

    def newest_seals(self) -> list[Seal]:
        """Its newest seals, from where they were kept.

        Raises:
            ConfigurationError: what is kept there is none.
        """
        if self.anchors is None or not self.anchors.is_dir():
            return []
        try:
            found = read_anchors(self.anchors)
        except (OSError, ValueError, KeyError) as error:
            raise ConfigurationError(f"An anchor in {self.anchors} is none ({type(error).__name__}).") from error
        if isinstance(self.where, Database):  # a folder may hold those of all agents; a writer is named after its own
            return [seal for seal in found if is_chain_of(self.where.agent, seal.writer)]
        return found


def local_trails(state: Path) -> list[Source]:
    """The trails of the agents on this machine.

    Args:
        state: The local world's folder.
    """
    return [
        Source(
            file,
            tuple(sorted((file.parent / KEYS).glob("*.pem"))),
            state / ANCHORS / file.parent.name,
            agent=file.parent.name,
        )
        for file in sorted(state.glob(f"*/{AUDIT_FILE}"))
    ]


def search(sources: Sequence[Source], wanted: Wanted, *, most: int) -> list[dict[str, Any]]:
    """Records of all trails by time: where there are more, the newest of them.

    Raises:
        ConfigurationError: a trail cannot be read.
    """
    found: list[Row] = []
    for source in sources:
        with opened(source) as store:
            found += store.search(wanted, most=most, newest=True)
    return sorted(map(read_record, found), key=in_order)[-most:]


def recorded_acts(sources: Sequence[Source]) -> list[dict[str, Any]]:
    """All records of acts, of each trail in the order that they were written."""
    found: list[dict[str, Any]] = []
    for source in sources:
        with opened(source) as store:
            found += map(read_record, every(store, Wanted(holding='"act":"')))
    return found


def every(store: Store, wanted: Wanted) -> Iterator[Row]:
    """All records of a kind in a trail by time, however many; a page of them at once."""
    while rows := store.search(wanted, most=PAGE):
        yield from rows
        last = rows[-1]
        wanted = replace(wanted, later=(last.columns[0], last.record.writer, last.record.sequence))


def check(source: Source, *, keep: bool = False) -> Report:
    """Verifies a trail.

    Args:
        source: Which.
        keep: Whether its newest seals are put to its anchors where it is whole, so that they are missed the next time.

    Raises:
        ConfigurationError: it, a key or an anchor cannot be read.
    """
    anchors = source.newest_seals()
    with opened(source) as store:
        report = verify(store, VerifyingKeys.read(list(source.keys)), anchors, agent=source.agent)
    if keep and source.anchors is not None and report.is_whole:
        for seal in report.newest:
            write_anchor(source.anchors, seal)
    return report


@contextmanager
def opened(source: Source) -> Iterator[Store]:
    """A trail, to read: its file, the lines that it was exported as, or its tables.

    Raises:
        ConfigurationError: it cannot be read.
    """
    store = _open(source.where)
    try:
        yield store
    except (StoreAway, sqlite3.Error) as error:
        raise ConfigurationError(f"The trail of {source.name} cannot be read ({error}).") from error
    finally:
        store.close()


def _open(where: Path | Database) -> Store:
    if isinstance(where, Database):
        from shared.audit.postgres import PostgresAuditStore  # noqa: PLC0415 -- needs a driver that not all have

        return PostgresAuditStore.read(where.url, agent=where.agent)
    return AuditFile.of_lines(where) if _is_text(where) else AuditFile.open(where, create=False)


def _is_text(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(1) in {b"{", b""}
    except OSError:
        return False  # for whoever opens it to say


def in_order(record: dict[str, Any]) -> tuple[int, str, int]:
    """The order in which records of several chains are shown."""
    return int(record["at"]), str(record["writer"]), int(record["sequence"])

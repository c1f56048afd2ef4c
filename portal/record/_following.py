"""Goes on with what is appended to trails."""

from collections import defaultdict
from collections.abc import Container
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from portal.record._reading import read_record
from portal.record._trails import Database, Source, opened
from shared.audit import Action, Row, Store, Wanted
from shared.errors import ConfigurationError

MOST_CHAINS: Final = 1_000_000
PAGE: Final = 5_000


@dataclass(frozen=True, slots=True)
class News:
    """What was appended to a trail.

    Attributes:
        records: The records that are wanted, each chain's in its order.
        shorter: Chains that have lost their end.
        gone: Chains that are there no more, and had not ended where they were read to.
        more: Whether there is more already.
    """

    records: tuple[dict[str, Any], ...]
    shorter: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    more: bool = False


class _Place(NamedTuple):
    """How far a chain was read.

    Attributes:
        sequence: The number of the last record.
        hash: The chain's hash there.
        ended: Whether nothing is missed after it: it is where the process ended its chain, or it was told.
    """

    sequence: int
    hash: bytes
    ended: bool

    @classmethod
    def after(cls, row: Row) -> Self:
        """After a record."""
        return cls(row.record.sequence, row.record.hash, row.columns[1] == Action.TRAIL_CLOSE)


@dataclass(slots=True)
class Follower:
    """Knows how far each chain was read.

    It goes by that and not by time: an agent whose database was away writes later what happened before, and clocks of
    machines differ. Nor does it go by where a trail is: of one that was moved, or copied, nothing is news that was read
    where it was before. The hash of the chain says that it is the same.

    Attributes:
        wanted: Which records.
        page: How many of a chain at once.
    """

    wanted: Wanted
    page: int = PAGE
    _read_to: dict[str, dict[Path | Database, _Place]] = field(default_factory=lambda: defaultdict(dict))
    _files: dict[Path | Database, tuple[int, int]] = field(default_factory=dict)

    def begin(self, source: Source, *, most: int) -> list[dict[str, Any]]:
        """What is there already is no news: the newest of it, at most so much.

        Raises:
            ConfigurationError: it cannot be read.
        """
        self._keep_file(source.where)
        with opened(source) as store, store.snapshot():
            for writer, head in store.heads(most=MOST_CHAINS).items():
                for row in _rows(store, writer, head.sequence - 1):
                    self._read_to[writer][source.where] = _Place.after(row)
            return [read_record(row) for row in store.search(self.wanted, most=most, newest=True)]

    def news(self, source: Source) -> News:
        """What was appended since the last time: first to the file that was here before, if it is in this folder still.

        At most a page of each chain.

        Raises:
            ConfigurationError: it cannot be read; nothing is lost by that.
        """
        where = source.where
        rest = self._rest(where)
        if rest.records or rest.more:
            return replace(rest, more=True)
        was = self._files.get(where)
        self._keep_file(where)
        try:
            return self._read(source, known_as=where)
        except ConfigurationError:
            if was is not None:
                self._files[where] = was
            raise

    def _rest(self, where: Path | Database) -> News:
        """What is new in the file that was there before another was put in its place, where it is called otherwise."""
        was = self._files.get(where)
        if isinstance(where, Database) or was is None or _identity(where) == was:
            return News(())
        try:
            moved = [path for path in where.parent.iterdir() if _identity(path) == was]
            return self._read(Source(moved[0]), known_as=where) if moved else News(())
        except (OSError, ConfigurationError):
            return News(())  # it is none, or none any more

    def _read(self, source: Source, *, known_as: Path | Database) -> News:
        """What is new in a trail, of which what was read is known by its place, or by another."""
        records: list[dict[str, Any]] = []
        shorter: list[str] = []
        places: dict[str, _Place] = {}
        more = False
        with opened(source) as store, store.snapshot():
            heads = store.heads(most=MOST_CHAINS)
            for writer, head in heads.items():
                place = self._read_to[writer].get(known_as)
                if place is not None and head.sequence == place.sequence:
                    continue
                known = self._known(store, writer) if place is None else place.sequence
                if head.sequence < known:
                    shorter.append(writer)
                rows = _rows(store, writer, min(known, head.sequence - 1), most=self.page)
                if not rows:
                    continue
                places[writer] = last = _Place.after(rows[-1])
                more = more or last.sequence < head.sequence
                if last.sequence > known:
                    those = replace(self.wanted, writer=writer, after=known, upto=last.sequence)
                    records += map(read_record, store.search(those, most=len(rows)))
            gone = self._gone(store, heads, known_as) if source.where == known_as else ()
        for writer, place in places.items():
            self._read_to[writer][known_as] = place
        for writer in gone:
            self._read_to[writer][known_as] = self._read_to[writer][known_as]._replace(ended=True)
        return News(tuple(records), tuple(shorter), gone, more)

    def _known(self, store: Store, writer: str) -> int:
        """How far a chain was read elsewhere: up to a record that is here as well."""
        for place in sorted(self._read_to[writer].values(), reverse=True):
            if any(_Place.after(row)[:2] == place[:2] for row in _rows(store, writer, place.sequence - 1)):
                return place.sequence
        return 0

    def _gone(self, store: Store, there: Container[str], where: Path | Database) -> tuple[str, ...]:
        """Chains that were read here and are not here, unless they had ended, or were let go as they were old."""
        missed: dict[str, int] = {}
        for writer, places in self._read_to.items():
            place = places.get(where)
            if place is None or place.ended or writer in there:
                continue
            elsewhere = (other for at, other in places.items() if at != where)
            if all(other.sequence < place.sequence for other in elsewhere):
                missed[writer] = place.sequence
        let_go = store.beginnings() if missed else {}
        return tuple(
            writer for writer, sequence in missed.items() if writer not in let_go or let_go[writer].sequence > sequence
        )

    def _keep_file(self, where: Path | Database) -> None:
        found = _identity(where) if isinstance(where, Path) else None
        if found is not None:
            self._files[where] = found


def _rows(store: Store, writer: str, after: int, *, most: int = 1) -> list[Row]:
    """The next records of a chain."""
    return list(islice(store.records(writer, after=after), most))


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file it is, whatever it is called."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino

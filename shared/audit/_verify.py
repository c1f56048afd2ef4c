"""Verifies a trail: whether it is whole, and if not, which record is the first that is bad."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.audit._chain import Record, Seal, VerifyingKeys, beginning, canonical, link
from shared.audit._store import Head, Row, Store, columns_of
from shared.audit._vocabulary import Action


class Fault(StrEnum):
    """What can be wrong with a chain."""

    CHANGED = "changed"
    MISSING = "missing"
    INSERTED = "inserted"
    CUT_OFF = "cut_off"
    SEAL_FORGED = "seal_forged"
    EXPIRY_FORGED = "expiry_forged"
    MISPLACED = "misplaced"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and from where on.

    Attributes:
        writer: In whose chain.
        sequence: The first record that is bad, or missing.
        latest: Where the seals do not tell more exactly: the last record of which it may be true instead.
        fault: What.
    """

    writer: str
    sequence: int
    latest: int
    fault: Fault


@dataclass(frozen=True, slots=True)
class Report:
    """What was found.

    Attributes:
        records: How many records were read.
        writers: How many chains.
        problems: What is wrong; for each chain the first thing alone, as what follows it proves nothing.
        unclosed: Chains whose process did not end in order, or still runs.
        newest: The newest seal of each chain.
    """

    records: int
    writers: int
    problems: tuple[Problem, ...]
    unclosed: tuple[str, ...]
    newest: tuple[Seal, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def verify(store: Store, keys: VerifyingKeys, anchors: Iterable[Seal] = (), *, agent: str = "") -> Report:
    """Verifies all chains of a trail, as they are at one moment, whoever writes meanwhile.

    Not checked: whether what was recorded is true, and, without anchors, whether the end of the newest chain was cut
    off together with its seals.

    Args:
        store: Where it is kept.
        keys: Who may have sealed it.
        anchors: Newest seals, from where they were kept.
        agent: Whose trail it is, where that is known: a chain that is named after another has no place there.
    """
    expected = _expected(anchors, keys)
    heads: dict[str, dict[int, bytes]] = {writer: dict(points) for writer, points in expected.items()}
    with store.snapshot():
        beginnings = store.beginnings()
        chains = {writer: _Chain(writer, keys, beginnings.get(writer)) for writer in {*store.writers(), *expected}}
        for writer, chain in sorted(chains.items()):
            chain.read(store.records(writer), store.seals(writer))
            if chain.problem is None:  # what a broken chain says of others is not believed
                for other, head in chain.heads.items():
                    heads.setdefault(other, {})[head.sequence] = head.hash
    problems = []
    for writer in sorted({*chains, *heads}):
        chain = chains.get(writer) or _Chain(writer, keys, None)
        problem = chain.problem or chain.against(heads.get(writer, {}))
        if problem is None and agent and chain.count and not is_chain_of(agent, writer):
            problem = Problem(writer, chain.first, chain.first, Fault.MISPLACED)
        if problem is not None:
            problems.append(problem)
    return Report(
        records=sum(chain.count for chain in chains.values()),
        writers=len(chains),
        problems=tuple(problems),
        unclosed=tuple(sorted(writer for writer, chain in chains.items() if chain.count and not chain.closed)),
        newest=tuple(chain.newest for _, chain in sorted(chains.items()) if chain.newest is not None),
    )


def _expected(anchors: Iterable[Seal], keys: VerifyingKeys) -> dict[str, dict[int, bytes]]:
    """Where chains must at least have come to. An anchor that nobody signed says nothing."""
    found: dict[str, dict[int, bytes]] = {}
    for anchor in anchors:
        if keys.accepts(anchor):
            found.setdefault(anchor.writer, {})[anchor.sequence] = anchor.hash
    return found


class _Chain:
    """One writer's records, read in order until something is wrong."""

    def __init__(self, writer: str, keys: VerifyingKeys, expired: Seal | None) -> None:
        self.writer = writer
        self.count = 0
        self.closed = False
        self.problem: Problem | None = None
        self.newest: Seal | None = None
        self.heads: dict[str, Head] = {}
        self._keys = keys
        self._hashes: dict[int, bytes] = {}
        self.first = 1
        self._at = Head(0, beginning(writer))
        self._sealed = 0
        if expired is not None:
            if keys.accepts(expired):
                self._at = Head(expired.sequence, expired.hash)
                self.first, self._sealed = expired.sequence + 1, expired.sequence
            else:
                self._fail(Fault.EXPIRY_FORGED, 1, expired.sequence)

    def read(self, rows: Iterator[Row], seals: Mapping[int, Seal]) -> None:
        """Reads the records and their seals."""
        for row in rows:
            self.count += 1
            if self.problem is None:
                self._take(row, seals)
        if self.problem is None and self._at.sequence < max(seals, default=0):
            self._fail(Fault.CUT_OFF, self._at.sequence + 1)
        elif self.problem is None and self._sealed < self._at.sequence:  # each is sealed in the transaction it comes in
            self._fail(Fault.INSERTED, self._sealed + 1, self._at.sequence)

    def against(self, points: Mapping[int, bytes]) -> Problem | None:
        """Holds the chain against where others say that it had come to."""
        for sequence, found in sorted(points.items()):
            if sequence < self.first:
                continue  # deleted since, as it was old
            if sequence > self._at.sequence:
                return Problem(self.writer, self._at.sequence + 1, sequence, Fault.CUT_OFF)
            if self._hashes[sequence] != found:
                return Problem(self.writer, self.first, sequence, Fault.CHANGED)
        return None

    def _take(self, row: Row, seals: Mapping[int, Seal]) -> None:
        record, due = row.record, self._at.sequence + 1
        if record.sequence != due:
            self._fail(Fault.MISSING if record.sequence > due else Fault.INSERTED, min(due, record.sequence))
            return
        members = written_members(record)
        chained = link(self._at.hash, record.body)
        if members is None or _columns(members) != row.columns or chained != record.hash:
            self._fail(Fault.CHANGED, due)
            return
        self._at = Head(due, chained)
        self._hashes[due] = chained
        seal = seals.get(due)
        if seal is not None:
            if seal.hash != chained:
                self._fail(Fault.CHANGED, self._sealed + 1, due)
                return
            if not self._keys.accepts(seal):
                self._fail(Fault.SEAL_FORGED, self._sealed + 1, due)
                return
            self._sealed, self.newest = due, seal
        self.closed = members.get("action") == Action.TRAIL_CLOSE
        if members.get("action") == Action.TRAIL_OPEN:
            try:
                self.heads.update(_heads(members))
            except (ValueError, AttributeError):  # not what a trail writes
                self._fail(Fault.CHANGED, due)

    def _fail(self, fault: Fault, sequence: int, latest: int | None = None) -> None:
        self.problem = Problem(self.writer, sequence, latest or sequence, fault)


def _columns(members: dict[str, Any]) -> tuple[Any, ...] | None:
    """What the columns have to say of a body; None where it is not of the form that a trail writes."""
    try:
        return columns_of(members)
    except AttributeError:
        return None


def _heads(members: dict[str, Any]) -> dict[str, Head]:
    """Where the other chains had come to, as a chain's first record says."""
    found = {}
    for writer, head in members.get("details", {}).items():
        sequence, _, chained = head.partition(":")
        found[writer] = Head(int(sequence), bytes.fromhex(chained))
    return found


def written_members(record: Record) -> dict[str, Any] | None:
    """The members of a record's body; None if it is not of the form that it was written in, or is another's."""
    try:
        members = json.loads(record.body)
        if not isinstance(members, dict) or canonical(members) != record.body:
            return None
    except (ValueError, RecursionError):
        return None
    ours = members.get("writer") == record.writer and members.get("sequence") == record.sequence
    return members if ours and is_chain_of(str(members.get("agent")), record.writer) else None


def is_chain_of(agent: str, writer: str) -> bool:
    """Whether a writer's name is that of a process of an agent: it is named after the agent and its start."""
    return writer.startswith(f"{agent}-2")

"""Where audit trails are, and how they are searched: several files at once, as they are on the disk."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.audit import AuditFile, Record, Report, VerifyingKeys, members_of, read_anchors, verify
from shared.errors import ConfigurationError

AUDIT_FILE = "audit.sqlite3"
KEYS = "audit-keys"
ANCHORS = "audit-anchors"
MOST_ACTS = 1_000_000


@dataclass(frozen=True, slots=True)
class Source:
    """An audit trail.

    Attributes:
        file: Where it is.
        keys: The public keys of who may have sealed it.
        anchors: The folder of its newest seals, if there is one.
    """

    file: Path
    keys: tuple[Path, ...] = ()
    anchors: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which records are wanted; what is empty does not matter.

    Attributes:
        subject: On whose behalf: the `sub`.
        agent: Whose record.
        resource: What it was done to, as `type:id`.
        task: In which task.
        action: Which action, as a pattern: `account:*`.
        outcome: What came of it.
        since: Not before, in milliseconds since 1970.
        until: Before.
    """

    subject: str = ""
    agent: str = ""
    resource: str = ""
    task: str = ""
    action: str = ""
    outcome: str = ""
    since: int | None = None
    until: int | None = None

    def condition(self) -> tuple[str, list[Any]]:
        """As a condition over the columns of a trail, and what is bound to it."""
        parts: list[tuple[str, Any]] = [
            (f"{column} = ?", value)
            for column, value in (
                ("subject", self.subject),
                ("resource", self.resource),
                ("task", self.task),
                ("outcome", self.outcome),
            )
            if value
        ]
        if self.agent:
            parts.append(("writer GLOB ?", f"{self.agent}-2*"))  # a writer is named after its agent and its start
        if self.action:
            parts.append(("action GLOB ?", self.action))
        if self.since is not None:
            parts.append(("at >= ?", self.since))
        if self.until is not None:
            parts.append(("at < ?", self.until))
        return " AND ".join(sql for sql, _ in parts) or "TRUE", [value for _, value in parts]


def local_trails(state: Path) -> list[Source]:
    """The trails of the agents on this machine.

    Args:
        state: The local world's folder.
    """
    return [
        Source(file, tuple(sorted((file.parent / KEYS).glob("*.pem"))), state / ANCHORS / file.parent.name)
        for file in sorted(state.glob(f"*/{AUDIT_FILE}"))
    ]


def search(sources: Sequence[Source], wanted: Wanted, *, most: int) -> list[dict[str, Any]]:
    """Records of all trails by time: where there are more, the newest of them.

    Raises:
        ConfigurationError: a trail cannot be read.
    """
    condition, values = wanted.condition()
    found: list[Record] = []
    for source in sources:
        with opened(source) as file:
            found += [row.record for row in file.search(condition, values, most=most, newest=True)]
    bodies = [members_of(record) for record in found]
    return sorted(bodies, key=_order)[-most:]


def recorded_acts(sources: Sequence[Source]) -> list[dict[str, Any]]:
    """All records of acts, of each trail in the order that they were written."""
    found: list[dict[str, Any]] = []
    for source in sources:
        with opened(source) as file:
            rows = file.search('instr(CAST(body AS TEXT), \'"act":"\')', (), most=MOST_ACTS)
            found += [members_of(row.record) for row in rows]
    return found


def check(source: Source) -> Report:
    """Verifies a trail.

    Raises:
        ConfigurationError: it, a key or an anchor cannot be read.
    """
    try:
        anchors = read_anchors(source.anchors) if source.anchors is not None and source.anchors.is_dir() else []
    except (OSError, ValueError, KeyError) as error:
        raise ConfigurationError(f"An anchor in {source.anchors} is none ({type(error).__name__}).") from error
    with opened(source) as file:
        return verify(file, VerifyingKeys.read(list(source.keys)), anchors)


@contextmanager
def opened(source: Source) -> Iterator[AuditFile]:
    """A trail, to read: its file, or the lines that it was exported as.

    Raises:
        ConfigurationError: it cannot be read.
    """
    file = AuditFile.of_lines(source.file) if _is_text(source.file) else AuditFile.open(source.file, create=False)
    try:
        yield file
    finally:
        file.close()


def _is_text(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(1) in {b"{", b""}
    except OSError:
        return False  # for whoever opens it to say


def _order(record: dict[str, Any]) -> tuple[int, str, int]:
    return int(record["at"]), str(record["writer"]), int(record["sequence"])

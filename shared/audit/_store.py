"""What a trail is kept in, whichever kind that is: what the chain and its readers need of it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol, Self

from shared.audit._chain import Record, Seal

COLUMNS: Final = ("at", "action", "outcome", "subject", "resource", "task")
"""What the columns repeat of each body, to be searched; the body is what counts, and who verifies compares."""


class Row(NamedTuple):
    """A record with the columns that repeat some of it."""

    record: Record
    columns: tuple[Any, ...]


class Head(NamedTuple):
    """Where a chain has come to, or begins."""

    sequence: int
    hash: bytes


class StoreAway(Exception):
    """What a trail is kept in cannot be reached, or could not do what it was asked.

    Args:
        detail: What is the matter.
        in_doubt: Whether what was to be kept may be there all the same.
    """

    def __init__(self, detail: str, *, in_doubt: bool = False) -> None:
        super().__init__(detail)
        self.in_doubt = in_doubt


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
        holding: A piece of the body, as it is written there.
        writer: In whose chain.
        after: After the record of this number; of one chain.
        upto: Up to and with the record of this number; of one chain.
        later: Later than this record, as records are ordered: its time, writer and number.
    """

    subject: str = ""
    agent: str = ""
    resource: str = ""
    task: str = ""
    action: str = ""
    outcome: str = ""
    since: int | None = None
    until: int | None = None
    holding: str = ""
    writer: str = ""
    after: int = 0
    upto: int | None = None
    later: tuple[int, str, int] | None = None


class Store(Protocol):
    """Keeps the chains of a trail. Used in one thread at a time; any number of them may be open at once."""

    def append(self, rows: Sequence[Row], seal: Seal) -> None:
        """Keeps records and their seal, all or none, for good when it returns; a second time is as once.

        Raises:
            StoreAway: if it cannot.
        """

    def heads(self, *, most: int) -> dict[str, Head]:
        """Where each chain has come to, the newest chains first."""

    def writers(self) -> list[str]:
        """All writers, also those of whom only seals or a beginning are left."""

    def records(self, writer: str, *, after: int | None = None) -> Iterator[Row]:
        """The records of a writer, in order: all of them, or those after a number."""

    def seals(self, writer: str) -> Mapping[int, Seal]:
        """The seals of a writer, by number."""

    def beginnings(self) -> Mapping[str, Seal]:
        """The seals of the last records of chains that were let go, as they were old."""

    def search(self, wanted: Wanted, *, most: int, newest: bool = False) -> list[Row]:
        """Records of a kind: the oldest of them, or the newest, and those first."""

    def old(self, before: int) -> dict[str, Head]:
        """By writer, the last sealed record of those that are all older than `before`, in milliseconds since 1970."""

    def forget(self, seal: Seal) -> int:
        """Lets a chain's records go, up to and with the one that an expiry seal names; says how many."""

    def snapshot(self) -> AbstractContextManager[None]:
        """What is read in the block is all of one moment, whoever writes meanwhile."""

    def another(self, *, to_change: bool = False) -> Self:
        """The same once more, for another thread.

        Args:
            to_change: Whether records are to be let go there; else it is only read.

        Raises:
            ConfigurationError, StoreAway: if it cannot be opened.
        """

    def close(self) -> None:
        """Lets go of it."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one kind of SQL says what is wanted.

    Attributes:
        mark: Where a value goes.
        matches: The operator that compares with a pattern.
        special: What stands for itself in a pattern once it is written otherwise.
        anything: What stands for any text there.
        holds: The condition that a body has a piece in it.
    """

    mark: str
    matches: str
    special: Mapping[str, str]
    anything: str
    holds: str

    def condition(self, wanted: Wanted) -> tuple[str, list[Any]]:
        """A condition over the columns of a trail, and what is bound to it."""
        equal = {
            "subject": wanted.subject,
            "resource": wanted.resource,
            "task": wanted.task,
            "outcome": wanted.outcome,
        }
        parts: list[tuple[str, Any]] = [
            (f"{column} = {self.mark}", searchable(value)) for column, value in equal.items() if value
        ]
        if wanted.agent:  # a writer is named after its agent and its start
            parts.append((f"writer {self.matches} {self.mark}", self._pattern(f"{wanted.agent}-2*")))
        if wanted.action:
            parts.append((f"action {self.matches} {self.mark}", self._pattern(wanted.action)))
        if wanted.since is not None:
            parts.append((f"at >= {self.mark}", wanted.since))
        if wanted.until is not None:
            parts.append((f"at < {self.mark}", wanted.until))
        if wanted.writer:
            parts.append((f"writer = {self.mark}", wanted.writer))
        if wanted.after:
            parts.append((f"sequence > {self.mark}", wanted.after))
        if wanted.upto is not None:
            parts.append((f"sequence <= {self.mark}", wanted.upto))
        if wanted.holding:
            parts.append((self.holds, wanted.holding.encode("utf-8", "replace")))
        values = [value for _, value in parts]
        if wanted.later is not None:
            parts.append((f"(at, writer, sequence) > ({self.mark}, {self.mark}, {self.mark})", None))
            values += wanted.later
        return " AND ".join(sql for sql, _ in parts) or "TRUE", values

    def _pattern(self, text: str) -> str:
        written = "".join(self.special.get(character, character) for character in searchable(text))
        return written.replace("*", self.anything)


def columns_of(members: dict[str, Any]) -> tuple[Any, ...]:
    """What the columns have to say of a body."""
    return (
        members.get("at"),
        members.get("action"),
        members.get("outcome"),
        searchable((members.get("who") or {}).get("subject", "")),
        searchable(members.get("resource", "")),
        searchable((members.get("where") or {}).get("task", "")),
    )


def searchable(text: Any) -> Any:
    """A text as a column can hold it: no half of a pair, as in the body, and no NUL, which PostgreSQL does not know."""
    if not isinstance(text, str) or (text.isascii() and "\0" not in text):
        return text
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")

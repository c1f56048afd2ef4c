"""Writes the record: one thread, which puts what has come together on the disk in one transaction, sealed."""

import asyncio
import json
import os
import secrets
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol, Self, TextIO

from shared.audit._chain import Record, Seal, SealingKey, beginning, canonical, link, members_of
from shared.audit._event import Event, Where
from shared.audit._file import AuditFile, Head, Row, columns_of
from shared.audit._lines import lines_of, seal_members, seal_of
from shared.audit._vocabulary import Action, Outcome
from shared.errors import AuditUnavailable
from shared.identity import RawToken
from shared.telemetry import get_logger, holds_credential, redact

GATHER_SECONDS: Final = 0.2
ANCHOR_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 0.5
MOST_WAITING: Final = 10_000
MOST_TOGETHER: Final = 500
MOST_HEADS: Final = 60

_log = get_logger()


class Trail(Protocol):
    """Takes events: an `AuditTrail`, or `Unrecorded`."""

    async def record(self, event: Event) -> None:
        """Records an event, and returns once that is certain. Before and after every irreversible act.

        Raises:
            AuditUnavailable: if it cannot be recorded; then the act must not happen.
        """

    def note(self, event: Event) -> None:
        """Records an event soon, without waiting for it. For what changes nothing.

        Raises:
            AuditUnavailable: if so much waits to be written that the record must be taken for lost.
        """

    def name_of(self, token: RawToken) -> str:
        """What a token is called in the record, where its `jti` is not known: the same in all records of this agent."""


class Unrecorded:
    """No record: for measurements and protocol suites, never in an agent."""

    async def record(self, event: Event) -> None:
        """Forgets it."""

    def note(self, event: Event) -> None:
        """Forgets it."""

    def name_of(self, token: RawToken) -> str:  # noqa: ARG002 -- nothing is named
        """Nothing."""
        return ""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An event that is to be written, if it is one, and whom to tell."""

    event: Event | None
    at: int
    loop: asyncio.AbstractEventLoop | None = None
    done: asyncio.Future[None] | None = None

    def tell(self, error: AuditUnavailable | None) -> None:
        if self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._settle, error)

    def _settle(self, error: AuditUnavailable | None) -> None:
        if self.done is None or self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


class AuditTrail:
    """The record of one agent, and in it the chain of this process.

    Args:
        file: Where it is kept; closed with the trail.
        key: Seals it.
        agent: Whose record it is.
        anchors: A folder for the newest seal of each writer; better on another disk, or collected from there.
        export: Where each record and seal goes besides, as a line, once it is on the disk.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        file: AuditFile,
        key: SealingKey,
        *,
        agent: str,
        anchors: Path | None = None,
        export: TextIO | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._file = file
        self._key = key
        self._agent = agent
        self._anchors = anchors
        self._export = export
        self._clock = clock
        started = datetime.fromtimestamp(clock(), UTC)
        self.writer = f"{agent}-{started:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
        self._head = Head(0, beginning(self.writer))
        self._anchored_at = 0.0
        self._waiting: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._awaited = 0
        self._closing = False
        self._thread = threading.Thread(target=self._write_all, name="audit-trail", daemon=True)

    @classmethod
    def open(
        cls,
        path: Path,
        key: SealingKey,
        *,
        agent: str,
        anchors: Path | None = None,
        export: TextIO | None = None,
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """Opens, and makes if need be, the file, and begins this process's chain in it.

        The chain's first record names where all others have come to, so that none of them can vanish whole.

        Raises:
            ConfigurationError: if the file cannot be used.
        """
        trail = cls(AuditFile.open(path, create=True), key, agent=agent, anchors=anchors, export=export, clock=clock)
        trail._begin()
        return trail

    async def record(self, event: Event) -> None:
        """Records an event, and returns once it is on the disk and sealed. Before and after every irreversible act.

        Raises:
            AuditUnavailable: if it cannot be recorded; then the act must not happen.
        """
        await self._wait_for(event)

    def note(self, event: Event) -> None:
        """Records an event soon: on the disk within a moment, without waiting for it. For what changes nothing.

        Raises:
            AuditUnavailable: if so much waits to be written that the record must be taken for lost.
        """
        self._put(_Waiting(event, self._now()))

    async def settled(self) -> None:
        """Returns once all that was noted before is on the disk.

        Raises:
            AuditUnavailable: if it cannot be written.
        """
        await self._wait_for(None)

    def name_of(self, token: RawToken) -> str:
        """See `Trail`."""
        return token.fingerprint(self._key.naming_key)

    async def of_person(self, issuer: str, subject: str, *, since: int, most: int) -> list[dict[str, Any]]:
        """What is on record on behalf of somebody, by all processes that share the file, by time: the newest of it.

        Args:
            issuer: The issuer of their tokens.
            subject: Its name for them.
            since: Not before, in milliseconds since 1970.
            most: How much at most.

        Raises:
            AuditUnavailable: if the record is away.
        """
        await self.settled()
        return await asyncio.to_thread(self._of_person, issuer, subject, since, most)

    def _of_person(self, issuer: str, subject: str, since: int, most: int) -> list[dict[str, Any]]:
        file = AuditFile.open(self._file.path, create=False)
        try:
            rows = file.search("subject = ? AND at >= ?", (subject, since), most=most, newest=True)
        finally:
            file.close()
        found = [members_of(row.record) for row in reversed(rows)]
        return [one for one in found if one["who"].get("issuer") == issuer and one["who"].get("subject") == subject]

    async def expire(self, *, days: float) -> int:
        """Deletes what is older than so many days from the chains of processes that have ended; says how many records.

        What is deleted leaves an expiry seal, and this trail says that it was done.

        Raises:
            AuditUnavailable: if that cannot be recorded; then nothing is deleted.
        """
        deleted = 0
        file = await asyncio.to_thread(AuditFile.open, self._file.path, create=True)
        try:
            for writer, head in file.old(int((self._clock() - days * 86400) * 1000)).items():
                if writer == self.writer:
                    continue
                details: dict[str, str | int] = {"writer": writer, "sequence": head.sequence, "hash": head.hash.hex()}
                await self.record(Event(action=Action.TRAIL_EXPIRE, outcome=Outcome.SUCCEEDED, details=details))
                seal = self._key.seal(writer, head.sequence, head.hash, expiry=True)
                deleted += await asyncio.to_thread(file.forget, seal)
        finally:
            file.close()
        return deleted

    async def aclose(self) -> None:
        """Writes what waits, ends the chain and closes the file."""
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """As `aclose`, for who has no loop."""
        with self._changed:
            if self._closing:
                return
            closed = Event(action=Action.TRAIL_CLOSE, outcome=Outcome.SUCCEEDED, where=Where())
            self._waiting.append(_Waiting(closed, self._now()))
            self._start()
            self._closing = True
            self._changed.notify()
        self._thread.join()
        self._file.close()

    def _begin(self) -> None:
        heads = self._file.heads(most=MOST_HEADS)
        details = {writer: f"{head.sequence}:{head.hash.hex()}" for writer, head in heads.items()}
        opened = Event(action=Action.TRAIL_OPEN, outcome=Outcome.SUCCEEDED, details=details, where=Where())
        self._write([_Waiting(opened, self._now())])

    def _now(self) -> int:
        return int(self._clock() * 1000)

    async def _wait_for(self, event: Event | None) -> None:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._put(_Waiting(event, self._now(), loop, done))
        await done

    def _start(self) -> None:
        """Starts the thread, unless it runs: what only opens a trail and closes it, or never does, needs none."""
        if self._thread.ident is None:
            self._thread.start()

    def _put(self, waiting: _Waiting) -> None:
        with self._changed:
            if self._closing or len(self._waiting) >= MOST_WAITING:
                raise AuditUnavailable(detail="closed" if self._closing else f"{len(self._waiting)} events wait")
            self._start()
            self._waiting.append(waiting)
            self._awaited += waiting.done is not None
            if waiting.done is not None or len(self._waiting) == 1:  # else the thread knows, and gathers
                self._changed.notify()

    def _write_all(self) -> None:
        while (batch := self._next()) is not None:
            try:
                self._write(batch)
            except (sqlite3.Error, OSError) as error:
                _log.error("audit_not_written", events=len(batch), exc_info=True)
                self._put_back(batch, error)

    def _next(self) -> list[_Waiting] | None:
        """The events to write together: at once where somebody waits for one, or else after a moment."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            if not self._waiting:
                return None
            self._changed.wait_for(lambda: self._awaited or self._closing, GATHER_SECONDS)
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_TOGETHER))]
            self._awaited -= sum(waiting.done is not None for waiting in batch)
            return batch

    def _put_back(self, batch: list[_Waiting], error: Exception) -> None:
        """Tells who waits; what nobody waits for is kept and tried again, unless the process is about to end."""
        for waiting in batch:
            waiting.tell(AuditUnavailable(detail=f"{type(error).__name__}: {error}"))
        with self._changed:
            if self._closing:
                self._waiting.clear()
                return
            self._waiting.extendleft(reversed([waiting for waiting in batch if waiting.done is None]))
            self._changed.wait_for(lambda: self._awaited or self._closing, RETRY_SECONDS)

    def _write(self, batch: list[_Waiting]) -> None:
        rows: list[Row] = []
        head = self._head
        for event, at in [(waiting.event, waiting.at) for waiting in batch if waiting.event is not None]:
            members, body = _written(
                {
                    "writer": self.writer,
                    "sequence": head.sequence + 1,
                    "agent": self._agent,
                    "at": at,
                    **event.members(),
                }
            )
            head = Head(head.sequence + 1, link(head.hash, body))
            rows.append(Row(Record(self.writer, head.sequence, body, head.hash), columns_of(members)))
        if rows:
            self._append(rows, head, urgent=any(waiting.done is not None for waiting in batch))
        for waiting in batch:
            waiting.tell(None)

    def _append(self, rows: list[Row], head: Head, *, urgent: bool) -> None:
        seal = self._key.seal(self.writer, head.sequence, head.hash)
        self._file.append(rows, seal)
        self._head = head
        if self._export is not None:
            self._write_out(self._export, rows, seal)
        due = self._closing or self._clock() - self._anchored_at >= ANCHOR_SECONDS
        if self._anchors is not None and (due or urgent):
            self._anchor(self._anchors, seal)

    def _write_out(self, export: TextIO, rows: list[Row], seal: Seal) -> None:
        try:
            export.write("".join(lines_of([row.record for row in rows], seal)))
            export.flush()
        except (OSError, ValueError):  # a pipe that nobody reads, or that was closed
            _log.error("audit_not_exported", exc_info=True)

    def _anchor(self, folder: Path, seal: Seal) -> None:
        try:
            write_anchor(folder, seal)
        except OSError:
            _log.error("audit_anchor_not_written", exc_info=True)
        else:
            self._anchored_at = self._clock()


def _written(members: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """The members of a record and their canonical form, without anything that looks like a credential."""
    body = canonical(members)
    if not holds_credential(body.decode()):
        return members, body
    redacted = redact(members)
    assert isinstance(redacted, dict)  # noqa: S101 -- redact keeps a mapping a dict; this tells the type checker
    return redacted, canonical(redacted)


def write_anchor(folder: Path, seal: Seal) -> None:
    """Writes the newest seal of a writer to its file in the folder of anchors."""
    _make_private(folder)
    file = folder / f"{seal.writer}.json"
    part = file.with_suffix(".part")
    members = seal_members(seal)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as written:
        written.write(json.dumps(members) + "\n")
    part.replace(file)


def _make_private(folder: Path) -> None:
    """Makes a folder, and those above it that are missing, for this user alone."""
    if not folder.exists():
        _make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def read_anchors(folder: Path) -> list[Seal]:
    """The seals in a folder of anchors.

    Raises:
        ValueError: if a file there is none.
    """
    return [seal_of(json.loads(file.read_text(encoding="ascii"))) for file in sorted(folder.glob("*.json"))]

"""Writes the record: one thread, which keeps what has come together in one transaction, sealed."""

import asyncio
import hashlib
import json
import os
import re
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol, Self, TextIO

from shared.audit._chain import Record, Seal, SealingKey, beginning, canonical, link, members_of
from shared.audit._event import Event, Where
from shared.audit._lines import lines_of, seal_members, seal_of
from shared.audit._store import Head, Row, Store, StoreAway, Wanted, columns_of
from shared.audit._vocabulary import Action, Outcome
from shared.errors import AuditUnavailable, ConfigurationError
from shared.identity import RawToken
from shared.telemetry import get_logger, holds_credential, redact, tally

GATHER_SECONDS: Final = 0.5
ANCHOR_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 0.5
MOST_WAITING: Final = 10_000
MOST_TOGETHER: Final = 500
MOST_HEADS: Final = 60
_PLAIN: Final = re.compile(r"[A-Za-z0-9_-]{1,200}")

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


class _Waiting(NamedTuple):
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


@dataclass(frozen=True, slots=True)
class _Batch:
    """What is written together: the events, as records, and their seal."""

    events: list[_Waiting]
    rows: list[Row]
    seal: Seal


class AuditTrail:
    """The record of one agent, and in it the chain of this process.

    Args:
        store: Where it is kept; closed with the trail.
        key: Seals it.
        agent: Whose record it is.
        anchors: A folder for the newest seal of each writer; better on another disk, or collected from there.
        export: Where each record and seal goes besides, as a line, once it is kept.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        store: Store,
        key: SealingKey,
        *,
        agent: str,
        anchors: Path | None = None,
        export: TextIO | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
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
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._awaited = 0
        self._closing = False
        self._doubtful: _Batch | None = None
        self._thread = threading.Thread(target=self._write_all, name="audit-trail", daemon=True)

    @classmethod
    def begin(
        cls,
        store: Store,
        key: SealingKey,
        *,
        agent: str,
        anchors: Path | None = None,
        export: TextIO | None = None,
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """Begins this process's chain; see the class.

        Its first record names where all others have come to, so that none of them can vanish whole.

        Raises:
            ConfigurationError: if nothing can be kept there.
        """
        trail = cls(store, key, agent=agent, anchors=anchors, export=export, clock=clock)
        try:
            trail._begin()
        except StoreAway as error:
            store.close()
            raise ConfigurationError(
                f"The audit trail cannot be begun ({error}): see that it can be written."
            ) from error
        return trail

    async def record(self, event: Event) -> None:
        """Records an event, and returns once it is kept for good, and sealed. Before and after every irreversible act.

        Raises:
            AuditUnavailable: if it cannot be recorded; then the act must not happen.
        """
        await self._wait_for(event)

    def note(self, event: Event) -> None:
        """Records an event soon: kept within a moment, without waiting for it. For what changes nothing.

        Raises:
            AuditUnavailable: if so much waits to be written that the record must be taken for lost.
        """
        self._put(_Waiting(event, self._now()))

    async def settled(self) -> None:
        """Returns once all that was noted before is kept.

        Raises:
            AuditUnavailable: if it cannot be written.
        """
        await self._wait_for(None)

    def name_of(self, token: RawToken) -> str:
        """See `Trail`."""
        return token.fingerprint(self._key.naming_key)

    async def of_person(
        self, issuer: str, subject: str, *, since: int, most: int, until: int | None = None
    ) -> list[dict[str, Any]]:
        """What is on record on behalf of somebody, by all processes that share the trail, by time: the newest of it.

        Args:
            issuer: The issuer of their tokens.
            subject: Its name for them.
            since: Not before, in milliseconds since 1970.
            most: How much at most.
            until: Before, in the same way.

        Raises:
            AuditUnavailable: if the record is away.
        """
        await self.settled()
        wanted = Wanted(subject=subject, since=since, until=until)
        try:
            return await asyncio.to_thread(self._of_person, issuer, wanted, most)
        except (StoreAway, ConfigurationError) as error:
            raise AuditUnavailable(detail=str(error)) from error

    def _of_person(self, issuer: str, wanted: Wanted, most: int) -> list[dict[str, Any]]:
        store = self._store.another()
        try:
            rows = store.search(wanted, most=most, newest=True)
        finally:
            store.close()
        found = [members_of(row.record) for row in reversed(rows)]
        return [
            one for one in found if one["who"].get("issuer") == issuer and one["who"].get("subject") == wanted.subject
        ]

    async def expire(self, *, days: float) -> int:
        """Lets go what is older than so many days in the chains of other processes; says how many records.

        What goes leaves an expiry seal, and this trail says that it was done.

        Raises:
            AuditUnavailable: if that cannot be recorded; then nothing goes.
        """
        gone = 0
        try:
            store = await asyncio.to_thread(self._store.another, to_change=True)
            try:
                old = await asyncio.to_thread(store.old, int((self._clock() - days * 86400) * 1000))
                for writer, head in old.items():
                    if writer == self.writer:
                        continue
                    await self.record(_expired(writer, head))
                    seal = self._key.seal(writer, head.sequence, head.hash, expiry=True)
                    gone += await asyncio.to_thread(store.forget, seal)
            finally:
                store.close()
        except (StoreAway, ConfigurationError) as error:
            raise AuditUnavailable(detail=str(error)) from error
        return gone

    async def aclose(self) -> None:
        """Writes what waits, ends the chain and lets go of where it is kept."""
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
        self._store.close()

    def _begin(self) -> None:
        heads = self._store.heads(most=MOST_HEADS)
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
        with self._lock:
            if self._closing or len(self._waiting) >= MOST_WAITING:
                raise AuditUnavailable(detail="closed" if self._closing else f"{len(self._waiting)} events wait")
            if not self._waiting:  # else the thread runs
                self._start()
            self._waiting.append(waiting)
            self._awaited += waiting.done is not None
            if waiting.done is not None or len(self._waiting) == 1:  # else it knows, and gathers
                self._changed.notify()
        if waiting.event is not None:
            tally().recorded(self.writer)

    def _write_all(self) -> None:
        while (batch := self._next()) is not None:
            try:
                self._settle_doubt()
                self._write(batch)
            except StoreAway as error:
                _log.error("audit_not_written", events=len(batch), exc_info=True)
                self._put_back(batch, error)

    def _next(self) -> list[_Waiting] | None:
        """The events to write together: at once where somebody waits for one, or else after a moment."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing or self._doubtful)
            if not self._waiting and not self._doubtful:
                return None
            self._changed.wait_for(lambda: self._awaited or self._closing, GATHER_SECONDS)
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_TOGETHER))]
            self._awaited -= sum(waiting.done is not None for waiting in batch)
            return batch

    def _put_back(self, batch: list[_Waiting], error: StoreAway) -> None:
        """Tells who waits; what nobody waits for is kept and tried again, unless the process is about to end.

        What may have arrived is not put back, but sent again as it is: see `_settle_doubt`.
        """
        is_sent = self._doubtful is not None and self._doubtful.events is batch
        for waiting in batch:
            waiting.tell(AuditUnavailable(detail=str(error), may_be_kept=is_sent))
        with self._changed:
            if self._closing:
                self._waiting.clear()
                self._doubtful = None
                return
            if not is_sent:
                self._waiting.extendleft(reversed([waiting for waiting in batch if waiting.done is None]))
            self._changed.wait_for(lambda: self._awaited or self._closing, RETRY_SECONDS)

    def _settle_doubt(self) -> None:
        """Sends again, as it was, what was sent last and may have arrived: a chain has no two ends."""
        if self._doubtful is not None:
            self._append(self._doubtful, urgent=True)
            self._doubtful = None

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
            seal = self._key.seal(self.writer, head.sequence, head.hash)
            self._append(_Batch(batch, rows, seal), urgent=any(waiting.done is not None for waiting in batch))
        for waiting in batch:
            waiting.tell(None)

    def _append(self, batch: _Batch, *, urgent: bool) -> None:
        try:
            self._store.append(batch.rows, batch.seal)
        except StoreAway as error:
            if error.in_doubt:
                self._doubtful = batch
            raise
        self._head = Head(batch.seal.sequence, batch.seal.hash)
        if self._export is not None:
            self._write_out(self._export, batch.rows, batch.seal)
        due = self._closing or self._clock() - self._anchored_at >= ANCHOR_SECONDS
        if self._anchors is not None and (due or urgent):
            self._anchor(self._anchors, batch.seal)

    def _write_out(self, export: TextIO, rows: Sequence[Row], seal: Seal) -> None:
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


def _expired(writer: str, head: Head) -> Event:
    """What is on record before the beginning of a chain goes."""
    details: dict[str, str | int] = {"writer": writer, "sequence": head.sequence, "hash": head.hash.hex()}
    return Event(action=Action.TRAIL_EXPIRE, outcome=Outcome.SUCCEEDED, details=details)


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
    file = folder / f"{_file_name(seal.writer)}.json"
    part = file.with_suffix(".part")
    members = seal_members(seal)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as written:
        written.write(json.dumps(members) + "\n")
    part.replace(file)


def _file_name(writer: str) -> str:
    """A writer's name, as all that trails give themselves may be in a folder; of any other, one that leads nowhere."""
    return writer if _PLAIN.fullmatch(writer) else hashlib.sha256(writer.encode("utf-8", "replace")).hexdigest()


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

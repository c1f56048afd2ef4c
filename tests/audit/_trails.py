"""Trails to verify, and what somebody with write access may do to them."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shared.audit import Action, AuditFile, AuditTrail, Event, Outcome, Report, SealingKey, VerifyingKeys, Who
from shared.audit import read_anchors as anchors_in
from shared.audit import verify as verify_file
from shared.audit._chain import beginning, canonical, link
from shared.testing import Clock

EVENT = Event(
    action=Action.ACCOUNT_UNLOCK,
    outcome=Outcome.ATTEMPTED,
    who=Who(issuer="https://tenant.example/", subject="auth0|amelia", actors=("supervisor",)),
    resource="account:00u1",
)


@dataclass
class Trails:
    """One file, its key and its anchors, written by one process after another."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    key: SealingKey = field(default_factory=SealingKey.generate)

    @property
    def path(self) -> Path:
        return self.folder / "audit.sqlite3"

    @property
    def anchors(self) -> Path:
        return self.folder / "anchors"

    def open(self) -> AuditTrail:
        return AuditTrail.open(self.path, self.key, agent="password_reset", anchors=self.anchors, clock=self.clock)

    async def write(self, events: int, *, closed: bool = True) -> str:
        """Has a process record events; it ends in order, or as if it were killed."""
        trail = self.open()
        for _ in range(events):
            self.clock.advance(1)
            await trail.record(EVENT)
        if closed:
            await trail.aclose()
        return trail.writer

    def verify(self, *keys: SealingKey, with_anchors: bool = True) -> Report:
        file = AuditFile.open(self.path, create=False)
        try:
            anchors = anchors_in(self.anchors) if with_anchors else ()
            return verify_file(file, VerifyingKeys.of(*(keys or (self.key,))), anchors)
        finally:
            file.close()

    def tamper(self, *statements: str | tuple[str, Mapping[str, object]]) -> None:
        """Changes the file behind the trail's back."""
        connection = sqlite3.connect(self.path)
        with connection:
            for statement in statements:
                connection.execute(*((statement,) if isinstance(statement, str) else statement))
        connection.close()

    def count(self, writer: str) -> int:
        connection = sqlite3.connect(self.path)
        (found,) = connection.execute("SELECT count(*) FROM records WHERE writer = ?", (writer,)).fetchone()
        connection.close()
        return int(found)

    def make_anew(
        self, writer: str, sequence: int, change: Callable[[dict[str, object]], object], key: SealingKey
    ) -> None:
        """Changes a record and makes all hashes and seals after it fit, with a key that is not the trail's."""
        connection = sqlite3.connect(self.path)
        rows = connection.execute("SELECT sequence, body FROM records WHERE writer = ? ORDER BY sequence", (writer,))
        chained = beginning(writer)
        for number, body in rows.fetchall():
            members = json.loads(body)
            if number == sequence:
                change(members)
            written = canonical(members)
            chained = link(chained, written)
            connection.execute(
                "UPDATE records SET body = ?, hash = ? WHERE writer = ? AND sequence = ?",
                (written, chained, writer, number),
            )
            if number >= sequence:
                seal = key.seal(writer, number, chained)
                connection.execute(
                    "UPDATE seals SET hash = ?, key_id = ?, signature = ? WHERE writer = ? AND sequence = ?",
                    (seal.hash, seal.key_id, seal.signature, writer, number),
                )
        connection.commit()
        connection.close()

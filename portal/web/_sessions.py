"""Who is signed in in which browser: one private file, in which everything of theirs is sealed.

A browser holds a random number and nothing else; the file holds its digest, so that whoever reads the file can
neither be anybody nor read a token. One process uses the file: what is under way for a session is in its memory.
"""

import asyncio
import contextlib
import hashlib
import os
import secrets
import sqlite3
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from portal.session import SignIn
from portal.web._sealing import Sealing

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS sessions (
    digest TEXT PRIMARY KEY,
    issuer_session TEXT NOT NULL,
    begun_at REAL NOT NULL,
    used_at REAL NOT NULL,
    sealed BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_by_issuer_session ON sessions (issuer_session);
CREATE TABLE IF NOT EXISTS heard (what TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID;
"""
_SINCE_THEN: Final = {"person": "ALTER TABLE sessions ADD COLUMN person TEXT NOT NULL DEFAULT ''"}
"""Columns that a file of an older release has not got."""

ENDED_SECONDS: Final = 900.0
"""For how long it is known that a session at the issuer has ended: longer than a sign-in may take."""

_TOUCH_SECONDS: Final = 30.0
ID_CHARACTERS: Final = 43


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """For how many seconds a session lasts unused, and at all."""

    idle: float
    absolute: float


@dataclass(frozen=True, slots=True)
class Kept:
    """One session: a place for its sign-in (`portal.session.Place`), as long as it lasts.

    Attributes:
        digest: What it is known by here.
        issuer_session: `sid` at the issuer; empty where it names none.
    """

    digest: str
    issuer_session: str
    _sessions: "Sessions" = field(repr=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False, compare=False)

    def load(self) -> SignIn | None:
        """The sign-in; None once the session has ended."""
        return self._sessions.load(self.digest)

    def save(self, sign_in: SignIn) -> None:
        """Keeps what was renewed; a session that has ended meanwhile stays ended."""
        self._sessions.save(self.digest, sign_in)

    def remove(self) -> None:
        """Ends the session."""
        self._sessions.end(self.digest)

    @contextlib.asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Holds it against the other requests of the same browser."""
        async with self._lock:
            yield


class Sessions:
    """The file of sessions.

    Args:
        path: Made, with its folder, where it is not there.
        sealing: Seals what is in it.
        lifetimes: How long a session lasts.
        clock: Seconds since the epoch.
    """

    def __init__(self, path: Path, sealing: Sealing, lifetimes: Lifetimes, clock: Callable[[], float]) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():  # made with its permissions, which SQLite gives to its journals too
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.executescript(f"PRAGMA journal_mode = WAL; PRAGMA secure_delete = ON; {_SCHEMA}")
        columns = {row[1] for row in self._connection.execute("PRAGMA table_info(sessions)")}
        for statement in (statement for column, statement in _SINCE_THEN.items() if column not in columns):
            self._connection.execute(statement)
        self._sealing = sealing
        self._lifetimes = lifetimes
        self._clock = clock

    def begin(self, sign_in: SignIn, issuer_session: str) -> str:
        """Begins a session and returns its id, for the browser alone."""
        self._forget_ended()
        session_id, now = secrets.token_urlsafe(32), self._clock()
        digest = digest_of(session_id)
        self._connection.execute(
            "INSERT INTO sessions (digest, issuer_session, begun_at, used_at, sealed, person) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (
                *(digest, issuer_session, now, now, self._sealing.seal(_name(digest), asdict(sign_in))),
                self._person(sign_in.subject),
            ),
        )
        return session_id

    def of(self, subject: str) -> list[str]:
        """The sessions of a person: what they are known by, the oldest first."""
        asked = "SELECT digest FROM sessions WHERE person = ? ORDER BY begun_at"
        return [row[0] for row in self._connection.execute(asked, (self._person(subject),))]

    def with_issuer_session(self, issuer_session: str) -> list[str]:
        """Those that were begun with a session at the issuer, likewise."""
        asked = "SELECT digest FROM sessions WHERE issuer_session = ?"
        return [row[0] for row in self._connection.execute(asked, (issuer_session,))]

    def note_ended(self, issuer_session: str) -> None:
        """Keeps for a while that a session at the issuer has ended."""
        self._hear(f"ended {digest_of(issuer_session)}", self._clock() + ENDED_SECONDS)

    def has_ended(self, issuer_session: str) -> bool:
        """Whether that was told lately."""
        what = f"ended {digest_of(issuer_session)}"
        return self._connection.execute("SELECT 1 FROM heard WHERE what = ?", (what,)).fetchone() is not None

    def take_once(self, token_id: str, until: float) -> bool:
        """Whether a logout token comes for the first time; it is remembered until then."""
        return self._hear(f"token {digest_of(token_id)}", until)

    def _hear(self, what: str, until: float) -> bool:
        self._connection.execute("DELETE FROM heard WHERE until < ?", (self._clock(),))
        kept = self._connection.execute("INSERT OR IGNORE INTO heard VALUES (?, ?)", (what, until))
        return kept.rowcount == 1

    def find(self, session_id: str) -> Kept | None:
        """The session of a browser, which is used now; None if there is none or it has ended."""
        digest, now = digest_of(session_id), self._clock()
        row = self._connection.execute(
            "SELECT issuer_session, used_at FROM sessions WHERE digest = ? AND used_at > ? AND begun_at > ?",
            (digest, *self._ends(now)),
        ).fetchone()
        if row is None or len(session_id) != ID_CHARACTERS:
            return None
        if now - row[1] > _TOUCH_SECONDS:
            self._connection.execute("UPDATE sessions SET used_at = ? WHERE digest = ?", (now, digest))
        return Kept(digest, row[0], self)

    def load(self, digest: str) -> SignIn | None:
        """What a session holds, as long as it lasts."""
        row = self._connection.execute(
            "SELECT sealed FROM sessions WHERE digest = ? AND used_at > ? AND begun_at > ?",
            (digest, *self._ends(self._clock())),
        ).fetchone()
        opened = self._sealing.open(_name(digest), row[0]) if row is not None else None
        return SignIn.parse(opened) if opened is not None else None

    def save(self, digest: str, sign_in: SignIn) -> None:
        """Replaces what a session holds."""
        sealed = self._sealing.seal(_name(digest), asdict(sign_in))
        self._connection.execute("UPDATE sessions SET sealed = ? WHERE digest = ?", (sealed, digest))

    def end(self, digest: str) -> None:
        """Ends a session; that it has ended is no error."""
        self._connection.execute("DELETE FROM sessions WHERE digest = ?", (digest,))

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def _forget_ended(self) -> None:
        self._connection.execute("DELETE FROM sessions WHERE used_at <= ? OR begun_at <= ?", self._ends(self._clock()))

    def _person(self, subject: str) -> str:
        """What a person is known by in the file, which names nobody."""
        return self._sealing.mark(f"person {subject}")

    def _ends(self, now: float) -> tuple[float, float]:
        return now - self._lifetimes.idle, now - self._lifetimes.absolute


def digest_of(session_id: str) -> str:
    """What a session is known by here: its id cannot be found from it."""
    return hashlib.sha256(session_id.encode()).hexdigest()


def _name(digest: str) -> str:
    return f"session {digest}"

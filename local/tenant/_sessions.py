"""Single sign-on sessions and the sign-ins under way."""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from local import _random
from local.tenant._clock import Clock
from local.tenant._database import Database

HOUR = 3600
TRANSACTION_LIFETIME = HOUR
SID_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Session:
    """A person signed in at one browser. `authenticated_at` is when they last gave their password."""

    digest: str
    sid: str
    user_id: str
    authenticated_at: float


class Sessions:
    """Sessions by their cookie; lifetimes are in hours, as in the tenant's settings."""

    def __init__(self, database: Database, clock: Clock, lifetime: float, idle_lifetime: float) -> None:
        self._database = database
        self._clock = clock
        self.lifetime = lifetime * HOUR
        self._idle_lifetime = idle_lifetime * HOUR

    def start(self, user_id: str) -> tuple[str, Session]:
        """Starts a session and returns the value of its cookie."""
        now, cookie = self._clock(), _random.opaque_token()
        session = Session(_random.digest(cookie), _random.identifier(SID_LENGTH), user_id, now)
        self._database.purge(now)
        self._database.execute("delete from session_clients where sid not in (select sid from sessions)")
        self._database.execute(
            "insert into sessions values (?, ?, ?, ?, ?, ?)",
            *(session.digest, session.sid, user_id, now, now, now + self.lifetime),
        )
        return cookie, session

    def get(self, cookie: str | None) -> Session | None:
        """The session of a cookie, if it still lives; this counts as using it."""
        if not cookie:
            return None
        now = self._clock()
        row = self._database.row(
            "select * from sessions where digest = ? and expires_at > ? and last_used_at > ?",
            *(_random.digest(cookie), now, now - self._idle_lifetime),
        )
        if row is None:
            return None
        self._database.execute("update sessions set last_used_at = ? where digest = ?", now, row["digest"])
        return Session(row["digest"], row["sid"], row["user_id"], row["authenticated_at"])

    def signed_in_to(self, session: Session, client_id: str) -> None:
        """Keeps that the person has signed in to a client in this session."""
        self._database.execute("insert or ignore into session_clients values (?, ?)", session.sid, client_id)

    def end(self, session: Session) -> list[str]:
        """Ends a session; the clients that the person had signed in to in it."""
        with self._database.transaction():
            self._database.execute("delete from sessions where digest = ?", session.digest)
            rows = self._database.rows("select client_id from session_clients where sid = ?", session.sid)
            self._database.execute("delete from session_clients where sid = ?", session.sid)
        return [row["client_id"] for row in rows]


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A checked authorization request (OpenID Connect Core 1.0 §3.1.2.1)."""

    client_id: str
    redirect_uri: str
    scope: tuple[str, ...]
    response_mode: str = "query"
    audience: str | None = None
    state: str | None = None
    nonce: str | None = None
    code_challenge: str | None = None
    max_age: int | None = None
    prompt: str | None = None
    login_hint: str | None = None


@dataclass(frozen=True, slots=True)
class Transaction:
    """A sign-in under way: for an authorization request, for a device whose code has been confirmed, or for the phone.

    `session` is the digest of the session that the person has in this transaction; `seen` says that they were shown a
    page in it, which is what Auth0 asks for before it hands a code to an address that it cannot verify. `browser` is
    the only one that may go on, where one has already said yes: a link to its sign-in page must not spare others that.
    """

    request: AuthorizationRequest | None = None
    user_code: str | None = None
    phone: bool = False
    session: str | None = None
    seen: bool = False
    browser: str | None = None


class Transactions:
    """Transactions by the `state` that stands in the pages' addresses."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def start(self, transaction: Transaction) -> str:
        """Keeps a transaction and returns its state."""
        state = _random.opaque_token()
        self._database.execute(
            "insert into transactions values (?, ?, ?)",
            *(_random.digest(state), json.dumps(asdict(transaction)), self._clock() + TRANSACTION_LIFETIME),
        )
        return state

    def get(self, state: str | None) -> Transaction | None:
        """The transaction with this state, if it still lives."""
        if not state:
            return None
        row = self._database.row(
            "select data from transactions where digest = ? and expires_at > ?", _random.digest(state), self._clock()
        )
        if row is None:
            return None
        data: dict[str, Any] = json.loads(row["data"])
        request = data.pop("request")
        if request is not None:
            request = AuthorizationRequest(**request | {"scope": tuple(request["scope"])})
        return Transaction(request=request, **data)

    def progress(self, state: str, transaction: Transaction, **changes: Any) -> Transaction:
        """Keeps what has happened in a transaction."""
        changed = replace(transaction, **changes)
        self._database.execute(
            "update transactions set data = ? where digest = ?", json.dumps(asdict(changed)), _random.digest(state)
        )
        return changed

    def finish(self, state: str) -> bool:
        """Forgets a transaction; False if it was finished before."""
        return self._database.execute("delete from transactions where digest = ?", _random.digest(state)) == 1

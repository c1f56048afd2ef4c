"""A browser's session in use, and what all of them stand on."""

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import httpx
from starlette.requests import Request
from starlette.responses import Response

from portal._errors import CommandFailed, NotSignedIn
from portal.accounts import Accounts
from portal.conversation import HelpDesk
from portal.session import SYSTEM_CLOCK, AuthorizationServer, Clock, Desk, Session, SignIn
from portal.web._sealing import Sealing
from portal.web._sessions import Kept, Lifetimes, Sessions, digest_of
from portal.web._shares import Shares
from portal.web._trace import begin_trace, trace_headers
from portal.web.settings import WebSettings
from shared.a2a import RateLimit
from shared.errors import TooManyRequests
from shared.identity import ClientCredentials, JwksCache

MAX_IN_USE: Final = 5000
MAX_SESSIONS: Final = 20
"""How many browsers one person is signed in in: with one more the oldest is signed out."""

MAX_SHOWN: Final = 20
"""How many answers one person is shown at the same time, in all their browsers: each holds a line to the supervisor."""


@dataclass(slots=True)
class SignedIn:
    """Somebody in a browser.

    Attributes:
        kept: Their session.
        subject: `sub` at the issuer.
        name: What to call them; decides nothing.
        form_token: What a form of theirs has to hold.
        session: Gives their tokens.
        desk: Their line to the supervisor.
        accounts: The accounts in which agents act for them.
        called: What people call a connection of accounts.
        ended: Whether the session is over, for what is being shown meanwhile.
    """

    kept: Kept
    subject: str
    name: str
    form_token: str
    session: Session = field(repr=False)
    desk: HelpDesk = field(repr=False)
    accounts: Accounts = field(repr=False)
    called: Callable[[str], str] = field(repr=False)
    ended: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    @property
    def lasts(self) -> bool:
        """Whether the session has not ended, by itself or because it was told to."""
        return not self.ended.is_set() and self.kept.load() is not None


class Backend:
    """What every request stands on.

    Args:
        settings: The web chat's.
        http: The process's HTTP client.
        clock: The time.
        elapsed: Monotonic seconds, which limits go by.
    """

    def __init__(
        self,
        settings: WebSettings,
        http: httpx.AsyncClient,
        *,
        clock: Clock = SYSTEM_CLOCK,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self.http = http
        self.clock = clock
        self.desk = Desk(
            settings.auth0_issuer,
            settings.client_id,
            settings.audience,
            settings.supervisor_url,
            settings.auth0_discovery_url,
        )
        self.authentication = ClientCredentials(
            settings.client_id, settings.client_key.get_secret_value(), clock=clock.now
        )
        self.server = AuthorizationServer(self.desk, http, authentication=self.authentication)
        self.keys = JwksCache(self.desk.metadata_url, self.desk.issuer, http)
        self.sealing = Sealing(settings.key())
        lifetimes = Lifetimes(settings.web_session_idle_seconds, settings.web_session_seconds)
        self.sessions = Sessions(settings.web_session_file, self.sealing, lifetimes, clock.now)
        self.closing = asyncio.Event()
        self.shares = Shares(settings.web_stranger_requests_per_minute, settings.proxies, clock=elapsed)
        self._limit = RateLimit(settings.web_requests_per_minute, clock=elapsed)
        self._in_use: OrderedDict[str, SignedIn] = OrderedDict()
        self._shown: Counter[str] = Counter()

    @property
    def cookie(self) -> str:
        """The name of a session's cookie; `__Host-` has the browser see to it that no other host set it."""
        return "__Host-helpdesk" if self.settings.is_https else "helpdesk_web"

    def find(self, request: Request) -> SignedIn | None:
        """Who sent a request; None if nobody is signed in in that browser.

        Raises:
            TooManyRequests: they send too many; or whoever is at their address does, without being signed in.
        """
        kept = self.sessions.find(request.cookies.get(self.cookie, ""))
        if kept is None:
            self.shares.take(request.scope)
            return None
        self._limit.take(kept.digest)
        begin_trace(request.scope)
        found = self._in_use.get(kept.digest)
        if found is None:
            sign_in = kept.load()
            if sign_in is None:  # sealed with another key
                return None
            found = self._in_use[kept.digest] = self._create(kept, sign_in)
        self.shares.hold(request.scope, f"person {found.subject}")
        self._in_use.move_to_end(kept.digest)
        if len(self._in_use) > MAX_IN_USE:
            self._in_use.popitem(last=False)
        return found

    def require(self, request: Request) -> SignedIn:
        """Who sent a request.

        Raises:
            NotSignedIn: nobody is signed in in that browser.
            TooManyRequests: they send too many.
        """
        found = self.find(request)
        if found is None:
            raise NotSignedIn
        return found

    def begin(self, request: Request, response: Response, sign_in: SignIn, issuer_session: str) -> None:
        """Begins a session under a new id; one that this browser had is over.

        Raises:
            CommandFailed: the session at the issuer has ended meanwhile.
        """
        if self.sessions.has_ended(issuer_session):
            raise CommandFailed("The sign-in has ended.", detail="its session at the issuer ended meanwhile")
        self.end(request.cookies.get(self.cookie, ""))
        session_id = self.sessions.begin(sign_in, issuer_session)
        self._end_all(self.sessions.of(sign_in.subject)[:-MAX_SESSIONS])
        self.set_cookie(response, self.cookie, session_id)

    def end(self, session_id: str) -> None:
        """Ends a browser's session here."""
        self._end(digest_of(session_id))

    def end_issuer_session(self, issuer_session: str) -> int:
        """Ends what was begun with a session at the issuer, and what is being begun with it; how many there were."""
        self.sessions.note_ended(issuer_session)
        return self._end_all(self.sessions.with_issuer_session(issuer_session))

    def end_sessions_of(self, subject: str) -> int:
        """Ends every session of a person; how many there were."""
        return self._end_all(self.sessions.of(subject))

    def _end_all(self, digests: list[str]) -> int:
        for digest in digests:
            self._end(digest)
        return len(digests)

    def _end(self, digest: str) -> None:
        self.sessions.end(digest)
        used = self._in_use.pop(digest, None)
        if used is not None:
            used.ended.set()

    @contextmanager
    def showing(self, who: SignedIn) -> Iterator[None]:
        """Counts an answer that a person is being shown, or waits for.

        Raises:
            TooManyRequests: they are being shown as many as they may.
        """
        if self._shown[who.subject] >= MAX_SHOWN:
            raise TooManyRequests("Too many answers are open at the same time: close some of them.")
        self._shown[who.subject] += 1
        try:
            yield
        finally:
            self._shown[who.subject] -= 1
            if not self._shown[who.subject]:
                del self._shown[who.subject]

    def set_cookie(self, response: Response, name: str, value: str, *, max_age: int | None = None) -> None:
        """Sets a cookie that no script reads and no other site's form sends; an empty one is deleted."""
        response.set_cookie(
            name,
            value,
            max_age=max_age if value else 0,
            path="/",
            httponly=True,
            samesite="lax",
            secure=self.settings.is_https,
        )

    def close(self) -> None:
        """Ends what is being shown, and closes the file of sessions."""
        self.closing.set()
        self.sessions.close()

    def _create(self, kept: Kept, sign_in: SignIn) -> SignedIn:
        session = Session(kept, self.http, authentication=self.authentication, clock=self.clock)
        return SignedIn(
            kept=kept,
            subject=sign_in.subject,
            name=sign_in.name,
            form_token=self.sealing.mark(f"form {kept.digest}"),
            session=session,
            desk=HelpDesk(
                self.desk.url,
                self.http,
                session,
                owner=f"{self.desk.issuer} {sign_in.subject}",
                sleep=self.clock.sleep,
                headers=trace_headers,
            ),
            accounts=Accounts(self.desk.issuer, session, self.http, base=self.desk.base),
            called=self.settings.called,
        )


def backend_of(request: Request) -> Backend:
    """What a request stands on."""
    found: Backend = request.app.state.backend
    return found

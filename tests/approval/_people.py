"""A person at a phone, as the authorization server of `shared.testing` would have them, and what asks them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.approval import Approval, Approvals, By, Entry, Intent, Limits, Person, Shown, open_ledger
from shared.errors import OAuthError
from shared.identity import (
    AccessToken,
    BackchannelAuthentication,
    BackchannelRequest,
    JwksCache,
    Pending,
    RawToken,
    TokenVerifier,
)
from shared.tasks import SqliteStorage, Storage
from shared.testing import AuthorizationServer, Clock, KeptTrail, make_principal
from tests.directory._world import Asker

AUDIENCE = "https://helpdesk.example/password_reset"
CLIENT = "approvals"
AMELIA, OSCAR, IDRIS, NOOR = "auth0|amelia", "auth0|oscar", "auth0|idris", "auth0|noor"
OWNER = Person(AMELIA, "Amelia Hart")


class Phone:
    """Asks people as an authorization server does: it tells what they decided, once.

    Args:
        server: Signs tokens.
        clock: Seconds since the epoch.
    """

    client_id = CLIENT

    def __init__(self, server: AuthorizationServer, clock: Clock) -> None:
        self.server = server
        self.clock = clock
        self.asked: list[BackchannelRequest] = []
        self.polls: list[float] = []
        self.answers: dict[str, bool] = {}
        self.told: set[str] = set()
        self.claims: dict[str, Any] = {}
        """Replaces claims of the token."""
        self.ask_with: list[Exception] = []
        self.poll_with: list[Exception | Pending] = []

    async def ask(self, request: BackchannelRequest) -> BackchannelAuthentication:
        if self.ask_with:
            raise self.ask_with.pop(0)
        self.asked.append(request)
        return BackchannelAuthentication(f"request-{len(self.asked)}", request.requested_expiry, 5.0)

    async def poll(self, auth_req_id: str, *, scopes: frozenset[str]) -> AccessToken | Pending:
        self.polls.append(self.clock())
        if self.poll_with:
            answer = self.poll_with.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        if auth_req_id in self.told:
            raise OAuthError("invalid_grant")
        if auth_req_id not in self.answers:
            return Pending()
        if not self.answers[auth_req_id]:
            raise OAuthError("access_denied")
        self.told.add(auth_req_id)
        return AccessToken(self.token(auth_req_id), self.clock() + 900, scopes)

    def token(self, auth_req_id: str) -> RawToken:
        """The token that an approved request comes to."""
        request = self.asked[int(auth_req_id.removeprefix("request-")) - 1]
        claims = self.server.user_claims(
            request.subject, audience=[AUDIENCE, "https://userinfo"], scopes=request.scopes, client_id=CLIENT
        )
        claims["authorization_details"] = list(request.authorization_details)
        claims |= self.claims
        present = {name: value for name, value in claims.items() if value is not None}
        return RawToken(self.server.signing_key.sign(self.server.header(), present))

    def answer(self, *, approves: bool, number: int | None = None) -> None:
        """The person decides; the newest request, where none is named."""
        self.answers[f"request-{number or len(self.asked)}"] = approves


@dataclass
class Call:
    """A call of a tool in a task."""

    task_id: str = "task-1"
    resume: str = ""
    tool_use: Any = field(
        default_factory=lambda: {"toolUseId": "use-1", "name": "reset_password", "input": {"person": ""}}
    )

    invocation_state: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.invocation_state = {"task_id": self.task_id, "resume": {"use-1": self.resume}}


class Desk:
    """Approvals over a ledger in a file, with a clock of the test's own.

    Args:
        storage: Where the ledger is, or the file.
        clock: Seconds since the epoch.
        limits: How much one person is asked.
    """

    def __init__(self, storage: Path | Storage, clock: Clock, limits: Limits | None = None) -> None:
        self.clock = clock
        self.server = AuthorizationServer(clock=clock)
        self.phone = Phone(self.server, clock)
        self.trail = KeptTrail()
        self.storage = (
            storage
            if isinstance(storage, Storage)
            else SqliteStorage.open(storage, agent="password_reset", clock=clock)
        )
        self.ledger = open_ledger(self.storage)
        keys = JwksCache(self.server.discovery_url, self.server.issuer, self.server.create_http_client(), clock=clock)
        verifier = TokenVerifier(self.server.issuer, AUDIENCE, keys, clock=clock)
        self.approvals = Approvals(
            self.ledger,
            self.phone,
            verifier,
            security=[Person(IDRIS, "the security on call"), Person(NOOR, "the security on call")],
            limits=limits,
            clock=clock,
            trail=self.trail,
        )

    async def look(self, *, after: float = 5.0) -> int:
        """The poller looks once, after so many seconds."""
        self.clock.advance(after)
        return await self.approvals._poller.round()

    async def rows(self, task_id: str = "task-1") -> Sequence[Entry]:
        return await self.ledger.of_task(task_id)

    async def row(self, task_id: str = "task-1") -> Entry:
        (row,) = await self.rows(task_id)
        return row


def asker(subject: str = AMELIA, actors: Sequence[str] = ("supervisor-api",)) -> Asker:
    return Asker(make_principal(subject, actors=tuple(actors), audience=AUDIENCE))


def intent(
    owner: Person = OWNER, *, by: By = By.OWNER, four_eyes: bool = False, account: str = "00u1", **parameters: str
) -> Intent:
    return Intent(
        operation="reset_password",
        account=account,
        policy=Approval(by, four_eyes=four_eyes),
        owner=owner,
        purpose="have a reset link sent",
        shown=Shown("Reset password", "amelia.hart", "Amelia Hart (amelia.hart)", ("supervisor", "password_reset")),
        told="A link is on its way.",
        parameters=parameters,
    )

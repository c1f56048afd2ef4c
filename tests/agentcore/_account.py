"""An AWS account on loopback, and agents that are workloads in it: real botocore in between."""

from collections.abc import Collection
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from local.aws import AwsEndpoint, CredentialProvider, IdentityStandIn, Issue
from shared.agentcore import AgentCoreIdentity, AgentCoreTokens
from shared.identity import Principal, RawToken
from shared.testing import AuthorizationServer, Clock, LoopbackServer, make_principal

WORKLOAD = "helpdesk-supervisor"
AUDIENCE = "https://helpdesk.example/password_reset"
OWN = "https://helpdesk.example/supervisor"
SCOPES = frozenset({"agent:invoke"})
PATIENCE = 30.0
"""How long a client waits, unless a test is about that: the machine may have a lot to do besides."""


async def _at_once(_: float) -> None:
    """Waits for nothing between attempts."""


@dataclass
class Account:
    """One account with one workload and three credential providers.

    Attributes:
        issued: What the providers were asked for, in order.
        holds: A token that the service holds, and gives again.
    """

    clock: Clock = field(default_factory=Clock)
    lifetime: int = 900
    issued: list[Issue] = field(default_factory=list)
    holds: str | None = None

    def __post_init__(self) -> None:
        self.server = AuthorizationServer(clock=self.clock)
        providers = {
            "auth0-m2m": CredentialProvider(self._machine),
            "auth0-exchange": CredentialProvider(self._exchanged),
            "directory": CredentialProvider(self._federated, consent=True),
        }
        self.identity = IdentityStandIn([WORKLOAD], providers)
        self.endpoint = AwsEndpoint({"bedrock-agentcore": self.identity.handlers()})
        self._loopback = LoopbackServer()

    def __enter__(self) -> Self:
        self._loopback.start(self.endpoint)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.endpoint.release.set()
        self._loopback.stop()

    @property
    def url(self) -> str:
        """Where the services answer."""
        return self._loopback.url.rstrip("/")

    def stop(self) -> None:
        """Takes the service away."""
        self._loopback.stop()

    def client(self, *, workload: str = WORKLOAD, timeout: float = PATIENCE, **more: Any) -> AgentCoreIdentity:
        """A client of the service."""
        return AgentCoreIdentity(
            workload, endpoint_url=self.url, sleep=_at_once, jitter=lambda: 0.5, timeout=timeout, **more
        )

    def tokens(self, *, timeout: float = PATIENCE, **more: Any) -> AgentCoreTokens:
        """What gives the supervisor the tokens of its hops."""
        return AgentCoreTokens(
            self.client(timeout=timeout),
            issuer=self.server.issuer,
            audience=OWN,
            machine_provider="auth0-m2m",
            exchange_provider="auth0-exchange",
            clock=self.clock,
            jitter=lambda: 0.5,
            **more,
        )

    def user(self, subject: str = "auth0|amelia", *, lifetime: int = 900) -> tuple[RawToken, Principal]:
        """A user's token at the supervisor, and the principal that it was verified to be."""
        token = self.server.user_token(subject, audience=OWN, lifetime=lifetime)
        expires_at = int(self.clock()) + lifetime
        principal = make_principal(subject, issuer=self.server.issuer, audience=OWN, token=token, expires_at=expires_at)
        return token, principal

    def names(self) -> list[str]:
        """The operations that were called, in order."""
        return [call.operation for call in self.endpoint.calls]

    async def _machine(self, asked: Issue) -> str:
        return self._issue(asked, "supervisor@clients", asked.scopes)

    async def _exchanged(self, asked: Issue) -> str:
        assert asked.user_token is not None
        return self._issue(asked, self.server.signing_key.verify(asked.user_token)["sub"], asked.scopes)

    async def _federated(self, asked: Issue) -> str:
        return self._issue(asked, "upstream", asked.scopes)

    def _issue(self, asked: Issue, subject: str, scopes: Collection[str]) -> str:
        self.issued.append(asked)
        if self.holds is not None:
            return self.holds
        token = self.server.user_token(
            subject, audience=asked.audience or "none", scopes=scopes, lifetime=self.lifetime
        )
        return token.reveal()

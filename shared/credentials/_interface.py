"""What an agent asks of a provider of credentials, and what it says for whom."""

from dataclasses import dataclass
from typing import Protocol

from shared.errors import WaitsForPerson
from shared.identity import Principal, RawToken


class ActingCaller(Protocol):
    """Who asked an agent to act: `shared.a2a.Caller` is one."""

    @property
    def user(self) -> Principal:
        """On whose behalf."""

    @property
    def user_token(self) -> RawToken:
        """The user's token as it came in, from which `user` was made; never forwarded."""


@dataclass(frozen=True, slots=True)
class Resource:
    """Another system that an agent acts in, as its settings name it.

    Attributes:
        connection: The connection in Auth0, or the credential provider in AgentCore Identity.
        title: What people call the system.
        scopes: What to ask for, where the provider lets the agent ask: AgentCore Identity. Token Vault gives what the
            person agreed to when they connected the account.
    """

    connection: str
    title: str
    scopes: frozenset[str] = frozenset()


class Credentials(Protocol):
    """Gives tokens of other systems; holds them in memory alone, and none for longer than it is valid."""

    async def token(self, caller: ActingCaller, resource: Resource) -> RawToken:
        """The token to call `resource` with, for this caller and no other.

        Concurrent callers for the same user share one request.

        Raises:
            AccountNotConnected: the person has to connect their account first, or again.
            InvalidToken: the caller's own token does not hold any more.
            UpstreamUnavailable: the provider of credentials is away, slow, or has said to come back later.
            UpstreamRefused: it does not serve this agent; trying again does not help.
        """

    def forget(self, caller: ActingCaller, resource: Resource, token: RawToken) -> None:
        """Lets go of a token that is held: the next one is asked of the provider, whatever that says by now."""

    def refused(self, caller: ActingCaller, resource: Resource, token: RawToken) -> None:
        """Says that `resource` did not accept this token: it is never given again."""


class ConnectionTokens:
    """The tokens of one resource: what a client of that resource needs of a provider.

    Args:
        credentials: The provider.
        resource: Which system.
    """

    def __init__(self, credentials: Credentials, resource: Resource) -> None:
        self._credentials = credentials
        self._resource = resource

    async def token(self, caller: ActingCaller) -> RawToken:
        """See `Credentials.token`."""
        try:
            return await self._credentials.token(caller, self._resource)
        except WaitsForPerson as error:
            error.is_over = lambda: self._can_be_had(caller)
            raise

    async def renew(self, caller: ActingCaller) -> None:
        """Asks the provider anew: right before an act that a person approved, who may have taken the right away since.

        Raises:
            What `token` raises.
        """
        self._credentials.forget(caller, self._resource, await self.token(caller))
        await self.token(caller)

    async def _can_be_had(self, caller: ActingCaller) -> bool:
        """Whether the person has done what a token was missing for."""
        try:
            await self._credentials.token(caller, self._resource)
        except WaitsForPerson:
            return False
        return True

    def refused(self, caller: ActingCaller, token: RawToken) -> None:
        """See `Credentials.refused`."""
        self._credentials.refused(caller, self._resource, token)

    async def aclose(self) -> None:
        """Lets go of what the provider holds open, if it holds anything."""
        close = getattr(self._credentials, "aclose", None)
        if close is not None:
            await close()

"""Who may come in: the two doors, and one for tests.

A door checks the tokens of every request, on every method and both bindings. It decides who calls and for whom, and
whether that client may call here at all; what the user may do is decided later, at each act.
"""

from collections.abc import Collection, Sequence
from typing import Final, Protocol

from shared.a2a._caller import Caller
from shared.errors import CallerNotAllowed, InsufficientScope, InvalidToken, TokenMissing
from shared.identity import Principal, RawToken
from shared.settings import AllowedCaller

MAX_ACTORS: Final = 4
"""How deep a chain of actors may be; Auth0 itself refuses to exchange a deeper one."""


class Verifier(Protocol):
    """Turns a token into a principal, as `shared.identity.TokenVerifier` does."""

    issuer: str
    audience: str

    def cached(self, token: RawToken) -> Principal | None:
        """The principal of a token that was verified before and still holds."""
        ...

    async def verify(self, token: RawToken) -> Principal:
        """The principal, or `InvalidToken`, or `UpstreamUnavailable`."""
        ...


class Entry(Protocol):
    """A door: what it says of itself, and whom it lets in."""

    @property
    def resource(self) -> str:
        """The identifier of the protected resource (RFC 9728 §2): the audience of the tokens."""
        ...

    @property
    def authorization_servers(self) -> tuple[str, ...]:
        """The issuers whose tokens are taken."""
        ...

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes that a call needs at least."""
        ...

    def admit_cached(self, bearer: RawToken | None, delegated: RawToken | None) -> Caller | None:
        """The caller, if both tokens were verified before; without waiting."""
        ...

    async def admit(self, bearer: RawToken | None, delegated: RawToken | None) -> Caller:
        """The caller.

        Raises:
            AuthenticationError: who calls could not be established.
            AuthorizationError: it could, and may not call here.
            UpstreamUnavailable: the issuer's keys are away.
        """
        ...


class UserEntry:
    """The supervisor's door: the user's own token, of any client that the user signed in with.

    Args:
        verifier: For this agent's audience.
        scopes: What the token must have.
        own_clients: This agent's own clients, which must not be among the actors: a chain that comes back is cut.
        max_actors: How many actors there may be.
    """

    def __init__(
        self,
        verifier: Verifier,
        scopes: Collection[str],
        *,
        own_clients: Collection[str] = (),
        max_actors: int = MAX_ACTORS,
    ) -> None:
        self._verifier = verifier
        self.scopes = tuple(scopes)
        self.resource = verifier.audience
        self.authorization_servers = (verifier.issuer,)
        self._needed = frozenset(scopes)
        self._own_clients = frozenset(own_clients)
        self._max_actors = max_actors

    def admit_cached(self, bearer: RawToken | None, delegated: RawToken | None) -> Caller | None:
        """See `Entry`."""
        user = self._verifier.cached(bearer) if bearer is not None and delegated is None else None
        return self._caller(user, bearer) if user is not None and bearer is not None else None

    async def admit(self, bearer: RawToken | None, delegated: RawToken | None) -> Caller:
        """See `Entry`."""
        if bearer is None:
            raise TokenMissing
        if delegated is not None:
            raise InvalidToken(code="token_not_expected", detail="a delegated user token at a door for users")
        return self._caller(await self._verifier.verify(bearer), bearer)

    def _caller(self, user: Principal, token: RawToken) -> Caller:
        if user.is_machine:
            raise CallerNotAllowed(detail="a machine-to-machine token at a door for users")
        check_actors(user, own_clients=self._own_clients, max_actors=self._max_actors)
        check_scopes(user, self._needed, self.scopes)
        return Caller(user=user, agent=None, user_token=token)


class DelegatedHop:
    """A subagent's door: an agent's own token, and the delegated token of the user for whom it calls, bound together.

    Args:
        agent_verifier: For this agent's audience; the machine-to-machine token.
        user_verifier: For this agent's audience; the delegated user token.
        allowed_callers: The agents that may call.
        invoke_scope: What the machine-to-machine token must have.
        own_clients: This agent's own clients, which must not be among the actors: a chain that comes back is cut.
        max_actors: How many actors there may be.
    """

    def __init__(
        self,
        agent_verifier: Verifier,
        user_verifier: Verifier,
        allowed_callers: Sequence[AllowedCaller],
        invoke_scope: str,
        *,
        own_clients: Collection[str] = (),
        max_actors: int = MAX_ACTORS,
    ) -> None:
        self._agent_verifier = agent_verifier
        self._user_verifier = user_verifier
        self._callers = {caller.client_id: caller.api_client_id for caller in allowed_callers}
        self._needed = frozenset({invoke_scope})
        self.scopes = (invoke_scope,)
        self.resource = agent_verifier.audience
        self.authorization_servers = tuple(dict.fromkeys((agent_verifier.issuer, user_verifier.issuer)))
        self._own_clients = frozenset(own_clients)
        self._max_actors = max_actors

    def admit_cached(self, bearer: RawToken | None, delegated: RawToken | None) -> Caller | None:
        """See `Entry`."""
        if bearer is None or delegated is None:
            return None
        agent, user = self._agent_verifier.cached(bearer), self._user_verifier.cached(delegated)
        return self._caller(agent, user, delegated) if agent is not None and user is not None else None

    async def admit(self, bearer: RawToken | None, delegated: RawToken | None) -> Caller:
        """See `Entry`."""
        if bearer is None:
            raise TokenMissing
        agent = await self._agent_verifier.verify(bearer)
        self._check_agent(agent)  # before the second token: who may not call learns nothing about it
        if delegated is None:
            raise TokenMissing("The user's delegated token is needed.")
        return self._caller(agent, await self._user_verifier.verify(delegated), delegated)

    def _check_agent(self, agent: Principal) -> None:
        if not agent.is_machine or agent.actors:
            raise CallerNotAllowed(detail="the calling agent's token is a user's")
        if agent.client_id not in self._callers:
            raise CallerNotAllowed(detail=f"client {agent.client_id} is not an allowed caller")
        check_scopes(agent, self._needed, self.scopes)

    def _caller(self, agent: Principal, user: Principal, token: RawToken) -> Caller:
        self._check_agent(agent)
        if user.is_machine:
            raise CallerNotAllowed(detail="the delegated token is not a user's")
        if not user.actors or user.actors[0] != self._callers[agent.client_id]:
            raise CallerNotAllowed(
                detail=f"client {agent.client_id} sent a token of actor {user.actors[0] if user.actors else 'nobody'}"
            )
        check_actors(user, own_clients=self._own_clients, max_actors=self._max_actors)
        return Caller(user=user, agent=agent, user_token=token)


class Anonymous:
    """No door: everybody is the same made-up principal. For protocol suites and measurements, never in an agent.

    Args:
        caller: Who everybody is.
    """

    resource = "urn:anonymous"
    authorization_servers: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def admit_cached(self, bearer: RawToken | None, delegated: RawToken | None) -> Caller | None:  # noqa: ARG002
        """Everybody."""
        return self._caller

    async def admit(self, bearer: RawToken | None, delegated: RawToken | None) -> Caller:  # noqa: ARG002
        """Everybody."""
        return self._caller


def check_scopes(principal: Principal, needed: frozenset[str], in_order: tuple[str, ...]) -> None:
    """Refuses a token without a scope; Auth0's `permissions` are the user's roles, not consent, and do not count.

    Raises:
        InsufficientScope: naming all that are needed.
    """
    if not needed <= principal.scopes:
        raise InsufficientScope(in_order, detail=f"has {' '.join(sorted(principal.scopes)) or 'none'}")


def check_actors(user: Principal, *, own_clients: frozenset[str], max_actors: int) -> None:
    """Cuts chains that are too long, and those that come back to where they were.

    Raises:
        CallerNotAllowed: if it is one.
    """
    actors = user.actors
    if len(actors) > max_actors:
        raise CallerNotAllowed(detail=f"{len(actors)} actors")
    if len(set(actors)) != len(actors) or not own_clients.isdisjoint(actors):
        raise CallerNotAllowed(detail=f"the chain of actors comes back: {' '.join(actors)}")

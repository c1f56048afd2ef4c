"""The workload access tokens of one agent, held: its own, and those that name a user besides."""

from collections.abc import Callable
from typing import Final

from shared.agentcore._held import held_token
from shared.agentcore._identity import AgentCoreIdentity
from shared.agentcore._runtime import current_runtime_token
from shared.identity import AccessToken, Principal, RawToken, TokenCache

OWN: Final = "own"


class WorkloadTokens:
    """Gives workload access tokens: the runtime's, where it hands them in, or else the service's.

    Args:
        identity: Makes them.
        runtime: Whether AgentCore Runtime is what calls this process, so that its headers are believed.
        size: How many users' tokens are held.
        clock: Seconds since the epoch.
        jitter: A number from 0 to 1, new each time.
    """

    def __init__(
        self,
        identity: AgentCoreIdentity,
        *,
        runtime: bool,
        size: int,
        clock: Callable[[], float],
        jitter: Callable[[], float],
    ) -> None:
        self._identity = identity
        self._runtime = runtime
        self._clock = clock
        self._tokens = TokenCache(size=size, clock=clock, jitter=jitter)

    async def own(self) -> RawToken:
        """A token for what the agent does in its own name, whoever it is that the runtime's names besides."""
        handed = current_runtime_token() if self._runtime else None
        if handed is not None:
            return handed.token

        async def fetch() -> AccessToken:
            now = self._clock()
            return held_token(await self._identity.workload_token(), scopes=(), now=now)

        return (await self._tokens.get(OWN, fetch)).token

    async def of(self, user_token: RawToken, principal: Principal) -> RawToken:
        """A token that names this user.

        The runtime's is for the bearer token that came with it. That is the user's own at the supervisor; at a
        subagent it is the supervisor's, and the user's is another.

        Args:
            user_token: The user's token as it came in.
            principal: What it was verified to be.
        """
        handed = current_runtime_token() if self._runtime else None
        if handed is not None and handed.is_for(user_token):
            return handed.token

        async def fetch() -> AccessToken:
            now = self._clock()
            return held_token(await self._identity.workload_token_for(user_token), scopes=(), now=now)

        key = (principal.key, user_token.digest())
        return (await self._tokens.get(key, fetch, not_after=principal.expires_at)).token

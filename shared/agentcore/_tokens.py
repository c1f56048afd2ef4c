"""The tokens of a hop from AgentCore Identity: an agent that has them from there holds no client's key."""

import random
import time
from collections.abc import Callable, Collection, Mapping
from typing import Final, Literal

from shared.agentcore._calls import PART
from shared.agentcore._held import held_token
from shared.agentcore._identity import AgentCoreIdentity, ConsentNeeded, ResourceRequest
from shared.agentcore._workload import WorkloadTokens
from shared.errors import UpstreamRefused
from shared.identity import AccessToken, Principal, RawToken, TokenCache, check_subject

CACHE_SIZE: Final = 4096

AudienceAs = Literal["audiences", "custom_parameters"]


class AgentCoreTokens:
    """Gives what `shared.identity.TokenClient` gives, in its two forms: `client_credentials` and `exchange`.

    Held until they say that they end, renewed before that, one request for concurrent callers. Not checked: what the
    tokens say, which whoever they are for does.

    Args:
        identity: The service.
        issuer: Whose tokens are exchanged.
        audience: This agent's own API identifier: what a user's token must have been verified for.
        machine_provider: The credential provider of the agent's own client; None where another gives those tokens.
        exchange_provider: The credential provider that exchanges users' tokens; None likewise.
        exchange_parameters: Further parameters of the exchange's request, as the authorization server wants them.
        audience_as: How the audience is handed over. AWS does not say which of the two reaches Auth0 as `audience`.
        runtime: See `WorkloadTokens`.
        cache_size: How many tokens of each kind are held.
        clock: Seconds since the epoch.
        jitter: A number from 0 to 1, new each time.
    """

    def __init__(
        self,
        identity: AgentCoreIdentity,
        *,
        issuer: str,
        audience: str,
        machine_provider: str | None = None,
        exchange_provider: str | None = None,
        exchange_parameters: Mapping[str, str] | None = None,
        audience_as: AudienceAs = "audiences",
        runtime: bool = False,
        cache_size: int = CACHE_SIZE,
        clock: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._identity = identity
        self._issuer = issuer
        self._audience = audience
        self._machine_provider = machine_provider
        self._exchange_provider = exchange_provider
        self._exchange_parameters = dict(exchange_parameters or {})
        self._audience_as = audience_as
        self._clock = clock
        self._workload = WorkloadTokens(identity, runtime=runtime, size=cache_size, clock=clock, jitter=jitter)
        self._machine_tokens = TokenCache(size=cache_size, clock=clock, jitter=jitter)
        self._delegated_tokens = TokenCache(size=cache_size, clock=clock, jitter=jitter)

    async def client_credentials(self, *, audience: str, scopes: Collection[str]) -> AccessToken:
        """A machine-to-machine token for `audience`, of the client that the credential provider holds.

        Raises:
            UpstreamError: see `ServiceCalls.call`.
        """
        asked = _scopes(scopes)
        request = self._request(self._machine_provider, "M2M", audience, asked)

        async def fetch() -> AccessToken:
            return await self._fetch(await self._workload.own(), request)

        return await self._machine_tokens.get((audience, asked), fetch)

    async def exchange(
        self, subject: RawToken, principal: Principal, *, audience: str, scopes: Collection[str]
    ) -> AccessToken:
        """The user's token exchanged for one at `audience`; never handed out for longer than the user's own lasts.

        Args:
            subject: The token that came in.
            principal: What it was verified to be, for our own audience.
            audience: The API identifier of the next hop.
            scopes: What to ask for, at least one.

        Raises:
            InvalidToken: see `shared.identity.check_subject`.
            UpstreamError: see `ServiceCalls.call`.
        """
        asked = _scopes(scopes)
        check_subject(subject, principal, issuer=self._issuer, audience=self._audience, now=self._clock())
        request = self._request(self._exchange_provider, "ON_BEHALF_OF_TOKEN_EXCHANGE", audience, asked)

        async def fetch() -> AccessToken:
            return await self._fetch(await self._workload.of(subject, principal), request)

        key = (principal.key, subject.digest(), audience, asked)
        return await self._delegated_tokens.get(key, fetch, not_after=principal.expires_at)

    async def aclose(self) -> None:
        """Takes no more calls."""
        await self._identity.aclose()

    def _request(
        self,
        provider: str | None,
        flow: Literal["M2M", "ON_BEHALF_OF_TOKEN_EXCHANGE"],
        audience: str,
        scopes: frozenset[str],
    ) -> ResourceRequest:
        if provider is None:
            raise ValueError(f"no credential provider for {flow}")
        parameters = {} if flow == "M2M" else dict(self._exchange_parameters)
        if self._audience_as == "custom_parameters":
            return ResourceRequest(provider, flow, scopes, parameters=parameters | {"audience": audience})
        return ResourceRequest(provider, flow, scopes, audiences=(audience,), parameters=parameters)

    async def _fetch(self, workload_token: RawToken, request: ResourceRequest) -> AccessToken:
        now = self._clock()
        given = await self._identity.resource_token(workload_token, request)
        if isinstance(given, ConsentNeeded):
            raise UpstreamRefused(PART, detail="answer: consent, in a flow without a person", code="agentcore_answer")
        return held_token(given, scopes=request.scopes, now=now)


def _scopes(scopes: Collection[str]) -> frozenset[str]:
    asked = frozenset(scopes)
    if not asked or isinstance(scopes, str):
        raise ValueError("scopes are a collection of at least one: asking for none gives all")
    return asked

"""AgentCore Identity as a provider of credentials."""

import random
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Literal, TypeVar

from shared.agentcore import AgentCoreIdentity, ConsentNeeded, ResourceRequest, WorkloadTokens, held_token
from shared.credentials._interface import ActingCaller, Resource
from shared.errors import AccountNotConnected
from shared.identity import AccessToken, RawToken, TokenCache, check_subject
from shared.telemetry import get_logger

CACHE_SIZE: Final = 4096
MAX_SESSIONS: Final = 4096

UserFlow = Literal["USER_FEDERATION", "ON_BEHALF_OF_TOKEN_EXCHANGE"]
V = TypeVar("V")
_Key = tuple[str, str, frozenset[str]]

_log = get_logger()


class AgentCoreCredentials:
    """Has AgentCore Identity give the token of another system, for the user whose token came in.

    The answer does not say how long a token lasts: `shared.agentcore` says how long it is held.

    Args:
        identity: The service.
        issuer: Whose users' tokens are taken.
        audience: This agent's own API identifier.
        flow: Whether the person consents in a browser, or the user's token is exchanged.
        return_url: Where the browser is sent after the consent; one that the workload identity allows. Whoever answers
            there has to call `complete` for the person who is signed in there.
        runtime: Whether AgentCore Runtime is all that calls this process.
        clock: Seconds since the epoch.
        jitter: A number from 0 to 1, new each time.
    """

    def __init__(
        self,
        identity: AgentCoreIdentity,
        *,
        issuer: str,
        audience: str,
        flow: UserFlow = "USER_FEDERATION",
        return_url: str | None = None,
        runtime: bool = False,
        clock: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._identity = identity
        self._issuer = issuer
        self._audience = audience
        self._flow: UserFlow = flow
        self._return_url = return_url
        self._clock = clock
        self._workload = WorkloadTokens(identity, runtime=runtime, size=CACHE_SIZE, clock=clock, jitter=jitter)
        self._tokens = TokenCache(size=CACHE_SIZE, clock=clock, jitter=jitter, renews=False)
        self._sessions: OrderedDict[_Key, str] = OrderedDict()
        self._refused: OrderedDict[_Key, bytes] = OrderedDict()

    async def token(self, caller: ActingCaller, resource: Resource) -> RawToken:
        """See `Credentials`."""
        user = caller.user
        check_subject(caller.user_token, user, issuer=self._issuer, audience=self._audience, now=self._clock())
        key = (user.key, resource.connection, resource.scopes)
        return (await self._tokens.get(key, lambda: self._fetch(caller, resource, key))).token

    def forget(self, caller: ActingCaller, resource: Resource, token: RawToken) -> None:
        """See `Credentials`."""
        self._tokens.forget((caller.user.key, resource.connection, resource.scopes), token)

    def refused(self, caller: ActingCaller, resource: Resource, token: RawToken) -> None:
        """See `Credentials`. The service holds tokens too: where it gives this one again, the person is asked anew."""
        key = (caller.user.key, resource.connection, resource.scopes)
        self._tokens.forget(key, token)
        _remember(self._refused, key, token.digest())
        _log.info("credential_refused", connection=resource.connection, token=token.fingerprint())

    async def complete(self, caller: ActingCaller, session_uri: str) -> None:
        """Says that the person who is signed in is the one who consented.

        Raises:
            UpstreamError: the service is away, or it was somebody else.
        """
        now = self._clock()
        check_subject(caller.user_token, caller.user, issuer=self._issuer, audience=self._audience, now=now)
        await self._identity.complete(caller.user_token, session_uri)

    async def aclose(self) -> None:
        """Takes no more calls."""
        await self._identity.aclose()

    async def _fetch(self, caller: ActingCaller, resource: Resource, key: _Key) -> AccessToken:
        now = self._clock()
        workload_token = await self._workload.of(caller.user_token, caller.user)
        given = await self._identity.resource_token(workload_token, self._request(resource, key))
        if isinstance(given, RawToken) and given.digest() == self._refused.get(key):
            given = await self._identity.resource_token(workload_token, self._request(resource, key, anew=True))
        if isinstance(given, ConsentNeeded):
            raise self._to_be_connected(given, resource, key)
        self._sessions.pop(key, None)
        return held_token(given, scopes=resource.scopes, now=now)

    def _request(self, resource: Resource, key: _Key, *, anew: bool = False) -> ResourceRequest:
        consents = self._flow == "USER_FEDERATION"
        return ResourceRequest(
            provider=resource.connection,
            flow=self._flow,
            scopes=resource.scopes,
            return_url=self._return_url if consents else None,
            session_uri=self._sessions.get(key) if consents and not anew else None,
            anew=consents and anew,
        )

    def _to_be_connected(self, consent: ConsentNeeded, resource: Resource, key: _Key) -> AccountNotConnected:
        """What is said to the person; the same session is gone on with until it fails."""
        if consent.failed:
            self._sessions.pop(key, None)
            return AccountNotConnected(
                f"Your account in the {resource.title} could not be connected. Nothing was changed; please ask again.",
                subject=resource.connection,
                code="account_no_longer_connected",
            )
        _remember(self._sessions, key, consent.session_uri)
        return AccountNotConnected(
            f"I act in the {resource.title} as you, and you have not allowed it yet. "
            f"Open {consent.authorization_url} and agree there. Then I go on by myself; nothing was changed so far.",
            subject=resource.connection,
            url=consent.authorization_url,
        )


def _remember(table: OrderedDict[_Key, V], key: _Key, value: V) -> None:
    table[key] = value
    table.move_to_end(key)
    if len(table) > MAX_SESSIONS:
        table.popitem(last=False)

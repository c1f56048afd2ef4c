"""AgentCore Identity's data plane: workload access tokens, and with them tokens for other resources.

The members are those of the service's model. Its answers say neither how long a token lasts nor which scopes it has.
"""

import asyncio
import random
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from shared.agentcore._calls import PART, ServiceCalls
from shared.errors import UpstreamRefused
from shared.identity import RawToken

SERVICE: Final = "bedrock-agentcore"
THREADS: Final = 8
TIMEOUT_SECONDS: Final = 5.0
MAX_URL_CHARACTERS: Final = 8192
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,131072}")
_SESSION_URI: Final = re.compile(r"urn:ietf:params:oauth:request_uri:[a-zA-Z0-9\-._~]+")

Flow = Literal["M2M", "USER_FEDERATION", "ON_BEHALF_OF_TOKEN_EXCHANGE"]


@dataclass(frozen=True, slots=True)
class ResourceRequest:
    """Which token is asked for.

    Attributes:
        provider: The credential provider's name.
        flow: How it is obtained.
        scopes: What it is to allow.
        audiences: Whom it is for, as `audiences`.
        parameters: Further parameters of the request to the provider.
        return_url: Where the person is sent once they have consented; one of the workload identity's.
        session_uri: The session of an earlier answer, to ask whether it has been completed.
        anew: Whether the person consents again, whatever the service holds.
    """

    provider: str
    flow: Flow
    scopes: Collection[str]
    audiences: Collection[str] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    return_url: str | None = None
    session_uri: str | None = None
    anew: bool = False

    def members(self, workload_token: RawToken) -> dict[str, Any]:
        """As the operation takes them."""
        members: dict[str, Any] = {
            "workloadIdentityToken": workload_token.reveal(),
            "resourceCredentialProviderName": self.provider,
            "scopes": sorted(self.scopes),
            "oauth2Flow": self.flow,
        }
        optional = {
            "audiences": sorted(self.audiences),
            "customParameters": dict(self.parameters),
            "resourceOauth2ReturnUrl": self.return_url,
            "sessionUri": self.session_uri,
            "forceAuthentication": self.anew,
        }
        return members | {name: value for name, value in optional.items() if value}


@dataclass(frozen=True, slots=True)
class ConsentNeeded:
    """The person has to agree first, in their browser.

    Attributes:
        authorization_url: Where; for this person alone.
        session_uri: Names the session, for `complete` and for asking again.
        failed: It was begun, and failed: to begin anew, ask without the session.
    """

    authorization_url: str = field(repr=False)
    session_uri: str = field(repr=False)
    failed: bool = False


class AgentCoreIdentity:
    """A client of AgentCore Identity for one workload.

    Args:
        workload: The workload identity's name.
        endpoint_url: Where the service answers, if not where AWS has it.
        timeout: For one call, in seconds.
        threads: How many calls go on at a time.
        sleep: Waits so many seconds between attempts.
        jitter: A number from 0 to 1, new each time.
    """

    def __init__(
        self,
        workload: str,
        *,
        endpoint_url: str | None = None,
        timeout: float = TIMEOUT_SECONDS,
        threads: int = THREADS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.workload = workload
        self._calls = ServiceCalls(
            lambda: _client(endpoint_url, timeout=timeout, threads=threads),
            threads=threads,
            timeout=timeout,
            sleep=sleep,
            jitter=jitter,
        )

    async def workload_token(self) -> RawToken:
        """A token that names the workload alone.

        Raises:
            UpstreamError: see `ServiceCalls.call`.
        """
        return await self._workload_token("GetWorkloadAccessToken", {})

    async def workload_token_for(self, user_token: RawToken) -> RawToken:
        """A token that names the workload and the user whose token this is: the service verifies it.

        Raises:
            UpstreamError: see `ServiceCalls.call`.
        """
        return await self._workload_token("GetWorkloadAccessTokenForJWT", {"userToken": user_token.reveal()})

    async def resource_token(self, workload_token: RawToken, request: ResourceRequest) -> RawToken | ConsentNeeded:
        """The token that `request` describes, or what the person has to do first.

        Raises:
            UpstreamError: see `ServiceCalls.call`; also where the answer is neither of the two.
        """
        answer = await self._calls.call("GetResourceOauth2Token", request.members(workload_token), repeatable=True)
        if answer.get("accessToken") is not None:
            return _token(answer["accessToken"], "accessToken")
        url, session = answer.get("authorizationUrl"), answer.get("sessionUri")
        failed = answer.get("sessionStatus") == "FAILED"
        if request.flow != "USER_FEDERATION":
            raise _unusable("no token, in a flow without a person")
        if not isinstance(session, str) or not _SESSION_URI.fullmatch(session):
            raise _unusable("neither a token nor a session")
        if not failed and not _is_web_address(url):
            raise _unusable("a session without an address to consent at")
        return ConsentNeeded(authorization_url=str(url or ""), session_uri=session, failed=failed)

    async def complete(self, user_token: RawToken, session_uri: str) -> None:
        """Confirms that the person who consented is the one whose token this is. Not repeated.

        Raises:
            UpstreamError: see `ServiceCalls.call`.
        """
        members = {"userIdentifier": {"userToken": user_token.reveal()}, "sessionUri": session_uri}
        await self._calls.call("CompleteResourceTokenAuth", members, repeatable=False)

    async def aclose(self) -> None:
        """Takes no more calls."""
        await self._calls.aclose()

    async def _workload_token(self, operation: str, members: dict[str, Any]) -> RawToken:
        answer = await self._calls.call(operation, {"workloadName": self.workload, **members}, repeatable=True)
        return _token(answer.get("workloadAccessToken"), "workloadAccessToken")


def _client(endpoint_url: str | None, *, timeout: float, threads: int) -> Any:
    """A boto3 client that tries once, and finds region and credentials as every AWS client does."""
    import boto3  # noqa: PLC0415 -- takes a third of a second: for those who use it, when they do
    from botocore.config import Config  # noqa: PLC0415 -- as above

    config = Config(
        connect_timeout=timeout / 2,
        read_timeout=timeout,
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=threads,
        proxies={},
    )
    return boto3.session.Session().client(SERVICE, endpoint_url=endpoint_url, config=config)


def _token(value: object, name: str) -> RawToken:
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise _unusable(f"{name} is not a token")
    return RawToken(value)


def _is_web_address(value: object) -> bool:
    return (
        isinstance(value, str)
        and len(value) <= MAX_URL_CHARACTERS
        and value.startswith(("https://", "http://127.0.0.1:", "http://localhost:"))
        and value.isprintable()
        and " " not in value
    )


def _unusable(problem: str) -> UpstreamRefused:
    return UpstreamRefused(PART, detail=f"answer: {problem}", code="agentcore_answer")

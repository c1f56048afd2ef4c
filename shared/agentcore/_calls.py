"""Calls of an AWS service beside the event loop: botocore blocks, so it runs in a few threads.

What a service or botocore says of a failure may repeat what was sent. Nothing of it is passed on but codes: a failure
leaves its thread as a value, so that the errors raised here have no cause that holds a token.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Literal

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, ReadTimeoutError
from botocore.exceptions import ConnectionError as BotoConnectionError

from shared.errors import UpstreamError, UpstreamRefused, UpstreamUnavailable

PART: Final = "AgentCore Identity"
ATTEMPTS: Final = 3
BACKOFF_SECONDS: Final = 0.2
RETRY_AFTER_SECONDS: Final = 1.0
_SERVER_ERROR: Final = 500
_TOO_MANY: Final = 429
_LIMITS: Final = frozenset({"ThrottlingException", "TooManyRequestsException", "ServiceQuotaExceededException"})
_DENIALS: Final = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "InvalidSignatureException",
        "UnauthorizedException",
        "UnrecognizedClientException",
    }
)

Parameters = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Failure:
    kind: Literal["refused", "limited", "failed", "unreachable", "slow"]
    code: str


class ServiceCalls:
    """One client of one service.

    Args:
        make_client: Makes the boto3 client, at the first call and in a thread: reading a service's model takes time.
            Its own retries are to be off.
        threads: How many calls go on at a time; more of them wait.
        timeout: For one call, in seconds, waiting for a thread included.
        sleep: Waits so many seconds between attempts.
        jitter: A number from 0 to 1, new each time.
    """

    def __init__(
        self,
        make_client: Callable[[], Any],
        *,
        threads: int,
        timeout: float,
        sleep: Callable[[float], Awaitable[None]],
        jitter: Callable[[], float],
    ) -> None:
        self._make_client = make_client
        self._timeout = timeout
        self._sleep = sleep
        self._jitter = jitter
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="agentcore")
        self._lock = threading.Lock()
        self._client: Any = None

    async def call(self, operation: str, parameters: Parameters, *, repeatable: bool) -> dict[str, Any]:
        """What the service answers.

        Args:
            operation: Its name in the service's model.
            parameters: What it is told.
            repeatable: Whether asking twice does no more than asking once: then it is asked again where the service
                was out of reach, failed, or said that it is too much; never where it is merely slow.

        Raises:
            UpstreamUnavailable: it is away, slow, failing, or asks for fewer calls; with `outcome_unknown` where what
                is not repeatable may have happened.
            UpstreamRefused: it said no: `agentcore_denied`, `agentcore_not_found`, or else `agentcore_refused`.
        """
        attempt = 1
        while True:
            answer = await self._once(operation, parameters)
            if not isinstance(answer, _Failure):
                return answer
            if not repeatable or answer.kind in {"refused", "slow"} or attempt == ATTEMPTS:
                raise _error(operation, answer, repeatable=repeatable)
            await self._sleep(BACKOFF_SECONDS * 2 ** (attempt - 1) * (0.5 + self._jitter()))
            attempt += 1

    async def aclose(self) -> None:
        """Takes no more calls; those under way end by their own timeout."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _once(self, operation: str, parameters: Parameters) -> dict[str, Any] | _Failure:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timeout):  # a call that has no thread yet is cancelled with its future
                return await loop.run_in_executor(self._threads, self._send, operation, parameters)
        except TimeoutError:
            return _Failure("slow", "timeout")

    def _send(self, operation: str, parameters: Parameters) -> dict[str, Any] | _Failure:
        try:
            answer: dict[str, Any] = getattr(self._made(), xform_name(operation))(**parameters)
        except ClientError as error:
            return _refusal(error)
        except ReadTimeoutError as error:
            return _Failure("slow", type(error).__name__)
        except (HTTPClientError, BotoConnectionError) as error:
            return _Failure("unreachable", type(error).__name__)
        except (BotoCoreError, ValueError, TypeError, AttributeError) as error:
            # No credentials, no region, parameters that do not fit; the last two where an answer is no JSON object.
            return _Failure("refused", type(error).__name__)
        return answer

    def _made(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._make_client()
        return self._client


def _refusal(error: ClientError) -> _Failure:
    code = str(error.response.get("Error", {}).get("Code", "unknown"))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    safe = code if code.isascii() and code.isalnum() else "unknown"
    if safe in _LIMITS or status == _TOO_MANY:
        return _Failure("limited", safe)
    return _Failure("failed" if status >= _SERVER_ERROR else "refused", safe)


def _error(operation: str, failure: _Failure, *, repeatable: bool) -> UpstreamError:
    detail = f"{operation}: {failure.code}"
    if failure.kind == "limited":
        return UpstreamUnavailable(PART, retry_after=RETRY_AFTER_SECONDS, detail=detail)
    if failure.kind != "refused":
        return UpstreamUnavailable(
            PART, detail=detail, outcome_unknown=not repeatable and failure.kind != "unreachable"
        )
    if failure.code in _DENIALS:
        return UpstreamRefused(PART, detail=detail, code="agentcore_denied")
    if failure.code == "ResourceNotFoundException":
        return UpstreamRefused(PART, detail=detail, code="agentcore_not_found")
    return UpstreamRefused(PART, detail=detail, code="agentcore_refused")

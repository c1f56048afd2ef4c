"""AWS Lambda, as far as a gateway's calls of it go: what goes in and out is JSON of bounded size, in bounded time."""

import asyncio
import base64
import json
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from shared.telemetry import get_logger, span

MAX_THREADS: Final = 16

_log = get_logger()

Handler = Callable[[Any, Any], Any]
"""`handler(event, context)`, as the Lambda runtime for Python calls it."""


class FunctionFailed(Exception):
    """The function raised, took too long, or was asked or answered too much; the text says which, for the log."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What Lambda allows.

    Attributes:
        seconds: The function's own time limit.
        payload_bytes: Of the event and of the answer, each.
        client_context_bytes: Of the client context, in base64.
    """

    seconds: float = 10.0
    payload_bytes: int = 6 * 1024 * 1024
    client_context_bytes: int = 3583


@dataclass(frozen=True, slots=True)
class ClientContext:
    """As the runtime makes it of what the gateway says of a call."""

    custom: dict[str, Any]
    env: dict[str, Any]
    client: None = None


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """The runtime's context object."""

    function_name: str
    aws_request_id: str
    client_context: ClientContext | None


class LambdaFunction:
    """A function that is called in process, in a thread: nothing but JSON passes between it and the gateway.

    A function that has used up its time goes on in its thread, unlike on AWS, but nobody hears of it.

    Args:
        name: As in logs.
        handler: The function's entry point.
        limits: Time and sizes.
    """

    def __init__(self, name: str, handler: Handler, limits: Limits | None = None) -> None:
        self.name = name
        self._handler = handler
        self._limits = limits or Limits()
        self._threads = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix=f"lambda:{name}")

    async def invoke(self, event: Any, custom: dict[str, Any] | None = None) -> Any:
        """What the function answers.

        Args:
            event: Anything that is JSON.
            custom: The client context's `custom`, if there is one.

        Raises:
            FunctionFailed: see there.
        """
        payload = self._bounded(json.dumps(event))
        context = LambdaContext(self.name, str(uuid.uuid4()), self._client_context(custom))
        with span(self.name, kind="server", attributes={"faas.name": self.name}):  # as Lambda's own layer makes it
            work = asyncio.get_running_loop().run_in_executor(self._threads, self._run, payload, context)
            try:
                async with asyncio.timeout(self._limits.seconds):
                    answer = await work
            except TimeoutError:
                raise FunctionFailed(f"no answer within {self._limits.seconds:g} seconds") from None
            return json.loads(self._bounded(answer))

    def close(self) -> None:
        """Starts no more threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _run(self, payload: str, context: LambdaContext) -> str:
        try:
            return json.dumps(self._handler(json.loads(payload), context))
        except Exception as error:
            _log.warning("function_failed", function=self.name, error=type(error).__name__)
            raise FunctionFailed(type(error).__name__) from error

    def _bounded(self, payload: str) -> str:
        if len(payload.encode()) > self._limits.payload_bytes:
            raise FunctionFailed("the payload is too large")
        return payload

    def _client_context(self, custom: dict[str, Any] | None) -> ClientContext | None:
        if custom is None:
            return None
        encoded = base64.b64encode(json.dumps({"custom": custom}).encode())
        if len(encoded) > self._limits.client_context_bytes:
            raise FunctionFailed("the client context is too large")
        return ClientContext(json.loads(base64.b64decode(encoded))["custom"], {})

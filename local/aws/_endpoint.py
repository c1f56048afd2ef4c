"""AWS services on one loopback port: real botocore calls it, and the services' own models say what is right.

A request is read back from the wire, checked against the model with its patterns, enums and bounds, and given to the
function that stands in for the operation. Which service is meant stands in the signature's credential scope. The
signature itself is not verified: credentials here are made up.
"""

import asyncio
import re
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from botocore import session as botocore_session
from botocore.model import OperationModel, ServiceModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from local.aws._requests import HttpRequest, NotReadableError, read_request
from local.aws._responses import AwsError, HttpResponse, write_error, write_result
from local.aws._violations import violations

Handler = Callable[[dict[str, Any]], Awaitable[Mapping[str, Any]] | Mapping[str, Any]]

MAX_WAIT_SECONDS: Final = 20.0
_SCOPE: Final = re.compile(r"AWS4-HMAC-SHA256 Credential=[^/,]+/\d{8}/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request,")


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was understood.

    Attributes:
        operation: Its name.
        parameters: As botocore was given them.
        violations: What they break of the model; none for a request that was served.
    """

    operation: str
    parameters: Mapping[str, Any]
    violations: tuple[str, ...] = ()


class AwsEndpoint:
    """An ASGI app that answers for some operations of some services.

    Args:
        services: The functions that stand in, by service (botocore's name) and operation. What they return is checked
            against the model too; `AwsError` is a refusal.
        region: The only one that requests may be signed for.
    """

    def __init__(self, services: Mapping[str, Mapping[str, Handler]], *, region: str = "us-east-1") -> None:
        self.region = region
        self.calls: list[Call] = []
        """What came, in order."""
        self.unreadable: list[str] = []
        """Requests that no model describes, and why."""
        self.next_answers: list[HttpResponse | AwsError] = []
        """What is answered before anything else, in turn."""
        self.arrived = threading.Event()
        """Set when a request has come."""
        self.release = threading.Event()
        """Cleared, answers wait until it is set."""
        self.release.set()
        self._models = {name: service_model(name) for name in services}
        self._handlers = services
        for name, handlers in services.items():
            unknown = handlers.keys() - set(self._models[name].operation_names)
            if unknown:
                raise ValueError(f"{name} has no {', '.join(sorted(unknown))}")

    @property
    def violations(self) -> list[str]:
        """All that was wrong with what came: empty after a run in which every request was right."""
        return [*self.unreadable, *(f"{call.operation}: {wrong}" for call in self.calls for wrong in call.violations)]

    def asked(self, operation: str) -> list[Mapping[str, Any]]:
        """The parameters of each call of an operation."""
        return [call.parameters for call in self.calls if call.operation == operation]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if scope["type"] != "http":
            await self._live(receive, send)
            return
        request = Request(scope, receive)
        raw_path = bytes(scope.get("raw_path") or scope["path"].encode()).decode("ascii")
        came = HttpRequest(
            method=request.method,
            path=raw_path.partition("?")[0],
            query=request.url.query,
            headers=dict(request.headers),
            body=await request.body(),
        )
        answer = await self._answer(came)
        headers = {**answer.headers, "content-type": answer.media_type}
        await Response(answer.body, answer.status, headers)(scope, receive, send)

    async def _answer(self, request: HttpRequest) -> HttpResponse:
        signed = _SCOPE.match(request.headers.get("authorization", ""))
        candidates = [(n, m) for n, m in self._models.items() if signed and m.signing_name == signed[2]]
        if signed is None or not candidates or signed[1] != self.region:
            self.unreadable.append(f"{request.method} {request.path}: not signed for a service in {self.region}")
            form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
            return write_error(AwsError("IncompleteSignature", status=403), protocol="query" if form else "rest-json")
        try:
            name, operation, parameters = _understood(candidates, request)
        except NotReadableError as error:
            self.unreadable.append(f"{request.method} {request.path}: {error}")
            return write_error(AwsError("UnknownOperationException", status=404), protocol=_protocol(candidates[0][1]))
        wrong = tuple(violations(operation.input_shape, parameters))
        self.calls.append(Call(operation.name, parameters, wrong))
        self.arrived.set()
        await asyncio.to_thread(self.release.wait, MAX_WAIT_SECONDS)
        protocol = _protocol(operation.service_model)
        try:
            if self.next_answers:
                return _as_response(self.next_answers.pop(0), protocol)
            _refuse(wrong, protocol)
            return write_result(operation, await self._handled(name, operation, parameters))
        except AwsError as error:
            return write_error(error, protocol=protocol)

    async def _handled(self, name: str, operation: OperationModel, parameters: dict[str, Any]) -> Mapping[str, Any]:
        handler = self._handlers[name].get(operation.name)
        if handler is None:
            raise AwsError("NotImplementedException", status=501, message=f"{operation.name} is not stood in for")
        result = handler(parameters)
        return await result if isinstance(result, Awaitable) else result

    async def _live(self, receive: Receive, send: Send) -> None:
        for done in ("lifespan.startup.complete", "lifespan.shutdown.complete"):
            await receive()
            await send({"type": done})


@cache
def service_model(name: str) -> ServiceModel:
    """The model of a service, as the installed botocore has it; read once."""
    return botocore_session.get_session().get_service_model(name)


def _refuse(wrong: Sequence[str], protocol: str) -> None:
    """As the services do, by the code of their kind."""
    if wrong:
        code = "ValidationError" if protocol == "query" else "ValidationException"
        raise AwsError(code, message="; ".join(wrong), reason="FieldValidationFailed")


def _understood(
    candidates: Iterable[tuple[str, ServiceModel]], request: HttpRequest
) -> tuple[str, OperationModel, dict[str, Any]]:
    """The operation, of the first service that has it: two may sign by the same name."""
    problem = NotReadableError("no such service")
    for name, model in candidates:
        try:
            return name, *read_request(model, request)
        except NotReadableError as error:
            problem = error
    raise problem


def _as_response(answer: HttpResponse | AwsError, protocol: str) -> HttpResponse:
    return write_error(answer, protocol=protocol) if isinstance(answer, AwsError) else answer


def _protocol(model: ServiceModel) -> str:
    return str(model.metadata["protocol"])

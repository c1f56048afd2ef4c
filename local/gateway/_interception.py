"""The interceptor's turn: the documented event in, the documented answer out, and nothing else accepted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.gateway._functions import FunctionFailed, LambdaFunction
from local.gateway._refusals import Refusal
from shared.telemetry import get_logger

MAX_HEADERS: Final = 10
MAX_HEADER_CHARACTERS: Final = 4096

_VERSION: Final = "1.0"
_log = get_logger()


@dataclass(frozen=True, slots=True)
class Passed:
    """A request that goes on.

    Attributes:
        headers: Take the place of the client's of the same names.
        body: Takes the place of the client's.
    """

    headers: Mapping[str, str]
    body: Any


async def intercept(function: LambdaFunction, request: Request, text: str, body: Any) -> Passed | Response:
    """Asks the interceptor about a request.

    Args:
        function: The interceptor.
        request: As it came.
        text: Its body.
        body: The same, read.

    Returns:
        The request that goes on, or the answer that the interceptor gave in its place.

    Raises:
        Refusal: 500, where the interceptor failed or answered what it should not; documented is neither.
    """
    event = {
        "interceptorInputVersion": _VERSION,
        "mcp": {
            "rawGatewayRequest": {"body": text},
            "gatewayRequest": {
                "path": request.url.path,
                "httpMethod": request.method,
                "headers": dict(request.headers),
                "body": body,
            },
        },
    }
    try:
        return _read(await function.invoke(event))
    except (FunctionFailed, ValueError, KeyError, TypeError, AttributeError) as error:
        _log.warning("interceptor_failed", error=type(error).__name__)
        raise Refusal(500, "Internal error", reason="interceptor") from error


def _read(output: Any) -> Passed | Response:
    if output["interceptorOutputVersion"] != _VERSION:
        raise ValueError("another version")
    mcp = output["mcp"]
    response = mcp.get("transformedGatewayResponse")
    if response is not None:
        headers = _headers(response.get("headers"))
        kept = {name: value for name, value in headers.items() if name.lower() != "content-type"}
        return JSONResponse(response["body"], int(response["statusCode"]), headers=kept)
    transformed = mcp["transformedGatewayRequest"]
    return Passed(_headers(transformed.get("headers")), transformed["body"])


def _headers(given: Any) -> dict[str, str]:
    """An interceptor's headers: at most ten, each of printable ASCII and up to 4 KB."""
    headers = {str(name): str(value) for name, value in (given or {}).items()}
    if len(headers) > MAX_HEADERS:
        raise ValueError("too many headers")
    for name, value in headers.items():
        line = f"{name}{value}"
        if len(value) > MAX_HEADER_CHARACTERS or not (line.isascii() and line.isprintable()):
            raise ValueError("a header that cannot be sent")
    return headers

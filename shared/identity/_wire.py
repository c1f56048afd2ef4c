"""One bounded HTTP exchange with the authorization server, and JSON read strictly."""

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Never
from urllib.parse import urlsplit

import aiohttp
import httpx

from shared.errors import UpstreamUnavailable
from shared.telemetry import outbound

AUTHORIZATION_SERVER: Final = "authorization server"
MAX_BODY_BYTES: Final = 256 * 1024

TRANSPORT_ERRORS: Final = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, aiohttp.ClientError, OSError)
"""What an exchange fails with: `httpx_aiohttp` lets some of aiohttp's own errors through. OSError covers timeouts."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer that was read whole."""

    status: int
    headers: httpx.Headers
    body: bytes


async def exchange(
    http: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    timeout: float,  # noqa: ASYNC109 -- bounds the whole exchange, also a body that drips
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Sends one request and reads the answer, following no redirect.

    Args:
        http: The process's client.
        method: GET or POST.
        url: Where to.
        timeout: For everything together, in seconds.
        form: Sent as `application/x-www-form-urlencoded`.
        headers: Sent besides.

    Raises:
        UpstreamUnavailable: the answer is larger than `MAX_BODY_BYTES`.
        One of TRANSPORT_ERRORS: no answer came.
    """
    sent = {"accept": "application/json", "accept-encoding": "identity", **(headers or {})}
    with outbound(AUTHORIZATION_SERVER, method, urlsplit(url).path, url=url) as call:
        async with (
            asyncio.timeout(timeout),
            http.stream(method, url, data=form, headers=sent, timeout=timeout, follow_redirects=False) as response,
        ):
            call.status = response.status_code
            return await _read(response, url)


async def _read(response: httpx.Response, url: str) -> Response:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise UpstreamUnavailable(AUTHORIZATION_SERVER, detail=f"{url}: more than {MAX_BODY_BYTES} bytes")
    return Response(response.status_code, response.headers, bytes(body))


async def get_object(http: httpx.AsyncClient, url: str, *, timeout: float) -> dict[str, Any]:  # noqa: ASYNC109 -- as above
    """The JSON object at `url`.

    Raises:
        UpstreamUnavailable: it cannot be had.
    """
    try:
        response = await exchange(http, "GET", url, timeout=timeout)
        if response.status != httpx.codes.OK:
            raise UpstreamUnavailable(AUTHORIZATION_SERVER, detail=f"{url}: status {response.status}")
        return parse_object(response.body)
    except TRANSPORT_ERRORS as error:
        raise UpstreamUnavailable(AUTHORIZATION_SERVER, detail=f"{url}: {type(error).__name__}") from error
    except ValueError as error:
        raise UpstreamUnavailable(AUTHORIZATION_SERVER, detail=f"{url}: {error}") from error


def parse_object(data: bytes) -> dict[str, Any]:
    """A JSON object in UTF-8, in which no name stands twice and every number is finite (RFC 7515 §4, RFC 8259).

    Raises:
        ValueError: it is something else. The text does not repeat the data.
    """
    try:
        value = _STRICT_JSON.decode(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    except json.JSONDecodeError:
        raise ValueError("not JSON") from None
    except RecursionError:
        raise ValueError("JSON nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 -- what came over the wire is wrong, not a type in the code
    return value


def decode_base64url(part: str) -> bytes:
    """Base64url without padding (RFC 7515 §2), of which each content has one form only (RFC 4648 §3.5).

    Raises:
        ValueError: it is something else.
    """
    try:
        content = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:  # binascii's, and that of what is not ASCII
        raise ValueError("not base64url") from None
    if base64.urlsafe_b64encode(content).rstrip(b"=").decode() != part:
        raise ValueError("not base64url")
    return content


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of a URL, comparable.

    Raises:
        ValueError: it has no usable origin.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise ValueError("not an http or https URL")
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}[parts.scheme]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in a JSON object")
    return found


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")


_STRICT_JSON = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant)

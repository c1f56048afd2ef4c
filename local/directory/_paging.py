"""Pages and `Link` headers (RFC 8288), as Okta gives them: one header for `self`, one for `next`."""

import base64
import binascii
import re
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse

from local.directory._errors import OktaError, validation_failed

_NUMBER = re.compile(r"[0-9]{1,9}")


def base_url(request: Request) -> str:
    """Where the caller reached the directory, without a slash at its end."""
    return str(request.base_url).rstrip("/")


def limit_of(request: Request, *, default: int, most: int, clamp: bool = True) -> int:
    """The `limit` parameter.

    Raises:
        OktaError: where it is not a number, or too large and not to be clamped.
    """
    text = request.query_params.get("limit")
    if text is None:
        return default
    if _NUMBER.fullmatch(text) is None or (int(text) > most and not clamp):
        raise validation_failed("limit", f"The limit must be a number between 1 and {most}.")
    return max(1, min(int(text), most))


def cursor_of(request: Request) -> str | None:
    """What the `after` parameter of a `next` link stands for.

    Raises:
        OktaError: where it did not come from such a link.
    """
    after = request.query_params.get("after")
    if after is None:
        return None
    try:
        return base64.urlsafe_b64decode(after.encode()).decode()
    except (binascii.Error, ValueError):
        raise OktaError("E0000029") from None


def page(request: Request, items: list[Any], *, after: str | None, links: bool = True) -> JSONResponse:
    """Answers with one page.

    Args:
        request: The call that is answered.
        items: What is on the page.
        after: The cursor of the next page, or None on the last.
        links: Whether the endpoint gives links at all.
    """
    response = JSONResponse(items)
    if not links:
        return response
    own = request.query_params.multi_items()
    response.headers.append("link", f'<{_url(request, own)}>; rel="self"')
    if after is not None:
        cursor = base64.urlsafe_b64encode(after.encode()).decode()
        following = [(name, value) for name, value in own if name != "after"] + [("after", cursor)]
        response.headers.append("link", f'<{_url(request, following)}>; rel="next"')
    return response


def _url(request: Request, parameters: list[tuple[str, str]]) -> str:
    query = urlencode(parameters)
    return f"{base_url(request)}{request.url.path}{'?' if query else ''}{query}"

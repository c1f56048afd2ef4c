"""Reading the Okta API: one thing, or all pages of a list, within bounds."""

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx
from pydantic import TypeAdapter

from shared.directory._access import ActingCaller
from shared.directory._transport import Transport, unexpected
from shared.directory._wire import UnexpectedBody, read

LARGEST_PAGE = 200
MOST_PAGES = 20

_T = TypeVar("_T")


class Reader:
    """Reads what the API answers as values of a kind.

    Args:
        transport: Sends the calls.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def one(self, caller: ActingCaller, kind: TypeAdapter[_T], path: str, scope: str) -> _T:
        """One thing."""
        response = await self._transport.get(caller, path, scope)
        return _read(kind, path, response)

    async def all(
        self,
        caller: ActingCaller,
        kind: TypeAdapter[list[_T]],
        path: str,
        scope: str,
        parameters: Mapping[str, str] | None = None,
        *,
        most: int = LARGEST_PAGE * MOST_PAGES,
        pages: int = MOST_PAGES,
    ) -> list[_T]:
        """All pages of a list, within bounds. Of a `next` link its cursor alone is used: the URL stays our own."""
        found: list[_T] = []
        asked = dict(parameters or {})
        for _ in range(pages):
            response = await self._transport.get(caller, path, scope, asked)
            page: list[_T] = _read(kind, path, response)
            found += page
            cursor = _next_cursor(response)
            if cursor is None or cursor == asked.get("after") or len(found) >= most:
                break
            asked["after"] = cursor
        return found[:most]


def _read(kind: TypeAdapter[_T], path: str, response: httpx.Response) -> _T:
    try:
        return read(kind, response.content)
    except UnexpectedBody as error:
        raise unexpected(path, str(error)) from None


def quoted(value: str) -> str:
    """A string of a SCIM filter (RFC 7644 §3.4.2.2: as in JSON)."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _next_cursor(response: httpx.Response) -> str | None:
    """The cursor of the `next` link (RFC 8288), if there is one."""
    url = response.links.get("next", {}).get("url", "")
    return next(iter(parse_qs(urlsplit(url).query).get("after", [])), None)

"""Somebody in front of a browser without JavaScript, and one with it as far as streams go."""

import json
import re
from collections.abc import AsyncGenerator
from html import unescape
from http.cookies import SimpleCookie
from typing import Any, Self
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx

from local.tenant.testing import LocalTenant
from shared.http import create_http_client
from shared.testing import tokens_in

EVENTS = {"Accept": "text/event-stream"}


class Visitor:
    """A browser at the web chat. No answer that it gets may hold a token.

    Args:
        web_url: The web chat's address, with a trailing slash.
        tenant: Where people sign in.
        app: What answers in place of the network.
    """

    def __init__(self, web_url: str, tenant: LocalTenant, *, app: httpx.ASGITransport | None = None) -> None:
        self.url = web_url
        self.origin = web_url.rstrip("/")
        self.tenant = tenant
        self.http = create_http_client(keep_cookies=True, app=app)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    @property
    def cookies(self) -> dict[str, str]:
        """What the browser holds now."""
        return {cookie.name: str(cookie.value) for cookie in self.http.cookies.jar}

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """Opens an address; redirects are not followed."""
        return self._seen(await self.http.get(urljoin(self.url, path), headers=headers))

    async def post(self, path: str, fields: dict[str, str], **headers: str | None) -> httpx.Response:
        """Sends a form as a page of the web chat does; a header given as None is left out."""
        given = {"Origin": self.origin, "Sec-Fetch-Site": "same-origin", **headers}
        sent = {name.replace("_", "-"): value for name, value in given.items() if value is not None}
        return self._seen(await self.http.post(urljoin(self.url, path), data=fields, headers=sent))

    async def begin(self, return_to: str = "/") -> dict[str, str]:
        """Goes to sign in; the parameters of the authorization request."""
        response = await self.get(f"/login?return_to={return_to}")
        assert response.status_code == 303, response.text
        location = response.headers["location"]
        assert location.startswith(f"{self.tenant.issuer}authorize?")
        return dict(parse_qsl(urlsplit(location).query))

    async def sign_in(self, login: str, return_to: str = "/") -> httpx.Response:
        """Signs in at the tenant's page; what the web chat answers then."""
        answer = await self.tenant.browse(self.http, await self.begin(return_to), login)
        return await self.get(f"/callback?{httpx.QueryParams(answer)}")

    async def token(self) -> str:
        """What this session's forms hold."""
        return field_of((await self.get("/")).text, "form_token")

    async def send(self, path: str, **fields: str) -> httpx.Response:
        """Sends a form of this session."""
        return await self.post(path, {"form_token": await self.token(), **fields})

    async def stream(self, text: str, **fields: str) -> AsyncGenerator[dict[str, Any], None]:
        """Asks, as the page's script does, and yields what it is told, each with the name of its event."""
        data = {"form_token": await self.token(), "text": text, **fields}
        headers = {"Origin": self.origin, **EVENTS}
        async with self.http.stream("POST", f"{self.url}messages", data=data, headers=headers) as response:
            async for event in self._events(response):
                yield event

    async def follow(self, task_id: str, context_id: str) -> AsyncGenerator[dict[str, Any], None]:
        """Follows what was asked before, likewise."""
        url = f"{self.url}tasks/{task_id}/events?context_id={context_id}"
        async with self.http.stream("GET", url, headers=EVENTS) as response:
            async for event in self._events(response):
                yield event

    async def ask(self, text: str, **fields: str) -> list[dict[str, Any]]:
        """Asks, and waits for all that it is told."""
        return [event async for event in self.stream(text, **fields)]

    async def _events(self, response: httpx.Response) -> AsyncGenerator[dict[str, Any], None]:
        assert response.headers["content-type"].startswith("text/event-stream"), await response.aread()
        name = ""
        async for line in response.aiter_lines():
            assert tokens_in(line) == []
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                yield {"event": name, **json.loads(line.removeprefix("data: "))}

    def _seen(self, response: httpx.Response) -> httpx.Response:
        assert tokens_in(response.text) == []
        assert tokens_in(str(response.headers)) == []
        return response


def set_cookies(response: httpx.Response) -> SimpleCookie:
    """The cookies that an answer sets."""
    found: SimpleCookie = SimpleCookie()
    for header in response.headers.get_list("set-cookie"):
        found.load(header)
    return found


def field_of(html: str, name: str) -> str:
    """The value of a form's field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found is not None, html
    return unescape(found[1])


def last(events: list[dict[str, Any]]) -> dict[str, Any]:
    """The last that was told of a reply."""
    return [event for event in events if event["event"] == "turn"][-1]


def text_of(html: str) -> str:
    """The words of a piece of HTML."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())

"""Plays a person in front of a browser: opens a page, fills in its forms, presses the first button."""

from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Final
from urllib.parse import urljoin

import httpx

from portal._errors import CommandFailed

MAX_STEPS: Final = 12


@dataclass(slots=True)
class Form:
    """A form of a page: where it goes, its fields with their values, and its buttons; the first is pressed."""

    action: str = ""
    method: str = "get"
    fields: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def press(self, value: str) -> None:
        """Presses the button with this value in place of the first.

        Raises:
            CommandFailed: there is none.
        """
        name = next((name for name, found in self.buttons if found == value), None)
        if name is None:
            raise CommandFailed(f"The page has no button for {value}.")
        self.fields[name] = value


class Page(HTMLParser):
    """What a person sees of a page: its forms and its text."""

    def __init__(self, html: str, address: str) -> None:
        super().__init__()
        self.address = address
        self.forms: list[Form] = []
        self.words: list[str] = []
        self._inside: Form | None = None
        self._hidden = 0
        self.feed(html)

    @property
    def text(self) -> str:
        """The words of the page, in order."""
        return " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes forms and what is in them."""
        values = {name: value or "" for name, value in attrs}
        if tag in {"style", "script"}:
            self._hidden += 1
        if tag == "form":
            self._inside = Form(values.get("action", ""), values.get("method", "get").lower())
            self.forms.append(self._inside)
        elif self._inside is not None and tag == "input" and values.get("name"):
            self._inside.fields[values["name"]] = values.get("value", "")
            self._inside.kinds[values["name"]] = values.get("type", "text")
        elif self._inside is not None and tag == "button":
            self._inside.buttons.append((values.get("name", ""), values.get("value", "")))
            if values.get("name") and len(self._inside.buttons) == 1:
                self._inside.fields[values["name"]] = values.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        """Notes where a form ends."""
        if tag == "form":
            self._inside = None
        if tag in {"style", "script"}:
            self._hidden -= 1

    def handle_data(self, data: str) -> None:
        """Notes what can be read."""
        if not self._hidden:
            self.words.append(data)


class Browser:
    """One person's browser, with the cookies that each site gave it.

    Args:
        http: A client; the process's keeps no cookies, so that it may serve several people.
    """

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._cookies: dict[str, dict[str, str]] = {}

    async def open(self, url: str) -> Page:
        """Opens a URL and goes where it leads."""
        return await self._go(self._http.build_request("GET", url))

    async def submit(self, page: Page) -> Page:
        """Sends the first form of a page, as it is filled in now."""
        form = page.forms[0]
        target = urljoin(page.address, form.action)
        if form.method != "post":
            return await self._go(self._http.build_request("GET", target, params=form.fields))
        origin = str(httpx.URL(page.address).copy_with(raw_path=b"/")).rstrip("/")
        return await self._go(self._http.build_request("POST", target, data=form.fields, headers={"Origin": origin}))

    async def sign_in(self, url: str, *, login: str, password: str) -> str:
        """Opens a URL, signs in where it asks to and agrees to what it asks; the last page's text.

        Raises:
            CommandFailed: it asks and asks, or does not take the password.
        """
        return (await self.enter(url, login=login, password=password, until=lambda page: not page.forms)).text

    async def enter(self, url: str, *, login: str, password: str, until: Callable[[Page], bool]) -> Page:
        """The same, as far as the page that was looked for.

        Raises:
            CommandFailed: as `sign_in`.
        """
        page, tried = await self.open(url), False
        for _ in range(MAX_STEPS):
            if until(page):
                return page
            form = page.forms[0]
            secret = next((name for name, kind in form.kinds.items() if kind == "password"), None)
            if secret is not None:
                if tried:
                    raise CommandFailed(f"{login} could not sign in: {page.text}")
                tried = True
                name = next(name for name, kind in form.kinds.items() if kind in {"text", "email"})
                form.fields |= {name: login, secret: password}
            page = await self.submit(page)
        raise CommandFailed(f"The sign-in of {login} comes to no end: {page.text}")

    async def _go(self, request: httpx.Request) -> Page:
        """Sends a request and follows redirects, with each site's own cookies."""
        for _ in range(MAX_STEPS):
            kept = self._cookies.setdefault(request.url.netloc.decode(), {})
            if kept:
                request.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in kept.items())
            response = await self._http.send(request)
            for header in response.headers.get_list("set-cookie"):
                kept |= {name: morsel.value for name, morsel in SimpleCookie(header).items()}
            if response.next_request is None:
                page = Page(response.text, str(response.url))
                if response.is_error:
                    raise CommandFailed(f"The page at {response.url} says: {page.text}")
                return page
            request = response.next_request
        raise CommandFailed("The sign-in pages lead in a circle.")

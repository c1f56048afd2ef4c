"""Receives the authorization response on this machine (RFC 8252 §7.3)."""

import asyncio
import hmac
import html
import socket
from collections.abc import Sequence
from typing import Self
from urllib.parse import parse_qs, urlsplit

from portal._errors import CommandFailed
from portal.session import process_authorization_response

HOST = "127.0.0.1"
PATH = "/callback"
PORTS = (8410, 8411, 8412)
"""Auth0 compares a redirect URI as text, port included: these are registered (`deploy/auth0/tenant.yaml`)."""

MAX_REQUEST_BYTES = 16 * 1024
REQUEST_SECONDS = 10.0

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Help desk</title>
<body style="font: 1.1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 15vh auto; padding: 0 1rem">
<h1>{title}</h1><p>{text}</p></body></html>"""


class LoopbackRedirect:
    """Listens for the one redirect that answers an authorization request.

    Args:
        ports: Tried in turn.
        parameter: What a good answer holds.
        done: What the browser shows then, in a few words.
    """

    def __init__(
        self, ports: Sequence[int] = PORTS, *, parameter: str = "code", done: str = "You are signed in"
    ) -> None:
        self._ports = ports
        self._parameter = parameter
        self._done = done
        self._socket: socket.socket | None = None
        self._server: asyncio.Server | None = None
        self._answer: asyncio.Future[dict[str, str]] | None = None
        self._state = ""

    @property
    def redirect_uri(self) -> str:
        """Where the browser is sent back to."""
        assert self._socket is not None  # noqa: S101 -- set by __aenter__; this tells the type checker
        return f"http://{HOST}:{self._socket.getsockname()[1]}{PATH}"

    async def __aenter__(self) -> Self:
        for port in self._ports:
            try:
                self._socket = socket.create_server((HOST, port))
                break
            except OSError:
                continue
        else:
            ports = ", ".join(str(port) for port in self._ports)
            raise CommandFailed(f"Ports {ports} are all in use: free one, or sign in without --browser.")
        self._answer = asyncio.get_running_loop().create_future()
        self._server = await asyncio.start_server(self._serve, sock=self._socket, limit=MAX_REQUEST_BYTES)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def authorization_response(self, *, state: str, issuer: str, wait_seconds: float) -> str:
        """Waits for the redirect and returns its code (RFC 6749 §4.1.2, RFC 9207 §2.4).

        A request whose `state` is not ours is answered, and does not end the wait.

        Raises:
            OAuthError: the person, or the server, refused.
            CommandFailed: nothing came in time.
        """
        assert self._answer is not None  # noqa: S101 -- set by __aenter__
        self._state = state
        try:
            answer = await asyncio.wait_for(self._answer, wait_seconds)
        except TimeoutError:
            raise CommandFailed("Nobody went through with it in the browser in time: run the command again.") from None
        return process_authorization_response(answer, issuer=issuer, parameter=self._parameter)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                status, title, text = self._receive(head.split("\r\n", 1)[0])
                body = _PAGE.format(title=html.escape(title), text=html.escape(text)).encode()
                writer.write(
                    f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
                    "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
                    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n"
                    "Connection: close\r\n\r\n".encode()
                    + body
                )
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever it was went away, or speaks no HTTP; the wait goes on
        finally:
            writer.close()

    def _receive(self, request_line: str) -> tuple[str, str, str]:
        """Takes in a request; what to show for it."""
        method, _, rest = request_line.partition(" ")
        target = urlsplit(rest.rpartition(" ")[0])
        if method != "GET" or target.path != PATH:
            return "404 Not Found", "Not here", "This address only takes an answer back to the terminal."
        query = {name: values[0] for name, values in parse_qs(target.query).items() if len(values) == 1}
        if not self._state or not hmac.compare_digest(query.get("state", "").encode(), self._state.encode()):
            return "400 Bad Request", "Not yours", "This does not belong to what is waiting here."
        assert self._answer is not None  # noqa: S101 -- set by __aenter__
        if not self._answer.done():
            self._answer.set_result(query)
        if self._parameter in query:
            return "200 OK", self._done, "You can close this window and go back to the terminal."
        return "200 OK", "That did not work", "The terminal says why. You can close this window."

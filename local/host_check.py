"""Refuses to answer to names that are not this machine's, so that no page elsewhere gets in by rebinding DNS."""

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.settings import is_loopback


class HostCheck:
    """Middleware that reads the `Host` header.

    Args:
        app: What answers.
        allowed: Names besides loopback ones, in lower case.
        name: What the stand-in is called, for whom it refuses.
    """

    def __init__(self, app: ASGIApp, *, allowed: frozenset[str], name: str) -> None:
        self._app = app
        self._allowed = allowed
        self._name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers 421 where the name is another one."""
        if scope["type"] == "http" and not self._is_allowed(scope):
            refusal = PlainTextResponse(f"The {self._name} answers on this machine only.", 421)
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_allowed(self, scope: Scope) -> bool:
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        host = hosts[0].rpartition(":")[0] if len(hosts) == 1 and ":" in hosts[0] else "".join(hosts)
        return is_loopback(host) or host.lower() in self._allowed

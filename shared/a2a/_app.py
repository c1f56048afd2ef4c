"""An agent as an ASGI app: any executor behind the whole stack."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final
from urllib.parse import urljoin

from a2a.server.agent_execution import AgentExecutor
from a2a.types import AgentCard
from a2a.utils.errors import MethodNotFoundError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from shared.a2a._door import Door
from shared.a2a._entry import Entry
from shared.a2a._handler import AgentRequestHandler
from shared.a2a._jsonrpc import JsonRpcEndpoint
from shared.a2a._limits import Limits
from shared.a2a._push import PushNotifications
from shared.a2a._recording import CallRecord
from shared.a2a._request_log import RequestLog
from shared.a2a._responses import is_rpc, send_error, send_json
from shared.a2a._rest import create_rest_routes
from shared.a2a._signed_card import sign_card
from shared.a2a._well_known import OPEN_PATHS, RESOURCE_METADATA_PATH, create_open_routes
from shared.audit import Trail, Unrecorded
from shared.http import PublicUrls
from shared.identity import CardSigningKey
from shared.tasks import Storage
from shared.telemetry import get_logger

DRAIN_SECONDS: Final = 20.0

_log = get_logger()


def create_agent_app(
    *,
    executor: AgentExecutor,
    card: AgentCard,
    entry: Entry,
    storage: Storage,
    limits: Limits | None = None,
    trail: Trail | None = None,
    card_key: CardSigningKey | None = None,
    drain_seconds: float = DRAIN_SECONDS,
    push_urls: PublicUrls | None = None,
    routes: Sequence[BaseRoute] = (),
) -> Starlette:
    """Puts an executor behind the door, the protocol and the stores.

    The app answers JSON-RPC at its root, HTTP+JSON below it, the card, `/ping` and the protected resource metadata.
    It opens nothing and listens nowhere; its lifespan ends tasks that a dead process left behind, looks after the
    storage and, at the end, lets running tasks finish for `drain_seconds` and closes the storage.

    Args:
        executor: The agent. Where it has a `start()`, that is called at the start; an `aclose()` is awaited at the end;
            a `bind()` is given what has a waiting task go on; `look()` and `asked_after()` are told
            when an owner looks at one; a `rescue()` says what a task goes on with that a dead process had under way.
        card: What it says of itself; its first interface names the URL that callers use. Signed here, as it is served.
        entry: Who may call.
        storage: Where its tasks are kept.
        limits: How much a caller may ask for.
        trail: The record of what is refused, taken up and ended; without one, as in a protocol suite, none is kept.
        card_key: Signs the card, and what of it a caller is shown.
        drain_seconds: How long running tasks may take at the end.
        push_urls: Which URLs push notifications go to, where the card offers them; those of the internet.
        routes: What else it answers, behind the door.
    """
    limits = limits or Limits()
    push = None
    if card.capabilities.push_notifications and storage.push is not None:
        push = PushNotifications(storage.push, push_urls)
    card.capabilities.push_notifications = push is not None
    sign_card(card, card_key)
    calls = CallRecord(trail or Unrecorded())
    handler = AgentRequestHandler(
        executor=executor,
        card=card,
        card_key=card_key,
        tasks=storage.tasks,
        events=storage.events,
        messages=storage.messages,
        limits=limits,
        calls=calls,
        asked_after=getattr(executor, "asked_after", None),
        push=push,
    )
    bind = getattr(executor, "bind", None)
    if bind is not None:
        bind(handler.resume)
    storage.watch_others(handler.changed_elsewhere)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None, None]:
        await storage.start()
        failed = await storage.recovery.fail_abandoned(handler.rescue)
        if failed:
            _log.warning("abandoned_tasks_failed", count=failed)
        if push is not None:
            push.start()
        start = getattr(executor, "start", None)
        if start is not None:
            start()
        caretaker = asyncio.create_task(_take_care(storage, limits, handler), name="caretaker")
        try:
            yield
        finally:
            caretaker.cancel()
            with suppress(asyncio.CancelledError):
                await caretaker
            await handler.drain(drain_seconds)
            if push is not None:
                await push.aclose()
            close = getattr(executor, "aclose", None)
            if close is not None:
                await close()
            await storage.aclose()

    app = Starlette(
        routes=[
            _Root(JsonRpcEndpoint(handler, limits)),
            *create_open_routes(card, entry, lambda: handler.is_busy),
            *routes,
            *create_rest_routes(handler, limits),
        ],
        lifespan=lifespan,
        middleware=[
            Middleware(RequestLog, calls=calls),
            Middleware(
                Door,
                entry=entry,
                limits=limits,
                open_paths=OPEN_PATHS,
                resource_metadata=_resource_metadata_url(card),
                replicas=lambda: storage.replicas,
            ),
        ],
    )
    app.router.default = _not_found
    app.router.redirect_slashes = False
    app.state.drain = handler.drain
    return app


class _Root(BaseRoute):
    """`POST` at the root, with and without the slash; Starlette's own routes know the path with it alone."""

    def __init__(self, endpoint: JsonRpcEndpoint) -> None:
        self._endpoint = endpoint

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.FULL, {}) if scope["type"] == "http" and is_rpc(scope) else (Match.NONE, {})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            await self._endpoint(scope, receive, send)
        else:
            await send_json({"error": "POST JSON-RPC here."}, send, status=405, headers=[(b"allow", b"POST")])


async def _not_found(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 -- ASGI's signature
    if scope["type"] == "http":
        await send_error(MethodNotFoundError(message="There is nothing here."), scope, send)


def _resource_metadata_url(card: AgentCard) -> str:
    base = card.supported_interfaces[0].url
    return urljoin(base if base.endswith("/") else f"{base}/", RESOURCE_METADATA_PATH.removeprefix("/"))


async def _take_care(storage: Storage, limits: Limits, handler: AgentRequestHandler) -> None:
    """Ends, now and then, what nobody will: tasks of processes that died, and those that waited for too long."""
    while True:
        await asyncio.sleep(storage.caretaking_seconds)
        handler.changed_elsewhere()
        try:
            ended = await storage.recovery.fail_abandoned(handler.rescue, handler.working)
            ended += await storage.recovery.expire_waiting(limits.waiting_seconds)
        except Exception:  # noqa: BLE001 -- one bad round must not end the rounds
            _log.exception("caretaking_failed")
        else:
            if ended:
                _log.info("tasks_ended", count=ended)

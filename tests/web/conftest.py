"""The web chat at a tenant of its own, and a clock that both go by."""

import base64
import threading
from collections.abc import AsyncIterator, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from local.tenant.testing import LocalTenant, ManualClock
from portal.session import Clock
from portal.web.app import create_app
from portal.web.settings import WebSettings
from shared.testing import LoopbackServer
from tests.web._visitor import Visitor

MakeSettings = Callable[..., WebSettings]


@pytest.fixture(scope="module")
def manual_clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="module")
def server() -> Iterator[LoopbackServer]:
    reserved = LoopbackServer()
    yield reserved
    reserved.stop()


@pytest.fixture(scope="module")
def tenant(
    tmp_path_factory: pytest.TempPathFactory, manual_clock: ManualClock, server: LoopbackServer
) -> Iterator[LocalTenant]:
    keywords = {"WEB_URL": server.url.rstrip("/")}
    folder = tmp_path_factory.mktemp("tenant")
    with LocalTenant(folder, clock=manual_clock, auth0_keyword_replace_mappings=keywords) as started:
        yield started


@pytest.fixture
def make_settings(tenant: LocalTenant, server: LoopbackServer, tmp_path: Path) -> MakeSettings:
    """Makes settings of a web chat whose supervisor is away."""
    client = tenant.client("Help desk web")

    def make(**changes: Any) -> WebSettings:
        values: dict[str, Any] = {
            "helpdesk_env": "local",
            "port": server.port,
            "web_url": server.url.rstrip("/"),
            "supervisor_url": "http://127.0.0.1:1/",
            "auth0_issuer": tenant.issuer,
            "audience": tenant.api("supervisor"),
            "client_id": client.client_id,
            "client_key": client.private_key_pem,
            "web_session_file": tmp_path / "web" / "sessions.sqlite3",
            "web_session_key": base64.b64encode(bytes(32)).decode(),
            "web_requests_per_minute": 6000,
            "web_stranger_requests_per_minute": 6000,
        }
        return WebSettings.load(**values | changes)

    return make


@pytest.fixture
def settings(make_settings: MakeSettings) -> WebSettings:
    return make_settings()


@pytest.fixture
def web(settings: WebSettings, server: LoopbackServer, manual_clock: ManualClock) -> Iterator[LoopbackServer]:
    yield server.start(create_app(settings, clock=Clock(now=manual_clock)))
    server.stop()


@pytest.fixture
async def visitor(web: LoopbackServer, tenant: LocalTenant) -> AsyncIterator[Visitor]:
    async with Visitor(web.url, tenant) as browser:
        yield browser


@pytest.fixture
async def amelia(visitor: Visitor) -> Visitor:
    assert (await visitor.sign_in("amelia.hart")).status_code == 303
    return visitor


@pytest.fixture
def hanging(
    server: LoopbackServer, make_settings: MakeSettings, manual_clock: ManualClock
) -> Iterator[threading.Semaphore]:
    """A web chat whose supervisor takes requests and answers none; it is released once for each that came."""
    arrived = threading.Semaphore(0)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield

    async def never(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await Starlette(lifespan=lifespan)(scope, receive, send)
            return
        arrived.release()
        while (await receive())["type"] != "http.disconnect":
            pass

    with LoopbackServer() as supervisor:
        supervisor.start(never)
        settings = make_settings(supervisor_url=supervisor.url)
        server.start(create_app(settings, clock=Clock(now=manual_clock)))
        yield arrived
        server.stop()

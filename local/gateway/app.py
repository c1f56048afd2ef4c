"""The application: the endpoint, its metadata, and what the gateway of this project is made of."""

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import httpx
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from deploy.aws.docs.identity import HEADER
from deploy.aws.docs.interceptor import Interceptor, InterceptorConfig
from deploy.aws.docs.tool import TRACE_HEADERS, DocsTool, ToolConfig
from local.gateway._authorizer import Authorizer
from local.gateway._endpoint import MAX_REQUEST_BYTES, Door, Endpoint
from local.gateway._functions import LambdaFunction, Limits
from local.gateway._knowledge import open_knowledge
from local.gateway._mcp import create_session_manager
from local.gateway._refusals import METADATA_PATH
from local.gateway._targets import LambdaTarget, read_tools
from local.gateway.settings import ROOT, GatewaySettings
from shared.http import create_http_client
from shared.identity import JwksCache
from shared.telemetry import get_logger

VERSIONS: Final = ("2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")
"""MCP's, as a gateway can be set up with; the last has no handshake."""

TOOLS: Final = ROOT / "deploy/aws/docs/tools.json"
TARGET: Final = "docs"
GATEWAY_ID: Final = "helpdesk-local"
TARGET_ID: Final = "DOCSLOCAL1"
KEY_BYTES: Final = 32
INTERCEPTOR_SECONDS: Final = 5.0

_log = get_logger()


@dataclass(frozen=True, slots=True)
class Parts:
    """What stands behind a gateway.

    Attributes:
        target: Its target.
        interceptor: The function at its REQUEST point.
        closing: Called when the gateway ends.
    """

    target: LambdaTarget
    interceptor: LambdaFunction
    closing: Sequence[Callable[[], object]] = ()


def create_app(settings: GatewaySettings, *, http: httpx.AsyncClient | None = None) -> Starlette:
    """Makes this project's gateway; brings the index of the knowledge base up to date first.

    Args:
        settings: Who may call, and where the articles are.
        http: In place of a new client; closed with the app.

    Raises:
        ConfigurationError: with one line that names what is wrong and its remedy.
    """
    return create_gateway(settings, create_parts(settings), http=http or create_http_client())


def create_parts(settings: GatewaySettings) -> Parts:
    """The search tool and the interceptor, of one knowledge base, as `deploy/aws/docs` has them.

    Raises:
        ConfigurationError: with one line that names what is wrong and its remedy.
    """
    key = secrets.token_bytes(KEY_BYTES)  # of this process: both functions are in it
    tools = read_tools(TOOLS)
    index = open_knowledge(settings.knowledge_folder, settings.index, settings.knowledge_embeddings)
    authorizer = settings.gateway_authorizer
    search = LambdaFunction(
        "docs-search", DocsTool(index, ToolConfig(key, GATEWAY_ID, log=_function_log("docs-search")))
    )
    interceptor = Interceptor(
        InterceptorConfig(
            identity_key=key,
            issuer=settings.auth0_issuer,
            audience=authorizer.allowed_audience[0],
            deciders=frozenset(authorizer.allowed_clients),
            log=_function_log("docs-interceptor"),
        )
    )
    return Parts(
        LambdaTarget(TARGET, TARGET_ID, search, tools, allowed_request_headers=(HEADER, *TRACE_HEADERS)),
        LambdaFunction("docs-interceptor", interceptor, Limits(seconds=INTERCEPTOR_SECONDS)),
        closing=(index.close, search.close),
    )


def create_gateway(settings: GatewaySettings, parts: Parts, *, http: httpx.AsyncClient) -> Starlette:
    """Makes a gateway of any target and interceptor.

    Args:
        settings: Who may call, and by which names.
        parts: What stands behind it; closed with the app.
        http: Fetches the issuer's keys; closed with the app.
    """
    authorizer = settings.gateway_authorizer
    keys = JwksCache(authorizer.discovery_url, settings.auth0_issuer, http)
    sessions = create_session_manager(parts.target, gateway_id=GATEWAY_ID, max_request_bytes=MAX_REQUEST_BYTES)
    door = Door(
        authorizer=Authorizer(authorizer, keys),
        interceptor=parts.interceptor,
        security=_addresses(settings),
        metadata_url=f"{settings.url.removesuffix('/mcp')}{METADATA_PATH}/mcp",
        scopes=authorizer.allowed_scopes,
        newest_handshake=VERSIONS[-2],
    )
    metadata = {
        "resource": settings.url,
        "authorization_servers": [settings.auth0_issuer],
        "scopes_supported": list(authorizer.allowed_scopes),
        "bearer_methods_supported": ["header"],
    }

    async def protected_resource(_: Request) -> Response:
        return JSONResponse(metadata, headers={"Cache-Control": "public, max-age=300"})

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok", "note": "a local stand-in for Amazon Bedrock AgentCore Gateway"})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with sessions.run():
            yield
        for close in (parts.interceptor.close, *parts.closing):
            close()
        await http.aclose()

    endpoint: ASGIApp = Endpoint(sessions.handle_request, door)
    return Starlette(
        routes=[
            Route("/mcp", endpoint),
            Route("/healthz", healthz),
            Route(METADATA_PATH, protected_resource),
            Route(f"{METADATA_PATH}/mcp", protected_resource),
        ],
        lifespan=lifespan,
    )


def _addresses(settings: GatewaySettings) -> TransportSecuritySettings:
    """The names by which the gateway is reached; a page of any other site is refused, whatever its name resolves to."""
    names = ["127.0.0.1", "localhost", "[::1]", urlsplit(settings.url).hostname or "", *settings.gateway_allowed_hosts]
    hosts = [form for name in dict.fromkeys(names) if name for form in (name, f"{name}:*")]
    origins = [f"{scheme}://{host}" for host in hosts for scheme in ("http", "https")]
    return TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=origins)


def _function_log(function: str) -> Callable[[str], object]:
    return lambda line: _log.info("function_said", function=function, line=line.strip())

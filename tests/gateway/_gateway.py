"""The stand-in gateway on a loopback port, with an issuer in process."""

import json
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from local.gateway import (
    GatewaySettings,
    LambdaFunction,
    LambdaTarget,
    Limits,
    Parts,
    create_app,
    create_gateway,
)
from shared.http import create_http_client
from shared.testing import AuthorizationServer, LoopbackServer
from tests.gateway._functions import AGENT, ARTICLES, AUDIENCE, PERSON, write_article

MODERN = "2026-07-28"
ENVELOPE = {
    "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
SEARCH = ("docs___search_articles", {"question": "how do I set up the VPN?"})


class Gateway:
    """A gateway that runs while the `with` block does.

    Args:
        folder: For articles and index.
        authorizer: Members of the `customJWTAuthorizer`, besides discovery URL, audience, client and scope.
        parts: In place of the tool and the interceptor of this project.
        articles: The knowledge base: by slug, for whom, title and text.
    """

    def __init__(
        self,
        folder: Path,
        *,
        authorizer: dict[str, Any] | None = None,
        parts: Callable[[], Parts] | None = None,
        articles: Mapping[str, tuple[str, str, str]] = ARTICLES,
    ) -> None:
        self.issuer = AuthorizationServer()
        self.server = LoopbackServer()
        source = folder / "articles"
        source.mkdir(exist_ok=True)
        for slug, (audience, title, text) in articles.items():
            write_article(source, slug, audience, title, text)
        self.settings = GatewaySettings.load(
            helpdesk_env="local",
            port=self.server.port,
            helpdesk_var=folder / "var",
            knowledge_folder=source,
            auth0_issuer=self.issuer.issuer,
            gateway_authorizer={
                "discoveryUrl": self.issuer.discovery_url,
                "allowedAudience": [AUDIENCE],
                "allowedClients": [AGENT],
                "allowedScopes": ["docs:read"],
                **(authorizer or {}),
            },
        )
        self._parts = parts

    def __enter__(self) -> Self:
        http = self.issuer.create_http_client()
        if self._parts is None:
            self.server.start(create_app(self.settings, http=http))
        else:
            self.server.start(create_gateway(self.settings, self._parts(), http=http))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.server.stop()

    @property
    def url(self) -> str:
        """Where MCP is spoken."""
        return f"{self.server.url}mcp"

    def claims(self, **changes: Any) -> dict[str, Any]:
        """The claims of a token that will do; a claim given as None is left out."""
        claims = self.issuer.user_claims(PERSON, audience=AUDIENCE, scopes=["docs:read"], client_id=AGENT) | changes
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, **changes: Any) -> str:
        """A token, signed by the issuer."""
        return self.issuer.signing_key.sign(self.issuer.header(), self.claims(**changes))

    async def post(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
        version: str = MODERN,
    ) -> httpx.Response:
        """One request in the newest version of MCP, with a good token unless another is given, or none (empty)."""
        body: dict[str, Any] = {"jsonrpc": "2.0", "id": uuid.uuid4().hex, "method": method}
        body["params"] = {**(params or {}), "_meta": {**ENVELOPE, "io.modelcontextprotocol/protocolVersion": version}}
        sent = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": version, "Mcp-Method": method}
        if "name" in (params or {}):
            sent["Mcp-Name"] = (params or {})["name"]
        bearer = self.token() if token is None else token
        if bearer:
            sent["Authorization"] = f"Bearer {bearer}"
        async with create_http_client() as http:
            return await http.post(self.url, json=body, headers=sent | (headers or {}))

    async def call(self, name: str, arguments: dict[str, Any], **options: Any) -> httpx.Response:
        """Calls a tool."""
        return await self.post("tools/call", {"name": name, "arguments": arguments}, **options)


def answer(response: httpx.Response) -> Any:
    """What a tool answered, read."""
    result = response.json()["result"]
    assert not result.get("isError"), result
    return json.loads(result["content"][0]["text"])


def parts_of(
    tool: Callable[[Any, Any], Any] | None = None,
    interceptor: Callable[[Any, Any], Any] | None = None,
    *,
    limits: Limits | None = None,
    allowed_request_headers: tuple[str, ...] = (),
) -> Callable[[], Parts]:
    """A gateway's parts, with functions of a test's own."""

    def echo(event: Any, context: Any) -> Any:
        return {"event": event, "custom": context.client_context.custom}

    def pass_on(event: Any, _: Any) -> Any:
        body = event["mcp"]["gatewayRequest"]["body"]
        return {"interceptorOutputVersion": "1.0", "mcp": {"transformedGatewayRequest": {"body": body}}}

    def make() -> Parts:
        definition = {"name": "echo", "description": "Says what it hears.", "inputSchema": {"type": "object"}}
        target = LambdaTarget(
            "test",
            "TARGET",
            LambdaFunction("tool", tool or echo, limits),
            [definition],
            allowed_request_headers=allowed_request_headers,
        )
        return Parts(target, LambdaFunction("interceptor", interceptor or pass_on, limits))

    return make

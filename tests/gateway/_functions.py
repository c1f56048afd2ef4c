"""The two functions as AWS Lambda runs them, and a knowledge base that they can be tried on."""

import base64
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.aws.docs.identity import HEADER, Identity, sign
from deploy.aws.docs.interceptor import Interceptor, InterceptorConfig
from deploy.aws.docs.tool import DocsTool, ToolConfig
from knowledge import KnowledgeIndex
from knowledge.building import build_index

KEY = b"a key that these tests and nobody else know"
GATEWAY = "gateway-of-the-tests"
ISSUER = "https://issuer.example/"
AUDIENCE = "https://helpdesk.example/gateway"
AGENT = "the-docs-agent"
PERSON = "auth0|amelia.hart"

ARTICLES = {
    "vpn-setup": ("everyone", "Set up the VPN", "Open the VPN client, choose the company profile and connect."),
    "printer-setup": ("employees", "Set up a printer", "Choose the printer by the name on its label."),
    "contractor-badge": ("contractors", "A badge for contractors", "Contractors fetch their badge at the front desk."),
    "domain-controllers": ("it", "Restart a domain controller", "Drain the domain controller, then restart it."),
}


def write_article(
    folder: Path, slug: str, audience: str, title: str, text: str, *, updated: str = "2026-03-01"
) -> None:
    """Writes one article as its authors would."""
    front = f"---\ntitle: {title}\naudience: {audience}\nowner: it-docs\nupdated: {updated}\nlanguage: en\n---\n"
    (folder / f"{slug}.md").write_text(f"{front}\n{text}\n\n## Steps\n\n1. {text}\n", encoding="utf-8")


def index_of(folder: Path, articles: dict[str, tuple[str, str, str]] | None = None) -> KnowledgeIndex:
    """The index of some articles: by slug, for whom, title and text."""
    source = folder / "articles"
    source.mkdir()
    for slug, (audience, title, text) in (articles or ARTICLES).items():
        write_article(source, slug, audience, title, text)
    build_index(source, folder / "knowledge.sqlite3")
    return KnowledgeIndex(folder / "knowledge.sqlite3")


@dataclass
class ClientContext:
    """As the Lambda runtime for Python makes it: `custom` holds what the gateway says of the call."""

    custom: dict[str, Any]


@dataclass
class Context:
    """The part of Lambda's context object that matters here."""

    client_context: ClientContext | None


def identity(**changes: Any) -> str:
    """The header of a person who may read what employees do."""
    now = changes.pop("now", time.time())
    key = changes.pop("key", KEY)
    fields: dict[str, Any] = {
        "issuer": ISSUER,
        "subject": PERSON,
        "client_id": AGENT,
        "scopes": frozenset({"docs:read"}),
        "audiences": frozenset({"everyone", "employees"}),
    }
    return sign(Identity(**fields | changes), key, now=now)


def context(tool: str = "search_articles", *, headers: Any = None, **custom: Any) -> Context:
    """The context of a call, by default with a good identity; a member given as None is left out."""
    members = {
        "bedrockAgentCoreMessageVersion": "1.0",
        "bedrockAgentCoreAwsRequestId": "request-1",
        "bedrockAgentCoreMcpMessageId": "1",
        "bedrockAgentCoreGatewayId": GATEWAY,
        "bedrockAgentCoreTargetId": "TARGET",
        "bedrockAgentCoreToolName": f"docs___{tool}",
        "bedrockAgentCorePropagatedHeaders": {HEADER: identity()} if headers is None else headers,
        **custom,
    }
    return Context(ClientContext({name: value for name, value in members.items() if value is not None}))


@dataclass
class Lines:
    """What a function logs."""

    written: list[str] = field(default_factory=list)

    def __call__(self, line: str) -> None:
        self.written.append(line)

    @property
    def last(self) -> dict[str, Any]:
        """The last line, read."""
        found: dict[str, Any] = json.loads(self.written[-1])
        return found


def tool(index: KnowledgeIndex, log: Lines | None = None) -> DocsTool:
    """The search tool, set up as on AWS."""
    return DocsTool(index, ToolConfig(KEY, GATEWAY, log=log or Lines()))


def interceptor(log: Lines | None = None, **changes: Any) -> Interceptor:
    """The interceptor, set up as on AWS."""
    fields: dict[str, Any] = {"identity_key": KEY, "issuer": ISSUER, "audience": AUDIENCE}
    fields |= {"deciders": frozenset({AGENT}), "log": log or Lines()}
    return Interceptor(InterceptorConfig(**fields | changes))


def token(**changes: Any) -> str:
    """A token as the gateway hands it on: verified, so that nothing here looks at its signature."""
    claims = {
        "iss": ISSUER,
        "sub": PERSON,
        "aud": AUDIENCE,
        "exp": int(time.time()) + 600,
        "scope": "docs:read",
        "client_id": AGENT,
        **changes,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    return ".".join((part({"alg": "RS256", "typ": "at+jwt"}), part(claims), "c2lnbmF0dXJl"))


def part(content: Any) -> str:
    """A part of a token, in base64url."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def request(headers: Any = None, **changes: Any) -> dict[str, Any]:
    """The event of the interceptor, by default with a good token."""
    body = {
        "jsonrpc": "2.0",
        "id": 7,
        "method": "tools/call",
        "params": {"name": "docs___search_articles", "arguments": {"question": "vpn"}},
    }
    gateway_request = {
        "path": "/mcp",
        "httpMethod": "POST",
        "headers": {"Authorization": f"Bearer {token()}"} if headers is None else headers,
        "body": body,
        **changes,
    }
    return {
        "interceptorInputVersion": "1.0",
        "mcp": {"rawGatewayRequest": {"body": json.dumps(body)}, "gatewayRequest": gateway_request},
    }

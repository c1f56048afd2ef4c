"""docs_search's way to its articles, whole: an issuer, the gateway on loopback, the search tool behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from strands import Agent
from strands.models import Model

from agents.docs_search.gateway import GatewayClient
from agents.docs_search.library import SCOPE, GatewayLibrary
from agents.docs_search.tools import SYSTEM_PROMPT, create_tools
from shared.a2a import Caller
from shared.authorization import Authorizer, AuthorizeToolCalls
from shared.identity import ClientCredentials, JwksCache, TokenClient, TokenVerifier
from shared.testing import Calls, KeptTrail, RegisteredClient, Relationships, Says, ScriptedModel, SigningKey
from tests.directory._world import texts_of
from tests.gateway._functions import AGENT, ARTICLES, AUDIENCE, PERSON
from tests.gateway._gateway import Gateway

DOCS = "https://helpdesk.example/docs_search"
READ_AT = "https://docs.helpdesk.example/"
SUPERVISOR = "supervisor-api-client"
NOT_FOR_EMPLOYEES = frozenset({"audience:contractors", "audience:it"})
EMPLOYEE = Relationships(lambda check: check.object not in NOT_FOR_EMPLOYEES)


class Documents:
    """A gateway with articles, and docs_search's client of it; runs while the `with` block does.

    Args:
        folder: For articles and index.
        articles: By slug: for whom, title and text.
    """

    def __init__(self, folder: Path, articles: Mapping[str, tuple[str, str, str]] = ARTICLES) -> None:
        self.gateway = Gateway(folder, articles=articles)
        self.issuer = self.gateway.issuer
        self.key = SigningKey("docs-api-client")
        self.trail = KeptTrail()
        self.issuer.clients[AGENT] = RegisteredClient(key=self.key, resource_server_identifier=DOCS)

    def __enter__(self) -> Self:
        self.gateway.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.gateway.__exit__(kind, error, traceback)

    async def caller(self, subject: str = PERSON, **claims: Any) -> Caller:
        """Somebody on whose behalf the supervisor calls."""
        options: dict[str, Any] = {"audience": DOCS, "scopes": [SCOPE], "client_id": SUPERVISOR, "actors": [SUPERVISOR]}
        token = self.issuer.user_token(subject, **options | claims)
        keys = JwksCache(self.issuer.discovery_url, self.issuer.issuer, self.issuer.create_http_client())
        principal = await TokenVerifier(self.issuer.issuer, DOCS, keys).verify(token)
        return Caller(user=principal, agent=None, user_token=token)

    def library(self, http: httpx.AsyncClient, *, url: str | None = None, timeout: float = 10.0) -> GatewayLibrary:
        """The agent's library, as its app composes it."""
        tokens = TokenClient(
            self.issuer.discovery_url,
            self.issuer.issuer,
            self.issuer.create_http_client(),
            ClientCredentials(AGENT, self.key.pem()),
            resource_server_identifier=DOCS,
        )
        client = GatewayClient(url or self.gateway.url, http, scope=SCOPE, timeout=timeout)
        return GatewayLibrary(client, tokens, audience=AUDIENCE, target="docs")

    async def ask(
        self,
        http: httpx.AsyncClient,
        calls: Sequence[tuple[str, dict[str, Any]]],
        *,
        caller: Caller | None = None,
        relationships: Relationships | None = None,
        model: Model | None = None,
    ) -> "Turn":
        """Has a model make these calls, or whatever it likes; by default for an employee."""
        scripted = ScriptedModel([Calls(tuple(calls)), Says(("done",))])
        agent = Agent(
            model=model or scripted,
            tools=[*create_tools(self.library(http), self.trail, base_url=READ_AT)],
            system_prompt=SYSTEM_PROMPT,
            callback_handler=None,
            interventions=[AuthorizeToolCalls(Authorizer(relationships or EMPLOYEE, agent="docs_search"))],
        )
        state = {"caller": caller or await self.caller()}
        await agent.invoke_async("please", invocation_state=state)
        return Turn([text.removeprefix("DENIED: ") for text in texts_of(agent.messages)], scripted)


@dataclass
class Turn:
    """What the tools answered, and everything that the model was shown."""

    answers: list[str]
    model: ScriptedModel

    @property
    def answer(self) -> str:
        """All that was answered."""
        return "\n\n".join(self.answers)

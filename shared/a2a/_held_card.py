"""Another agent's card, fetched from where the settings say that it is, and held.

Where keys are pinned for the agent, nothing is taken but a card that one of them signed. A card that is not taken
takes nothing away either: the one before serves on, until its own key expires.
"""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any, Protocol

import httpx
from a2a.client.card_resolver import parse_agent_card
from a2a.types import AgentCard
from a2a.utils.constants import AGENT_CARD_WELL_KNOWN_PATH

from shared.a2a._body import holds_more_than
from shared.a2a._caller import INVOKE_SCOPE
from shared.a2a._peer_card import PeerCard, read_card
from shared.a2a._peer_transport import MAX_PEER_VALUES
from shared.a2a._reaching import BROKEN
from shared.a2a._signed_card import CardKeys, SignedCard
from shared.audit import Action, Event, Outcome, Rule, Trail, try_note
from shared.errors import HelpdeskError, UpstreamError, UpstreamRefused, UpstreamUnavailable
from shared.identity import AccessToken, CardRefusal
from shared.telemetry import get_logger, metrics

CARD_FRESH_SECONDS = 300.0
CARD_RETRY_SECONDS = 5.0
CARD_TIMEOUT_SECONDS = 5.0
CARD_TRIES = 3
CARD_MAX_BYTES = 256 * 1024
MAX_NAME_CHARACTERS = 64

_log = get_logger()


class AgentTokens(Protocol):
    """Gives the token that names this agent."""

    async def client_credentials(self, *, audience: str, scopes: Collection[str]) -> AccessToken:
        """A machine-to-machine token for `audience`."""
        ...


class HeldCard:
    """One agent's card.

    Args:
        url: Where the agent is, from the settings.
        audience: Its API identifier in Auth0, from the settings.
        http: The process's HTTP client.
        agent_tokens: Gives tokens that name this agent: on AgentCore also the card needs one.
        keys: The keys that it must be signed with; without, it is taken as it comes.
        trail: The record of cards that were refused.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        *,
        url: str,
        audience: str,
        http: httpx.AsyncClient,
        agent_tokens: AgentTokens,
        keys: CardKeys | None,
        trail: Trail,
        clock: Callable[[], float],
    ) -> None:
        self.url = url
        self.audience = audience
        self.held: PeerCard | None = None
        """The card as last seen."""
        self._http = http
        self._agent_tokens = agent_tokens
        self._keys = keys
        self._trail = trail
        self._clock = clock
        self._stale_at = 0.0
        self._fetching: asyncio.Task[None] | None = None
        self._problem: UpstreamError | None = None

    @property
    def name(self) -> str:
        """The name on the card, or else the last part of the audience."""
        return self.held.card.name if self.held else self.audience.rstrip("/").rsplit("/", 1)[-1]

    async def current(self) -> PeerCard:
        """The card: fetched once, and again in the background when it has become old.

        Raises:
            UpstreamUnavailable: if it was never fetched and cannot be now.
            UpstreamRefused: if what came is no card, is not signed as it must be, or names another address.
        """
        if self._clock() >= self._stale_at and (self._fetching is None or self._fetching.done()):
            self._fetching = asyncio.create_task(self._fetch())
        if self.held is None and self._fetching is not None:
            await asyncio.shield(self._fetching)
        if self.held is None:
            raise self._problem or UpstreamUnavailable(self.name, detail=f"no card from {self.url}")
        return self.held

    async def _fetch(self) -> None:
        """Fetches the card; where that fails the old one serves on, and the next try waits a little."""
        self._stale_at = self._clock() + CARD_RETRY_SECONDS
        try:
            async with asyncio.timeout(CARD_TIMEOUT_SECONDS):
                card, signed = self._read(await self._fetch_card())
            held = read_card(card, self._http, url=self.url, name=self.name, signed=signed)
        except TimeoutError:
            self._not_fetched(UpstreamUnavailable(self.name, detail=f"{self.url}: its card came too slowly"))
        except UpstreamError as error:
            self._not_fetched(error)
        except HelpdeskError as error:  # the authorization server would not give the token for the card
            self._not_fetched(UpstreamUnavailable(self.name, detail=error.detail))
        else:
            self.held, self._problem = held, None
            self._stale_at = self._clock() + CARD_FRESH_SECONDS

    def _not_fetched(self, problem: UpstreamError) -> None:
        """Takes note of why there is no new card. The old one is no longer used once its key has expired."""
        is_news = self._problem is None or self._problem.reason != problem.reason
        if problem.reason in set(CardRefusal):
            _log.error("card_refused", agent=self.name, url=self.url, reason=problem.reason)
            metrics.REFUSALS.add("card", problem.reason)
            if is_news:  # it is fetched every few seconds
                details = {"agent": self.name, "audience": self.audience}
                rule = Rule(reason=problem.reason)
                try_note(
                    self._trail,
                    Event(action=Action.CARD_REFUSE, outcome=Outcome.DENIED, rule=rule, details=details),
                )
        else:
            _log.warning("card_not_fetched", agent=self.name, url=self.url, detail=problem.detail)
        self._problem = problem
        signed = self.held.signed if self.held else None
        if signed is not None and self._keys is not None and not self._keys.still_hold(signed):
            self.held = None

    async def _first_answer(self, url: str) -> httpx.Response:
        """What comes of asking for the card: of several replicas one may have ended just now, or not be ready yet."""
        for _ in range(CARD_TRIES - 1):
            with suppress(*BROKEN, TimeoutError):
                async with asyncio.timeout(CARD_TIMEOUT_SECONDS / CARD_TRIES):
                    return await self._http.get(url)
        return await self._http.get(url)

    async def _fetch_card(self) -> Any:
        """What is there for a card, as JSON."""
        url = f"{self.url.rstrip('/')}{AGENT_CARD_WELL_KNOWN_PATH}"
        try:
            response = await self._first_answer(url)
            if response.status_code == httpx.codes.UNAUTHORIZED:  # on AgentCore the card is behind the authorizer
                token = await self._agent_tokens.client_credentials(audience=self.audience, scopes={INVOKE_SCOPE})
                headers = {"Authorization": f"Bearer {token.token.reveal()}"}
                response = await self._http.get(url, headers=headers)
        except httpx.HTTPError as error:
            raise UpstreamUnavailable(self.name, detail=f"{url}: {type(error).__name__}") from error
        if response.status_code != httpx.codes.OK or len(response.content) > CARD_MAX_BYTES:
            raise UpstreamUnavailable(
                self.name, detail=f"{url}: status {response.status_code}, {len(response.content)} bytes"
            )
        try:
            document = response.json()
        except Exception as error:  # what a peer may send: no JSON, no text, nested without end
            raise UpstreamRefused(self.name, detail=f"{url}: not an agent card") from error
        if holds_more_than(document, MAX_PEER_VALUES):
            raise UpstreamRefused(self.name, detail=f"{url}: a card of more than {MAX_PEER_VALUES} values")
        return document

    def _read(self, document: Any) -> tuple[AgentCard, SignedCard | None]:
        """The card that a document is, and how it is signed where that is asked for."""
        try:
            taken = self._keys.take(document) if self._keys else parse_agent_card(document)
        except Exception as error:  # the SDK raises many kinds for what a peer may send
            raise UpstreamRefused(self.name, detail=f"{self.url}: not an agent card") from error
        if isinstance(taken, CardRefusal):
            raise UpstreamRefused(self.name, detail=f"{self.url}: its card is not taken", code=taken)
        card, signed = (taken.card, taken) if isinstance(taken, SignedCard) else (taken, None)
        if not (0 < len(card.name) <= MAX_NAME_CHARACTERS and card.name.isprintable()):
            raise UpstreamRefused(self.name, detail=f"{self.url}: the name on the card is none that can be shown")
        return card, signed

"""A help desk of two replicas of each agent on one PostgreSQL, one of which is killed every few seconds.

People ask all the while, have passwords reset, and an account unlocked. Whoever gets no answer asks again, as any
client may, until there is one. In the end each message must have come to one task, that has ended; each request to the
right answer, or to a refusal that says why; and whatever was changed must have been changed once, approved, on record,
and told.
"""

import asyncio
import json
import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import httpx

from benchmarks.askers import (
    RESET,
    SENT,
    UNLOCK,
    UNLOCKED,
    WHAT_CAME_OF_IT,
    Asked,
    Asker,
    Phone,
    lock,
    said,
)
from benchmarks.effects import Counted, count
from benchmarks.people import Credentials, session_of
from benchmarks.replicated import HOST, REPLICAS, Replicated, balancers, replica_ports
from benchmarks.tables import left, prepared
from portal.record import ANCHORS, KEYS, Database, Source
from portal.session import Desk, Profiles, Session
from portal.stack import AGENTS, Processes, free_ports
from shared.http import create_http_client
from shared.testing import PostgresServer

QUESTIONS: Final = {
    "account": "Which groups am I in?",
    "document": "Where is the VPN guide?",
    "both": "Which groups am I in, and where is the VPN guide?",
}
CARD: Final = "/.well-known/agent-card.json"
"""An agent answers this once it can work."""

READER: Final = "amelia.hart"
"""She asks; her account is the one that is locked and unlocked."""

RESETTERS: Final = (
    *("nadia.okafor", "tomas.reyes", "marek.dudek", "ingrid.solberg", "dario.venturi"),
    *("priya.raman", "sam.whitlock", "olu.adeyemi", "wen.zhao", "elodie.marchetti"),
)
DENIER: Final = "kirsten.vale"
"""She has her password reset, denies it at the phone, and asks again."""

READERS: Final = 3
KILL_EVERY: Final = (2.0, 5.0)
SIGN_IN_SECONDS: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class Plot:
    """How it is done.

    Attributes:
        seconds: For how long people begin to ask.
        readers: How many ask questions at once.
        resetters: Who has passwords reset, again and again.
        denier: Who denies it; nobody, if empty.
        kill_every: How long it is at least, and at most, from one kill to the next.
    """

    seconds: float
    readers: int = READERS
    resetters: Sequence[str] = RESETTERS
    denier: str = DENIER
    kill_every: tuple[float, float] = KILL_EVERY


@dataclass
class Outcome:
    """What came of it.

    Attributes:
        asked: Who asked for what.
        kills: How often a replica of each agent was killed.
        locked: How often an account was locked.
        sent_again: How often a message was sent again, because no task came of it.
        counted: What was changed.
        left: What is in the tables.
    """

    asked: list[tuple[str, Asked]] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    locked: int = 0
    sent_again: int = 0
    counted: Counted = field(default_factory=Counted)
    left: dict[str, int] = field(default_factory=dict)

    @property
    def missed(self) -> list[str]:
        """What is not as it has to be."""
        found = [
            f"{login}, {each.kind}: {each.outcome}: {each.said[-500:]!r}"
            for login, each in self.asked
            if not _is_as_it_must_be(each)
        ]
        found += self.counted.wrong
        found += [f"{self.left['unfinished']} tasks were left under way"] if self.left["unfinished"] else []
        found += [f"{self.left['tasks']} tasks for {self.left['messages']} messages"] * (
            self.left["tasks"] != self.left["messages"]
        )
        return found


async def play(database: PostgresServer, plot: Plot) -> Outcome:
    """Plays it on a help desk of its own.

    Args:
        database: An empty one.
        plot: How.
    """
    keeper, urls = await asyncio.to_thread(prepared, database)
    async with _desk(urls) as desk:
        outcome = Outcome()
        asking = _Asking(desk, outcome)
        await asking.begin(plot)
        until = time.monotonic() + plot.seconds
        async with asyncio.TaskGroup() as group:
            group.create_task(_kill(desk, outcome, plot, until))
            for work in asking.work(plot, until):
                group.create_task(work)
        await asking.find_out(plot)
        messages = {message for _, each in outcome.asked for message in each.tasks}
        outcome.sent_again = sum(asker.sent_again for asker in asking.askers.values())
        outcome.left = await left(database.url, len(messages))
        state = desk.plan.state
        trails = [
            Source(Database(keeper, agent), tuple((state / agent / KEYS).glob("*.pem")), state / ANCHORS / agent)
            for agent in AGENTS
        ]
        outcome.counted = await asyncio.to_thread(
            count, state / "directory", database.url, trails, outcome.asked, locked=outcome.locked
        )
        return outcome


@dataclass(frozen=True)
class _Desk:
    plan: Replicated
    processes: Processes
    http: httpx.AsyncClient
    profiles: Profiles
    stack: AsyncExitStack


@asynccontextmanager
async def _desk(urls: Mapping[str, str]) -> AsyncIterator[_Desk]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="helpdesk-replicas-")))
        http = await stack.enter_async_context(create_http_client())
        plan = Replicated(folder / "var", free_ports(), database_urls=urls, replica_ports=replica_ports())
        await stack.enter_async_context(balancers(plan))
        processes = Processes(plan.stages(), logs=folder / "log", http=http, tell=lambda _: None)
        stack.push_async_callback(processes.stop)
        await processes.start()
        yield _Desk(plan, processes, http, Profiles(folder / "home"), stack)


class _Asking:
    """Who asks, and for what."""

    def __init__(self, desk: _Desk, outcome: Outcome) -> None:
        self._desk = desk
        self._outcome = outcome
        self.askers: dict[str, Asker] = {}
        self._expected: dict[str, str] = {}

    async def begin(self, plot: Plot) -> None:
        """Signs everybody in, and has the questions answered once while all is well."""
        people = [READER, *plot.resetters, *([plot.denier] if plot.denier else [])]
        for login in people:  # one after the other: there are few ports for a browser to come back to
            self.askers[login] = await self._sign_in(login)
        for kind, text in QUESTIONS.items():
            first = Asked("before")
            self._expected[kind] = said(await self.askers[READER].ask(text, first))
            self._outcome.asked.append((READER, first))
            first.outcome = "right"

    async def _sign_in(self, login: str) -> Asker:
        plan = self._desk.plan
        known = [json.loads((plan.state / part / "users.json").read_text("utf-8")) for part in ("tenant", "directory")]
        desk = Desk(plan.issuer, plan.client_id("help-desk-command-line"), plan.audience, plan.supervisor_url)
        credentials = Credentials(login, *(each[login] for each in known))
        session = await self._session(desk, credentials)
        phone = Phone(f"{plan.issuer}phone", login, credentials.password)
        self._desk.stack.push_async_callback(phone.aclose)
        return Asker(login, session, plan.supervisor_url, self._desk.http, phone)

    async def _session(self, desk: Desk, person: Credentials) -> Session:
        """Their session, once there is a port for their browser to come back to, which others on this machine use."""
        async with asyncio.timeout(SIGN_IN_SECONDS):
            while True:
                with suppress(ExceptionGroup):
                    return await session_of(desk, person, self._desk.http, self._desk.profiles)
                await asyncio.sleep(0.5)

    def work(self, plot: Plot, until: float) -> list[Coroutine[None, None, None]]:
        """All that is done at the same time."""
        work = [self._read(until, number) for number in range(plot.readers)]
        work += [self._reset(until, login) for login in plot.resetters]
        work.append(self._unlock(until))
        if plot.denier:
            work.append(self._deny(plot.denier))
        return work

    async def _read(self, until: float, number: int) -> None:
        kinds = list(QUESTIONS)
        for turn in range(10**6):
            if time.monotonic() >= until:
                return
            kind = kinds[(turn + number) % len(kinds)]
            await self._ask(READER, kind, QUESTIONS[kind], partial(_same, self._expected[kind]))

    async def _reset(self, until: float, login: str) -> None:
        while time.monotonic() < until:
            asked = await self._ask(login, "reset", RESET, lambda text: SENT in text)
            if asked.outcome != "right":
                return  # they are not asked again so soon

    async def _deny(self, login: str) -> None:
        await self._ask(login, "reset", RESET, lambda text: "It was **denied**" in text, answer="deny")

    async def _unlock(self, until: float) -> None:
        while time.monotonic() < until:
            await asyncio.to_thread(lock, self._desk.plan.state / "directory", READER)
            self._outcome.locked += 1
            await self._ask(READER, "unlock", UNLOCK, lambda text: any(words in text for words in UNLOCKED))
            await asyncio.sleep(0.5)

    async def find_out(self, plot: Plot) -> None:
        """Has people ask, once nothing is killed any more, what became of links that they may not have been told of."""
        for login in {login for login, asked in self._outcome.asked if asked.codes} & {*plot.resetters}:
            await self._ask(login, "what came of it", WHAT_CAME_OF_IT, lambda text: "last reset on" in text)

    async def _ask(
        self, login: str, kind: str, text: str, is_right: Callable[[str], bool], *, answer: str = "approve"
    ) -> Asked:
        asked = await self.askers[login].wants(kind, text, is_right=is_right, answer=answer)
        self._outcome.asked.append((login, asked))
        return asked


def _same(expected: str, text: str) -> bool:
    """Whether an answer is the expected one; of two parts, either may come first."""
    return sorted(text.splitlines()) == sorted(expected.splitlines())


async def _kill(desk: _Desk, outcome: Outcome, plot: Plot, until: float) -> None:
    """Kills a replica now and then, of each agent as often; one of each stays: who kills all has no replicas."""
    chance = random.Random(7)  # noqa: S311 -- the same chances in each run
    while True:
        pause = chance.uniform(*plot.kill_every)
        if time.monotonic() + pause >= until:
            return
        await asyncio.sleep(pause)
        number = chance.randint(1, REPLICAS)
        for agent in sorted(AGENTS, key=lambda each: (outcome.kills[each], chance.random())):
            if all([await _works(desk.http, port) for port in desk.plan.replica_ports[agent]]):
                os.kill(desk.processes.process_ids()[f"{agent}-{number}"], signal.SIGKILL)
                outcome.kills[agent] += 1
                break


async def _works(http: httpx.AsyncClient, port: int) -> bool:
    """Whether a replica can answer."""
    try:
        return (await http.get(f"http://{HOST}:{port}{CARD}")).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _is_as_it_must_be(asked: Asked) -> bool:
    """Whether somebody got an answer, or was refused for a reason that is none of the kills'."""
    return asked.outcome == "right" or (asked.outcome == "refused" and asked.kind == "reset")

"""Two replicas of each of the four agents on one PostgreSQL, one of which is killed every few seconds.

People ask all the while. Whoever gets no answer sends the same message again, as any client may, until there is one. In
the end each message must have come to one task, that has ended: with the right answer, or with words that say that an
agent stopped. Nothing may be left under way, and nothing be there twice.
"""

import argparse
import asyncio
import os
import random
import signal
import statistics
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg

from benchmarks.agents import known_at
from benchmarks.people import session_of
from benchmarks.replicated import HOST, REPLICAS, Replicated, balancers, replica_ports
from benchmarks.report import Report, table
from portal.session import Profiles, Session
from portal.stack import AGENTS, Processes, free_ports
from shared.http import create_http_client
from shared.testing import find_postgres, postgres_server

TITLE: Final = "Two replicas of each agent on one PostgreSQL, under load, one killed every few seconds"
QUESTIONS: Final = {
    "account": "Which groups am I in?",
    "document": "Where is the VPN guide?",
    "both": "Which groups am I in, and where is the VPN guide?",
}
CARD: Final = "/.well-known/agent-card.json"
"""An agent answers this once it can work."""

CLIENTS: Final = 4
KILL_EVERY: Final = (2.0, 5.0)
ANSWER_SECONDS: Final = 60.0
SETTLE_SECONDS: Final = 30.0
ENDED: Final = ("TASK_STATE_COMPLETED", "TASK_STATE_FAILED")
STOPPED: Final = ("stopped before", "away at the moment", "not available right now", "could not", "broke off")
"""What a person may read where an agent was killed while it worked for them."""


@dataclass
class Tally:
    """What came of the messages.

    Attributes:
        expected: The right answer to each question, from before anything was killed.
    """

    expected: dict[str, str]
    tasks: dict[str, str] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    again: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    stopped: Counter[str] = field(default_factory=Counter)


def run(arguments: argparse.Namespace) -> Report:
    """Runs it for as long as `--kill-seconds` says."""
    if find_postgres() is None:
        return Report("PostgreSQL is not installed: nothing was measured.", {}, [])
    with postgres_server(is_durable=True) as database:
        tally, left = asyncio.run(_run(database.url, arguments.kill_seconds))
    return _report(tally, left, arguments.kill_seconds)


async def _run(url: str, seconds: float) -> tuple[Tally, dict[str, int]]:
    async with _desk(url) as (plan, processes, session, http):
        client = _Client(plan.supervisor_url, session, http)
        tally = Tally({kind: _said(await client.ask(text, uuid.uuid4().hex)) for kind, text in QUESTIONS.items()})
        until = time.monotonic() + seconds
        async with asyncio.TaskGroup() as group:
            group.create_task(_kill(plan, processes, http, tally, until))
            for number in range(CLIENTS):
                group.create_task(_ask(client, tally, until, number))
        return tally, await _left(url, len(tally.tasks) + len(QUESTIONS))


@asynccontextmanager
async def _desk(url: str) -> AsyncIterator[tuple[Replicated, Processes, Session, httpx.AsyncClient]]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="helpdesk-replicas-")))
        http = await stack.enter_async_context(create_http_client())
        plan = Replicated(folder / "var", free_ports(), database_url=url, replica_ports=replica_ports())
        await stack.enter_async_context(balancers(plan))
        processes = Processes(plan.stages(), logs=folder / "log", http=http, tell=lambda _: None)
        stack.push_async_callback(processes.stop)
        await processes.start()
        session = await session_of(*known_at(plan), http, Profiles(folder / "home"))
        yield plan, processes, session, http


class _Client:
    def __init__(self, url: str, session: Session, http: httpx.AsyncClient) -> None:
        self._url = url
        self._session = session
        self._http = http
        self.again = 0

    async def ask(self, text: str, message_id: str) -> dict[str, Any]:
        """The task that comes of a message, which is sent again until there is one.

        Raises:
            TimeoutError: if there is none in time.
        """
        message = {"messageId": message_id, "role": "ROLE_USER", "parts": [{"text": text}]}
        body = {"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": {"message": message}}
        async with asyncio.timeout(ANSWER_SECONDS):
            while True:
                headers = {"Authorization": f"Bearer {await self._session.access_token()}", "A2A-Version": "1.0"}
                try:
                    response = await self._http.post(self._url, json=body, headers=headers, timeout=ANSWER_SECONDS)
                    task = response.json().get("result", {}).get("task")
                    if task is not None and task["status"]["state"] in ENDED:
                        found: dict[str, Any] = task
                        return found
                except httpx.HTTPError:
                    pass
                self.again += 1
                await asyncio.sleep(0.2)


async def _ask(client: _Client, tally: Tally, until: float, number: int) -> None:
    kinds = list(QUESTIONS)
    for turn in range(10**6):
        if time.monotonic() >= until:
            return
        kind, message_id, begun = kinds[(turn + number) % len(kinds)], uuid.uuid4().hex, time.monotonic()
        try:
            task = await client.ask(QUESTIONS[kind], message_id)
        except TimeoutError:
            tally.outcomes["no answer"] += 1
            continue
        tally.seconds.append(time.monotonic() - begun)
        tally.tasks[message_id] = task["id"]
        tally.again = client.again
        tally.outcomes[_outcome(task, tally.expected[kind], tally)] += 1


def _outcome(task: dict[str, Any], expected: str, tally: Tally) -> str:
    said = _said(task)
    if sorted(said.splitlines()) == sorted(expected.splitlines()):  # of two parts, either may come first
        return "right"
    news = [line for line in said.splitlines() if line not in expected.splitlines()]
    if news and all(any(words in line for words in STOPPED) for line in news):
        tally.stopped.update(news)
        return "said that an agent stopped"
    tally.wrong.append(said)
    return "wrong"


def _said(task: dict[str, Any]) -> str:
    parts = [part for artifact in task.get("artifacts", []) for part in artifact["parts"]]
    parts += task["status"].get("message", {}).get("parts", [])
    return "\n".join(part.get("text", "") for part in parts)


async def _kill(plan: Replicated, processes: Processes, http: httpx.AsyncClient, tally: Tally, until: float) -> None:
    """Kills a replica now and then; of each agent one stays, as who kills all has no replicas."""
    chance = random.Random(7)  # noqa: S311 -- the same chances in each run
    while True:
        pause = chance.uniform(*KILL_EVERY)
        if time.monotonic() + pause >= until:
            return
        await asyncio.sleep(pause)
        agent = chance.choice(AGENTS)
        number = chance.randint(1, REPLICAS)
        if all([await _works(http, port) for port in plan.replica_ports[agent]]):
            os.kill(processes.process_ids()[f"{agent}-{number}"], signal.SIGKILL)
            tally.kills[agent] += 1


async def _works(http: httpx.AsyncClient, port: int) -> bool:
    """Whether a replica can answer."""
    try:
        return (await http.get(f"http://{HOST}:{port}{CARD}")).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


async def _left(url: str, messages: int) -> dict[str, int]:
    """What is in the tables once the last abandoned task was ended."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        unfinished, tasks = 0, 0
        async with await psycopg.AsyncConnection.connect(url) as connection:
            for agent in AGENTS:
                query = f"SELECT count(*) FILTER (WHERE state IN (0, 1, 2, 6, 8)), count(*) FROM {agent}.tasks"  # noqa: S608 -- fixed text
                row = await (await connection.execute(query.encode())).fetchone()
                assert row is not None
                unfinished += row[0]
                tasks = row[1] if agent == "supervisor" else tasks
        if unfinished == 0 or time.monotonic() > deadline:
            return {"unfinished": unfinished, "messages": messages, "tasks": tasks}
        await asyncio.sleep(1)


def _report(tally: Tally, left: dict[str, int], seconds: float) -> Report:
    answered = len(tally.seconds)
    slowest = sorted(tally.seconds)
    kinds = ("right", "said that an agent stopped", "wrong", "no answer")
    text = table(("what came of a message", "messages"), [[kind, str(tally.outcomes[kind])] for kind in kinds])
    kills = ", ".join(f"{agent} {tally.kills[agent]}" for agent in AGENTS)
    text += (
        f"\n\n{REPLICAS} replicas of each agent, {CLIENTS} people, {seconds:.0f} s; killed: {kills}.\n"
        f"{answered / seconds:.1f} answers a second; p50 {statistics.median(slowest) * 1000:.0f} ms, "
        f"p99 {slowest[min(answered - 1, answered * 99 // 100)]:.1f} s, slowest {slowest[-1]:.1f} s; "
        f"sent again {tally.again} times.\n"
        f"Tasks of the supervisor: {left['tasks']} for {left['messages']} messages; left unfinished at any agent: "
        f"{left['unfinished']}.\n"
    )
    text += "".join(f"\n{number} read: {words}" for words, number in tally.stopped.most_common())
    missed = [f"{tally.outcomes[kind]} messages: {kind}" for kind in ("wrong", "no answer") if tally.outcomes[kind]]
    missed += [f"wrong: {said[-700:]!r}" for said in tally.wrong[:3]]
    missed += [f"{left['unfinished']} tasks were left unfinished"] if left["unfinished"] else []
    missed += [f"{left['tasks']} tasks for {left['messages']} messages"] if left["tasks"] != left["messages"] else []
    numbers = {"outcomes": dict(tally.outcomes), "seconds": tally.seconds, "kills": dict(tally.kills), **left}
    return Report(text, numbers, missed)

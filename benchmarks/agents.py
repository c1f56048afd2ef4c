"""The agents themselves: start-up to the first `/ping`, memory, and the model calls and time of whole requests."""

import argparse
import asyncio
import contextlib
import json
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from benchmarks.people import Credentials, signed_in
from benchmarks.report import Report, table
from portal.conversation import Conversation, HelpDesk
from portal.session import Desk, Profiles
from portal.stack import Plan, Processes, free_ports
from shared.http import create_http_client

TITLE: Final = "The four agents, as `make run` starts them, with the offline planner"

AGENTS: Final = ("supervisor", "account_lookup", "password_reset", "docs_search")
PERSON: Final = "amelia.hart"
QUESTIONS: Final = {
    "one intent": "Which groups am I in?",
    "a document": "Where is the VPN guide?",
    "two intents": "Is my account locked, and where is the VPN guide?",
    "none of ours": "Please book me a flight to Lisbon",
}
MAX_START_SECONDS: Final = 2.0
MAX_MEGABYTES: Final = 150.0
MODEL_CALLS_OF_ONE_INTENT: Final = 2.0
ASKED: Final = 15
PROBE_SECONDS: Final = 0.02

_MODEL_CALLS = re.compile(r"run_finished.*model_calls\W+(\d+)")


@dataclass(frozen=True, slots=True)
class RunningDesk:
    """A help desk that runs, and a person who is signed in."""

    processes: Processes
    http: httpx.AsyncClient
    urls: dict[str, str]
    logs: Path
    desk: HelpDesk
    plan: Plan

    def model_calls(self) -> int:
        """How often any agent has called its model so far, by the agents' own logs."""
        return sum(
            int(match[1])
            for name in AGENTS
            for match in _MODEL_CALLS.finditer((self.logs / f"{name}.log").read_text(encoding="utf-8"))
        )

    def megabytes(self, name: str) -> float:
        """The resident memory of a part."""
        pid = self.processes.process_ids()[name]
        said = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], check=True, capture_output=True, text=True)  # noqa: S603, S607 -- ps of POSIX
        return int(said.stdout) / 1024


def run(arguments: argparse.Namespace) -> Report:
    """Measures them, each start-up as often as there are rounds."""
    return asyncio.run(_run(rounds=arguments.rounds))


async def _run(*, rounds: int) -> Report:
    async with help_desk() as desk:
        starts = {name: [await _restart(desk, name) for _ in range(rounds)] for name in AGENTS}
        idle = {name: desk.megabytes(name) for name in AGENTS}
        requests = {kind: await ask(desk, text) for kind, text in QUESTIONS.items()}
        used = {name: desk.megabytes(name) for name in AGENTS}
    numbers = {"start_seconds": starts, "idle_megabytes": idle, "used_megabytes": used, "requests": requests}
    return Report(text=_text(starts, idle, used, requests), numbers=numbers, missed=_missed(starts, used, requests))


async def _restart(desk: RunningDesk, name: str) -> float:
    """Seconds from nothing to the first answer of `/ping`; the agent is let come up wholly before the next is begun."""
    await desk.processes.stop_part(name)
    begun = time.monotonic()
    starting = asyncio.create_task(desk.processes.start_part(name))
    seconds = None
    while seconds is None and not starting.done():
        with contextlib.suppress(httpx.HTTPError):
            if (await desk.http.get(f"{desk.urls[name]}ping", timeout=5.0)).status_code == httpx.codes.OK:
                seconds = time.monotonic() - begun
        await asyncio.sleep(PROBE_SECONDS)
    await starting
    return seconds if seconds is not None else time.monotonic() - begun


async def ask(desk: RunningDesk, text: str) -> dict[str, float]:
    """Model calls and milliseconds of one request; the first, which finds nothing at hand, is not counted."""
    conversation = Conversation(desk.desk)
    await conversation.turn(text, lambda _: None)
    before, seconds = desk.model_calls(), []
    for _ in range(ASKED):
        conversation.begin_another()
        seconds.append((await conversation.turn(text, lambda _: None)).seconds)
    calls = (desk.model_calls() - before) / ASKED
    return {"model_calls": calls, "p50": statistics.median(seconds) * 1000, "max": max(seconds) * 1000}


@asynccontextmanager
async def help_desk() -> AsyncIterator[RunningDesk]:
    """The help desk, as `make run` starts it, on free ports in a folder of its own."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="helpdesk-bench-")))
        http = await stack.enter_async_context(create_http_client())
        plan = Plan(folder / "var", free_ports())
        processes = Processes(plan.stages(), logs=folder / "log", http=http, tell=lambda _: None)
        stack.push_async_callback(processes.stop)
        await processes.start()
        urls = {name: plan.url(name) for name in AGENTS}
        person = await _signed_in(plan, http, Profiles(folder / "home"))
        yield RunningDesk(processes, http, urls, folder / "log", person, plan)


async def _signed_in(plan: Plan, http: httpx.AsyncClient, profiles: Profiles) -> HelpDesk:
    """The line of a person of the example people."""
    return await signed_in(*known_at(plan), http, profiles)


def known_at(plan: Plan) -> tuple[Desk, Credentials]:
    """The help desk of a plan, and a person of the example people."""
    desk = Desk(plan.issuer, plan.client_id("help-desk-command-line"), plan.audience, plan.supervisor_url)
    known = [json.loads((plan.state / part / "users.json").read_text("utf-8")) for part in ("tenant", "directory")]
    return desk, Credentials(PERSON, *(each[PERSON] for each in known))


def _text(
    starts: dict[str, list[float]],
    idle: dict[str, float],
    used: dict[str, float],
    requests: dict[str, dict[str, float]],
) -> str:
    agents = table(
        ["agent", "first /ping, s", "idle, MB", "after requests, MB"],
        [[name, f"{statistics.median(starts[name]):.2f}", f"{idle[name]:.0f}", f"{used[name]:.0f}"] for name in AGENTS],
    )
    asked = table(
        ["request, streamed", "model calls", "p50, ms", "slowest, ms"],
        [
            [kind, f"{numbers['model_calls']:.1f}", f"{numbers['p50']:.0f}", f"{numbers['max']:.0f}"]
            for kind, numbers in requests.items()
        ],
    )
    return f"{agents}\n\n{asked}\n"


def _missed(starts: dict[str, list[float]], used: dict[str, float], requests: dict[str, dict[str, float]]) -> list[str]:
    missed = [
        f"{name} answers /ping after {statistics.median(starts[name]):.2f} s, not {MAX_START_SECONDS} s"
        for name in AGENTS
        if statistics.median(starts[name]) > MAX_START_SECONDS
    ]
    missed += [
        f"{name} takes {used[name]:.0f} MB, not {MAX_MEGABYTES:.0f}" for name in AGENTS if used[name] > MAX_MEGABYTES
    ]
    if requests["one intent"]["model_calls"] != MODEL_CALLS_OF_ONE_INTENT:
        missed.append(f"one intent costs {requests['one intent']['model_calls']} model calls")
    return missed

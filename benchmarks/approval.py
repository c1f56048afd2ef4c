"""What waiting costs: 1,000 approvals pending on one password_reset, beside none, in one run of the whole help desk."""

import argparse
import asyncio
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from benchmarks.agents import RunningDesk, ask, help_desk
from benchmarks.report import Report, table
from local.tenant._backchannel import BackchannelRequests  # lint: allow private-import -- more than people may ask for
from local.tenant._database import Database  # lint: allow private-import -- as above
from shared.approval import Entry, Limits, SqliteActionLedger, State
from shared.tasks import SqliteStorage

TITLE: Final = "Approvals that wait: 1,000 pending on one agent, and none"

AGENT: Final = "password_reset"
CLIENT: Final = "password-reset-approvals"
PENDING: Final = 1000
INTERVAL: Final = 5.0
WATCHED_SECONDS: Final = 20.0
SAMPLE_SECONDS: Final = 2.0
"""Less than the interval, so that each poll is counted once."""

QUESTION: Final = "What is the password policy?"
HOUR: Final = 3600
MAX_PROCESSOR: Final = 0.75
MAX_MORE_MEGABYTES: Final = 25.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took while it was watched.

    Attributes:
        processor: Seconds of processor time in a second.
        megabytes: Resident memory at the end.
        threads: How many it has.
        connections: How many sockets it has open.
        polls: How often it asked the tenant for an answer, in a second.
        milliseconds: The median time of another question that goes through it meanwhile.
    """

    processor: float
    megabytes: float
    threads: int
    connections: int
    polls: float
    milliseconds: float


def run(arguments: argparse.Namespace) -> Report:  # noqa: ARG001 -- as every benchmark takes them
    """Measures them, one after the other."""
    costs = asyncio.run(_run())
    rows = [
        [
            f"{pending:,} pending",
            f"{cost.processor * 100:.1f}",
            f"{cost.megabytes:.0f}",
            f"{cost.threads}",
            f"{cost.connections}",
            f"{cost.polls:.1f}",
            f"{cost.milliseconds:.0f}",
        ]
        for pending, cost in costs.items()
    ]
    header = [AGENT, "processor, %", "memory, MB", "threads", "connections", "polls/s", "another question, p50 ms"]
    return Report(
        text=f"{table(header, rows)}\n",
        numbers={
            str(pending): {name: getattr(cost, name) for name in Cost.__slots__} for pending, cost in costs.items()
        },
        missed=_missed(costs[0], costs[PENDING]),
    )


async def _run() -> dict[int, Cost]:
    async with help_desk() as desk:
        with _Tenant(desk.plan.state / "tenant" / "tenant.sqlite3") as tenant:
            await ask(desk, QUESTION)
            none = await _watch(desk, tenant)
            await _fill(desk, tenant)
            await asyncio.sleep(2 * INTERVAL)
            return {0: none, PENDING: await _watch(desk, tenant)}


async def _watch(desk: RunningDesk, tenant: "_Tenant") -> Cost:
    pid = desk.processes.process_ids()[AGENT]
    spent, begun, polls, sampled = _processor_seconds(pid), time.monotonic(), 0, time.time()
    while time.monotonic() - begun < WATCHED_SECONDS:
        await asyncio.sleep(SAMPLE_SECONDS)
        before, sampled = sampled, time.time()
        polls += tenant.polled(before, sampled)
    seconds = time.monotonic() - begun
    processor = (_processor_seconds(pid) - spent) / seconds
    megabytes, threads, connections = desk.megabytes(AGENT), _threads(pid), _connections(pid)
    question = await ask(desk, QUESTION)  # after the rest was measured, for it takes processor time itself
    return Cost(processor, megabytes, threads, connections, polls / seconds, question["p50"])


async def _fill(desk: RunningDesk, tenant: "_Tenant") -> None:
    """Adds what a thousand people's requests leave, at both ends, as if they had been asked just now."""
    storage = SqliteStorage.open(desk.plan.state / AGENT / "helpdesk.sqlite3", agent=AGENT)
    ledger, now, client_id = SqliteActionLedger(storage.database), time.time(), desk.plan.client_id(CLIENT)
    try:
        for number in range(PENDING):
            entry = _entry(number, now)
            auth_req_id = tenant.start(client_id, entry)
            refused = await ledger.open(entry, Limits())
            assert refused is None, refused
            due = now + INTERVAL * number / PENDING
            moved = await ledger.move(
                entry.id, {State.ASKING}, State.REQUESTED, auth_req_id=auth_req_id, asked=1, next_poll_at=due
            )
            assert moved
    finally:
        storage.close()


def _entry(number: int, now: float) -> Entry:
    return Entry(
        id=f"benchmark-{number}",
        state=State.ASKING,
        owner=f"benchmark {number}",
        task_id=f"benchmark-{number}",
        operation="reset_password",
        account=f"benchmark-{number}",
        approver=f"auth0|benchmark-{number}",
        digest="0" * 43,
        details="[]",
        binding_message="Reset password of somebody, code AAAA",
        code="AAAA",
        words="It waits.",
        tool="reset_password",
        arguments="{}",
        created_at=now,
        deadline=now + HOUR,
        asked_at=now,
        interval=INTERVAL,
    )


class _Tenant:
    """The local tenant's own table of requests, opened beside it."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path)
        self._requests = BackchannelRequests(self._database, time.time)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def start(self, client_id: str, entry: Entry) -> str:
        """A request as `/bc-authorize` keeps it; its id."""
        auth_req_id, _ = self._requests.start(
            client_id,
            entry.approver,
            scope=("openid", "action:approve"),
            audience=None,
            binding_message=entry.binding_message,
            authorization_details=None,
            expires_in=HOUR,
        )
        return auth_req_id

    def polled(self, after: float, until: float) -> int:
        """How many were polled for between two moments."""
        row = self._database.row(
            "select count(*) as total from backchannel_requests where polled_at > ? and polled_at <= ?", after, until
        )
        return int(row["total"]) if row is not None else 0


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def _connections(pid: int) -> int:
    return sum(str(each.readlink()).startswith("socket:") for each in Path(f"/proc/{pid}/fd").iterdir())


def _missed(none: Cost, many: Cost) -> list[str]:
    missed = []
    if many.processor > MAX_PROCESSOR:
        missed.append(f"waiting takes {many.processor * 100:.0f} % of a processor, not {MAX_PROCESSOR * 100:.0f}")
    if many.megabytes - none.megabytes > MAX_MORE_MEGABYTES:
        missed.append(f"waiting takes {many.megabytes - none.megabytes:.0f} MB more, not {MAX_MORE_MEGABYTES:.0f}")
    if many.threads > none.threads:
        missed.append(f"waiting takes {many.threads - none.threads} more threads")
    return missed

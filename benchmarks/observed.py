"""What it costs to be seen: our two hops with an audit trail, with traces and metrics, with all of it, and unseen.

The audit trail is durable and sealed, as an agent's. Every request is sampled.

Machines are noisy, and no two processes of one program are equally fast. So all variants run side by side and are
measured in turn, in bursts of about a second at most, in an order that is drawn anew each time. What is compared is a
block of bursts with the block of the unseen path from the same seconds, and each round starts all processes afresh.
A second unseen path is measured as if it were a variant: by how much it differs, this measurement cannot tell.

What is noted and recorded is written within half a second by threads besides. Where the processors are full, a burst
lasts longer than that, and the next one comes a little more than half a second later: by then the threads have written
the rest, which delayed nobody else's requests and whose processor time is counted with those that it is about.

Where PostgreSQL is installed the two hops keep their tasks there as well, on a server that waits for its disk, and the
audit trail in it: that is compared with the same without a trail.
"""

import argparse
import asyncio
import math
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, astuple, dataclass, field
from pathlib import Path
from typing import Final, Self

from benchmarks.path import Ours, sign_in, start_ours
from benchmarks.processes import Load, free_port, load, server
from benchmarks.report import Report, table
from local.tenant.testing import LocalTenant
from shared.audit.postgres import prepare
from shared.testing import find_postgres, postgres_server

TITLE: Final = "Two hops seen: audit trail; traces and metrics to a file, to a receiver (OTLP over HTTP); both"
OFF: Final = "off"
AGAIN: Final = "off, again"
POSTGRES: Final = "PostgreSQL, off"
UNSEEN: Final = {POSTGRES: POSTGRES, "PostgreSQL, audit": POSTGRES}
"""With what variants are compared that are not compared with what is off."""

AUDIT: Final = {"AUDIT_FILE": "{folder}/{role}.audit.sqlite3"}
SPANS: Final = {"OTEL_BSP_SCHEDULE_DELAY": "500"}
"""Spans leave as often as the trail is written; by default they may wait for five seconds."""

FILE: Final = {"TELEMETRY_FILE": "{folder}/{role}.jsonl"} | SPANS
BLOCKS: Final = 4
"""In each round."""

MAX_P50: Final = 1.05
"""Of what is not seen."""

PER_CONNECTION: Final = 2
"""The first requests of each connection in each burst, which are not counted: others had the processor before."""


@dataclass(frozen=True, slots=True)
class Bursts:
    """How variants are measured in turn.

    Attributes:
        clients: How many ask at a time.
        requests: Of one burst, at most.
        seconds: How long one takes, at most.
        turns: How many bursts of each variant make a block.
        settling: Seconds after each, in which what is gathered is written.
    """

    clients: int
    requests: int
    seconds: float
    turns: int
    settling: float


BURSTS: Final = (
    Bursts(1, requests=14, seconds=0.25, turns=6, settling=0.0),
    Bursts(8, requests=360, seconds=2.0, turns=1, settling=0.55),
)
"""With eight, the processors are full."""


@dataclass(slots=True)
class Measured:
    """What was measured of one variant with so many clients.

    Attributes:
        p50: Milliseconds, of each block.
        cpu: Milliseconds of the processor for each request, of both hops, of each block.
        errors: How many requests failed.
    """

    p50: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    errors: int = 0


Results = dict[tuple[str, int], Measured]


def run(arguments: argparse.Namespace) -> Report:
    """Starts all, measures in turn, as many rounds as are asked for; compares."""
    results: Results = {}
    with tempfile.TemporaryDirectory(prefix="bench-observed-") as name, ExitStack() as stack:
        folder = Path(name)
        tenant = stack.enter_context(LocalTenant(folder / "tenant"))
        headers = [{"Authorization": f"Bearer {token}"} for token in asyncio.run(sign_in(tenant))]
        port = free_port()
        stack.enter_context(
            server("benchmarks.servers.receiver", [str(port)], port, folder / "receiver.log", ready_path="/")
        )
        otlp = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"} | SPANS
        variants: dict[str, dict[str, str]] = {
            OFF: {},
            AGAIN: {},
            "audit": AUDIT,
            "file": FILE,
            "otlp": otlp,
            "audit, file": AUDIT | FILE,
            "audit, otlp": AUDIT | otlp,
            **_on_postgres(stack),
        }
        worker = stack.enter_context(load())
        for number in range(arguments.rounds):
            with ExitStack() as running:
                ours = {
                    name: start_ours(folder / f"{number} {name}", tenant, running, settings=more)
                    for name, more in variants.items()
                }
                _warm_up(ours, worker, headers)
                for bursts in BURSTS:
                    _measure(ours, worker, headers, bursts, results)
    return _report(list(variants), results)


def _on_postgres(stack: ExitStack) -> dict[str, dict[str, str]]:
    """The variants on a PostgreSQL that is started for them; none where it is not installed."""
    if find_postgres() is None:
        return {}
    server = stack.enter_context(postgres_server(is_durable=True))
    roles = ("supervisor", "subagent")
    for role in roles:
        server.role(role, may_make_schemas=True)
    prepare(server.role("keeper", may_make_schemas=True), roles)
    url = server.url_for("{role}", server.password)
    tasks = {"DATABASE_URL": url}
    return {POSTGRES: tasks, "PostgreSQL, audit": {**tasks, "AUDIT_DATABASE_URL": url}}


def _warm_up(ours: dict[str, Ours], worker: Load, headers: Sequence[dict[str, str]]) -> None:
    for each in ours.values():
        for header in headers:
            worker.measure(port=each.port, headers=header, clients=2, seconds=5, requests=100)


def _measure(
    ours: dict[str, Ours], worker: Load, headers: Sequence[dict[str, str]], bursts: Bursts, results: Results
) -> None:
    """One round with so many clients."""
    order = list(ours)
    for block in range(BLOCKS):
        latencies: dict[str, list[float]] = {name: [] for name in ours}
        cpu: dict[str, list[float]] = {name: [] for name in ours}
        for _ in range(bursts.turns):
            random.shuffle(order)
            for name in order:
                before = ours[name].cpu_seconds()
                burst = worker.measure(
                    port=ours[name].port,
                    headers=headers[block % len(headers)],
                    clients=bursts.clients,
                    seconds=bursts.seconds,
                    requests=bursts.requests,
                )
                time.sleep(bursts.settling)
                cpu[name].append((ours[name].cpu_seconds() - before) / max(1, burst["requests"]) * 1000)
                latencies[name] += burst["latencies"][PER_CONNECTION * bursts.clients :]
                results.setdefault((name, bursts.clients), Measured()).errors += burst["errors"]
        for name in ours:
            measured = results[name, bursts.clients]
            measured.p50.append(statistics.median(latencies[name]) if latencies[name] else float("inf"))
            measured.cpu.append(statistics.median(cpu[name]))


def _report(names: Sequence[str], results: Results) -> Report:
    rows, ratios, missed = [], {}, []
    for clients in (bursts.clients for bursts in BURSTS):
        for name in names:
            off, found = results[UNSEEN.get(name, OFF), clients], results[name, clients]
            p50, cpu = Ratio.of(found.p50, off.p50), Ratio.of(found.cpu, off.cpu)
            ratios[f"{name}, {clients}"] = {"p50": astuple(p50), "cpu": astuple(cpu)}
            rows.append(
                [
                    name,
                    str(clients),
                    *(f"{statistics.median(found.p50):.2f}", f"{p50.middle:.3f}", f"{p50.low:.3f}-{p50.high:.3f}"),
                    *(f"{statistics.median(found.cpu):.2f}", f"{cpu.middle:.3f}", f"{cpu.low:.3f}-{cpu.high:.3f}"),
                    str(found.errors),
                ]
            )
            if p50.middle > MAX_P50:
                missed.append(
                    f"p50 with {name} at {clients} is {p50.middle:.3f} ({p50.low:.3f} to {p50.high:.3f}) of "
                    f"{UNSEEN.get(name, OFF)}"
                )
    errors = sum(found.errors for found in results.values())
    missed += [f"{errors} errors"] if errors else []
    header = ("seen", "clients", "p50 ms", "of off", "95 %", "CPU ms", "of off", "95 %", "errors")
    blocks = len(results[OFF, 1].p50)
    text = (
        f"{table(header, rows)}\n\n"
        f"p50 in {blocks} blocks, and its ratio to that of '{OFF}', or of '{POSTGRES}', in the same blocks, which may\n"
        f"be {MAX_P50:.2f}; 95 %: where that ratio is in nineteen of twenty cases. CPU: of both hops for each request; "
        "with\neight clients, with all that exporters and the trail's writer do besides."
    )
    measured = {f"{name}, {clients}": asdict(found) for (name, clients), found in results.items()}
    return Report(text, {"of_off": ratios, "measured": measured}, missed)


@dataclass(frozen=True, slots=True)
class Ratio:
    """By how much one thing is more than another, measured together some times.

    Attributes:
        middle: The best estimate.
        low: Not below this, in nineteen of twenty cases.
        high: Nor above this.
    """

    middle: float
    low: float
    high: float

    @classmethod
    def of(cls, mine: Sequence[float], theirs: Sequence[float]) -> Self:
        """The middle of all means of two measurements, and where it lies by the ranks of these (Hodges and Lehmann).

        That is as sure as a mean is, and does not follow the few measurements in which something else happened.
        """
        logs = [math.log(one / other) for one, other in zip(mine, theirs, strict=True)]
        means = sorted((logs[i] + logs[j]) / 2 for i in range(len(logs)) for j in range(i, len(logs)))
        count = len(logs)
        spread = (count * (count + 1) * (2 * count + 1) / 24) ** 0.5
        off = max(0, int(len(means) / 2 - 1.96 * spread))
        return cls(*(math.exp(value) for value in (statistics.median(means), means[off], means[-1 - off])))

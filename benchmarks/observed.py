"""What it costs to be seen: our two hops with traces and metrics off, to a file, to a receiver; with an audit trail.

The trail is durable and sealed, as an agent's; it is measured without traces and with them.

All run at once and are measured in turn, many short rounds, so that what else the machine does falls on all; the ratios
are those of neighbours. The processor time of both hops for each request is counted besides, which noise moves less.
"""

import argparse
import asyncio
import itertools
import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from benchmarks.path import Ours, sign_in, start_ours
from benchmarks.processes import Load, free_port, load, server
from benchmarks.report import Report, table
from local.tenant.testing import LocalTenant

TITLE: Final = "Two hops seen: traces and metrics off, to a file, to a receiver (OTLP over HTTP); an audit trail"
OFF: Final = "off"
CLIENTS: Final = (1, 8)
AUDIT: Final = {"AUDIT_FILE": "{folder}/{role}.audit.sqlite3"}
ROUNDS: Final = 6
"""For each that is asked for: they are short."""

SECONDS: Final = 0.5
MAX_P50: Final = 1.05
"""Of what is not seen, at one client."""

Results = dict[tuple[str, int], list[dict[str, Any]]]


def run(arguments: argparse.Namespace) -> Report:
    """Starts all, measures in turn, compares."""
    with tempfile.TemporaryDirectory(prefix="bench-observed-") as name, ExitStack() as stack:
        folder = Path(name)
        tenant = stack.enter_context(LocalTenant(folder / "tenant"))
        tokens = asyncio.run(sign_in(tenant))
        port = free_port()
        stack.enter_context(
            server("benchmarks.servers.receiver", [str(port)], port, folder / "receiver.log", ready_path="/")
        )
        settings: dict[str, dict[str, str]] = {
            OFF: {},
            "file": {"TELEMETRY_FILE": "{folder}/{role}.jsonl"},
            "otlp": {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"},
            "audit": AUDIT,
            "audit, file": {**AUDIT, "TELEMETRY_FILE": "{folder}/{role}.jsonl"},
        }
        ours = {name: start_ours(folder / name, tenant, stack, settings=more) for name, more in settings.items()}
        worker = stack.enter_context(load())
        headers = [{"Authorization": f"Bearer {token}"} for token in tokens]
        for each, header in itertools.product(ours.values(), headers):
            worker.measure(port=each.port, headers=header, clients=2, seconds=5, requests=200)
        results = _measure(ours, worker, headers, rounds=arguments.rounds * ROUNDS)
    return _report(list(ours), results)


def _measure(ours: dict[str, Ours], worker: Load, headers: list[dict[str, str]], *, rounds: int) -> Results:
    results: Results = {(name, clients): [] for name in ours for clients in CLIENTS}
    users = itertools.cycle(headers)
    names = list(ours)
    for number, clients in itertools.product(range(rounds), CLIENTS):
        header = next(users)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            before = ours[name].cpu_seconds()
            measured = worker.measure(port=ours[name].port, headers=header, clients=clients, seconds=SECONDS)
            measured["cpu"] = (ours[name].cpu_seconds() - before) / max(1, measured["requests"]) * 1000
            results[name, clients].append(measured)
    return results


def _report(names: list[str], results: Results) -> Report:
    def median(name: str, clients: int, key: str) -> float:
        return float(statistics.median(one[key] for one in results[name, clients]))

    def ratio(name: str, clients: int, key: str) -> float:
        pairs = zip(results[name, clients], results[OFF, clients], strict=True)
        return float(statistics.median(mine[key] / max(other[key], 1e-9) for mine, other in pairs))

    rows = [
        [
            name,
            str(clients),
            f"{median(name, clients, 'p50'):.2f}",
            f"{ratio(name, clients, 'p50'):.3f}",
            f"{median(name, clients, 'cpu'):.2f}",
            f"{ratio(name, clients, 'cpu'):.3f}",
            f"{median(name, clients, 'rps'):.0f}",
            str(sum(one["errors"] for one in results[name, clients])),
        ]
        for clients in CLIENTS
        for name in names
    ]
    ratios = {name: ratio(name, 1, "p50") for name in names if name != OFF}
    missed = [f"p50 with {name} is {found:.3f} of off" for name, found in ratios.items() if found > MAX_P50]
    errors = sum(one["errors"] for measured in results.values() for one in measured)
    missed += [f"{errors} errors"] if errors else []
    header = ("seen", "clients", "p50 ms", "of off", "CPU ms", "of off", "requests/s", "errors")
    numbers = {
        "measurements": {f"{name} {clients}": rounds for (name, clients), rounds in results.items()},
        "p50_ratio_to_off": ratios,
    }
    return Report(f"{table(header, rows)}\n\nAt one client p50 may be {MAX_P50:.2f} of off.", numbers, missed)

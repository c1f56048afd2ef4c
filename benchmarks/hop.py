"""One hop: an echo over JSON-RPC, as the SDK comes and as our subagents do it.

(a) is a bare a2a-sdk server with its memory store and no authentication, (b) the same with the SDK's own SQL store on
SQLite, (c) our app behind both tokens with the durable store in a file, and (d) in PostgreSQL, where that is installed,
which waits for its disk. All run at once and are measured in turn, a second
at a time, so that what else the machine does falls on all of them; what is compared is the median over the rounds of
the ratio within a round.
"""

import argparse
import itertools
import json
import statistics
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks import packages
from benchmarks.processes import Load, free_port, load, server
from benchmarks.report import Report, table
from shared.testing import find_postgres, postgres_server

TITLE: Final = (
    "One hop: SendMessage, echo; (a) bare SDK in memory, (b) SDK with its SQL store, "
    "(c) ours, secure and durable, (d) the same over PostgreSQL"
)
CLIENTS: Final = (1, 8, 32, 64)
MAX_P50: Final = {1: 1.2, 8: 1.0, 32: 1.0, 64: 1.0}
"""(c) to (a): how much slower the secure, durable hop may be than the bare SDK."""
MIN_RPS: Final = 5.0
"""(c) to (b): how many times as many requests it must answer as the SDK's own durable store."""
WARM_UP_REQUESTS: Final = 200


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the servers, running."""

    name: str
    title: str
    port: int
    headers: list[dict[str, str]]


def run(arguments: argparse.Namespace) -> Report:
    """Starts all, measures in turn, compares."""
    with tempfile.TemporaryDirectory(prefix="bench-hop-") as folder, ExitStack() as stack:
        variants = _start(Path(folder), stack)
        worker = stack.enter_context(load())
        for variant in variants:
            worker.measure(
                port=variant.port, headers=variant.headers[0], clients=4, seconds=10, requests=WARM_UP_REQUESTS
            )
        results = _measure(variants, worker, arguments)
    return _report(variants, results)


def _start(folder: Path, stack: ExitStack) -> list[Variant]:
    ports = [free_port() for _ in range(4)]
    card = "/.well-known/agent-card.json"
    headers = folder / "headers.json"
    bare, sql, secure, over_postgres = ports
    stack.enter_context(server("benchmarks.servers.bare", [str(bare)], bare, folder / "bare.log", ready_path=card))
    stack.enter_context(
        server(
            "benchmarks.servers.bare",
            [str(sql), str(folder / "sdk.sqlite3")],
            sql,
            folder / "sql.log",
            ready_path=card,
            extra_packages=packages.install(),
        )
    )
    stack.enter_context(
        server(
            "benchmarks.servers.secure",
            [str(secure), f"sqlite:///{folder}/agent.sqlite3", str(headers)],
            secure,
            folder / "secure.log",
            ready_path=card,
        )
    )
    variants = [
        Variant("a", "bare SDK, memory", bare, [{}]),
        Variant("b", "SDK's SQL store", sql, [{}]),
        Variant("c", "ours, secure, durable", secure, json.loads(headers.read_text())),
    ]
    if find_postgres() is not None:
        database = stack.enter_context(postgres_server(is_durable=True))
        arguments = [str(over_postgres), database.url, str(headers)]
        stack.enter_context(
            server("benchmarks.servers.secure", arguments, over_postgres, folder / "postgres.log", ready_path=card)
        )
        variants.append(Variant("d", "ours, over PostgreSQL", over_postgres, json.loads(headers.read_text())))
    return variants


def _measure(
    variants: list[Variant], worker: Load, arguments: argparse.Namespace
) -> dict[tuple[str, int], list[dict[str, Any]]]:
    results: dict[tuple[str, int], list[dict[str, Any]]] = {(v.name, c): [] for v in variants for c in CLIENTS}
    users = {variant.name: itertools.cycle(variant.headers) for variant in variants}
    for number in range(arguments.rounds):
        for clients in CLIENTS:
            for variant in variants[number % len(variants) :] + variants[: number % len(variants)]:
                results[variant.name, clients].append(
                    worker.measure(
                        port=variant.port, headers=next(users[variant.name]), clients=clients, seconds=arguments.seconds
                    )
                )
    return results


def _report(variants: list[Variant], results: dict[tuple[str, int], list[dict[str, Any]]]) -> Report:
    rows = [
        [
            f"({variant.name}) {variant.title}",
            str(clients),
            *(f"{_median(results[variant.name, clients], key):.{digits}f}" for key, digits in COLUMNS),
            str(sum(one["errors"] for one in results[variant.name, clients])),
        ]
        for clients in CLIENTS
        for variant in variants
    ]
    p50 = {clients: _ratio(results["c", clients], results["a", clients], "p50") for clients in CLIENTS}
    rps = {clients: _ratio(results["c", clients], results["b", clients], "rps") for clients in CLIENTS}
    errors = sum(one["errors"] for (name, _), rounds in results.items() if name in "cd" for one in rounds)
    ratios = [[str(c), f"{p50[c]:.2f}", f"{MAX_P50[c]:.1f}", f"{rps[c]:.1f}", f"{MIN_RPS:.0f}"] for c in CLIENTS]
    text = "\n\n".join(
        (
            table(("server", "clients", "p50 ms", "p95 ms", "requests/s", "errors"), rows),
            table(("clients", "p50 c/a", "at most", "requests/s c/b", "at least"), ratios),
        )
    )
    missed = [
        f"p50 c/a at {c} clients is {p50[c]:.2f}, not at most {MAX_P50[c]}" for c in CLIENTS if p50[c] > MAX_P50[c]
    ]
    missed += [
        f"requests/s c/b at {c} clients is {rps[c]:.1f}, not at least {MIN_RPS}" for c in CLIENTS if rps[c] < MIN_RPS
    ]
    missed += [f"(c) and (d) had {errors} errors"] if errors else []
    numbers = {
        "measurements": {f"{name} {clients}": rounds for (name, clients), rounds in results.items()},
        "p50_ratio_c_to_a": p50,
        "rps_ratio_c_to_b": rps,
    }
    return Report(text, numbers, missed)


COLUMNS: Final = (("p50", 2), ("p95", 2), ("rps", 0))


def _median(rounds: list[dict[str, Any]], key: str) -> float:
    return float(statistics.median(one[key] for one in rounds))


def _ratio(ours: list[dict[str, Any]], theirs: list[dict[str, Any]], key: str) -> float:
    """The median of the ratios within each round; infinite where theirs answered nothing."""
    ratios: list[float] = [
        mine[key] / other[key] if other[key] else float("inf") for mine, other in zip(ours, theirs, strict=True)
    ]
    return statistics.median(ratios)

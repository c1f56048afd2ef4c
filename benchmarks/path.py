"""Two hops: a person's message through a supervisor to a subagent that echoes it, and back.

(n) is naive: an HTTP client, the card and the keys for each message. (b) is the SDK as it comes, without security,
with connections and card kept. (o) is ours: the user's token verified and exchanged, both tokens at the second hop,
durable tasks at both. All run at once and are measured in turn, so that what else the machine does falls on all.
"""

import argparse
import asyncio
import itertools
import json
import statistics
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.processes import Load, Server, free_port, load, server
from benchmarks.report import Report, table
from local.tenant.testing import SUPERVISOR, SUPERVISOR_API_CLIENT, LocalTenant

TITLE: Final = "Two hops: SendMessage, echo; (n) naive, (b) bare SDK with reuse, (o) ours, secure and durable"
CLIENTS: Final = (1, 8, 32)
NAIVE_CLIENTS: Final = (1, 8)
PEOPLE: Final = ("amelia.hart", "oscar.lind", "nadia.okafor")
AGENT: Final = "account_lookup"
SCOPES: Final = ("account:read",)
CARD: Final = "/.well-known/agent-card.json"
MAX_P50: Final = 1.0
"""(o) to (b): the secure path is at least as fast as the bare one."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the paths, running."""

    name: str
    title: str
    port: int
    headers: list[dict[str, str]]


def run(arguments: argparse.Namespace) -> Report:
    """Starts all, measures in turn, compares."""
    with tempfile.TemporaryDirectory(prefix="bench-path-") as folder, ExitStack() as stack:
        tenant = stack.enter_context(LocalTenant(Path(folder) / "tenant"))
        tokens = asyncio.run(sign_in(tenant))
        variants = _start(Path(folder), tenant, tokens, stack)
        worker = stack.enter_context(load())
        for variant, headers in [(v, h) for v in variants for h in v.headers]:
            worker.measure(port=variant.port, headers=headers, clients=2, seconds=5, requests=100)
        results = _measure(variants, worker, arguments)
    return _report(variants, results)


async def sign_in(tenant: LocalTenant) -> list[str]:
    """A token of each person, for the supervisor."""
    return [await tenant.sign_in(login) for login in PEOPLE]


def _start(folder: Path, tenant: LocalTenant, tokens: list[str], stack: ExitStack) -> list[Variant]:
    headers = [{"Authorization": f"Bearer {token}"} for token in tokens]
    verification = [f"{tenant.issuer}.well-known/jwks.json", tenant.issuer, tenant.api("supervisor")]
    naive = _pair("benchmarks.servers.naive", "benchmarks.servers.naive", verification, folder, stack)
    bare = _pair("benchmarks.servers.forward", "benchmarks.servers.bare", [], folder, stack)
    return [
        Variant("n", "naive, secure", naive, headers),
        Variant("b", "bare SDK, reuse", bare, [{}]),
        Variant("o", "ours, secure, durable", start_ours(folder, tenant, stack).port, headers),
    ]


def _pair(first: str, second: str, arguments: list[str], folder: Path, stack: ExitStack) -> int:
    """Starts an agent and the supervisor before it; the supervisor's port."""
    port, next_port = free_port(), free_port()
    log = folder / f"{first}.log"
    stack.enter_context(
        server(second, [str(next_port), *arguments], next_port, log.with_suffix(".next.log"), ready_path=CARD)
    )
    next_url = f"http://127.0.0.1:{next_port}/"
    stack.enter_context(server(first, [str(port), *arguments, next_url], port, log, ready_path=CARD))
    return port


@dataclass(frozen=True, slots=True)
class Ours:
    """Our two hops, running."""

    port: int
    servers: tuple[Server, ...]

    def cpu_seconds(self) -> float:
        """The processor time of both."""
        return sum(each.cpu_seconds() for each in self.servers)


def start_ours(
    folder: Path, tenant: LocalTenant, stack: ExitStack, *, settings: Mapping[str, str] | None = None
) -> Ours:
    """Starts our two hops.

    Args:
        folder: For what they keep.
        tenant: Issues their tokens.
        stack: Stops them.
        settings: More of both's environment; `{folder}` and `{role}` stand for what they are.
    """
    folder.mkdir(exist_ok=True)
    ports = {"supervisor": free_port(), "subagent": free_port()}
    configuration: dict[str, Any] = {"issuer": tenant.issuer, "scopes": SCOPES}
    for role, audience in (("supervisor", tenant.api("supervisor")), ("subagent", tenant.api(AGENT))):
        configuration[role] = {
            "port": ports[role],
            "url": f"http://127.0.0.1:{ports[role]}/",
            "audience": audience,
            "database": str(folder / f"{role}.sqlite3"),
        }
    for name, client in (("machine", SUPERVISOR), ("exchanger", SUPERVISOR_API_CLIENT)):
        account = tenant.client(client)
        key_file = folder / f"{name}.pem"
        key_file.touch(mode=0o600)
        key_file.write_text(account.private_key_pem or "", encoding="utf-8")
        configuration[name] = {"id": account.client_id, "key_file": str(key_file)}
    path = folder / "hop.json"
    path.write_text(json.dumps(configuration), encoding="utf-8")
    servers = tuple(
        stack.enter_context(
            server(
                "benchmarks.servers.hop",
                [role, str(path)],
                ports[role],
                folder / f"{role}.log",
                ready_path=CARD,
                settings={name: value.format(folder=folder, role=role) for name, value in (settings or {}).items()},
            )
        )
        for role in ("subagent", "supervisor")
    )
    return Ours(ports["supervisor"], servers)


def _measure(
    variants: list[Variant], worker: Load, arguments: argparse.Namespace
) -> dict[tuple[str, int], list[dict[str, Any]]]:
    results: dict[tuple[str, int], list[dict[str, Any]]] = {
        (v.name, c): [] for v in variants for c in (NAIVE_CLIENTS if v.name == "n" else CLIENTS)
    }
    users = {variant.name: itertools.cycle(variant.headers) for variant in variants}
    for number in range(arguments.rounds):
        for clients in CLIENTS:
            for variant in variants[number % 3 :] + variants[: number % 3]:
                if (variant.name, clients) in results:
                    results[variant.name, clients].append(
                        worker.measure(
                            port=variant.port,
                            headers=next(users[variant.name]),
                            clients=clients,
                            seconds=arguments.seconds,
                        )
                    )
    return results


def _report(variants: list[Variant], results: dict[tuple[str, int], list[dict[str, Any]]]) -> Report:
    rows = [
        [
            f"({variant.name}) {variant.title}",
            str(clients),
            *(
                f"{statistics.median(one[key] for one in results[variant.name, clients]):.{digits}f}"
                for key, digits in (("p50", 2), ("p95", 2), ("rps", 0))
            ),
            str(sum(one["errors"] for one in results[variant.name, clients])),
        ]
        for clients in CLIENTS
        for variant in variants
        if (variant.name, clients) in results
    ]
    ratios = {
        clients: statistics.median(
            mine["p50"] / other["p50"] for mine, other in zip(results["o", clients], results["b", clients], strict=True)
        )
        for clients in CLIENTS
    }
    errors = sum(one["errors"] for clients in CLIENTS for one in results["o", clients])
    text = "\n\n".join(
        (
            table(("path", "clients", "p50 ms", "p95 ms", "requests/s", "errors"), rows),
            table(("clients", "p50 o/b", "at most"), [[str(c), f"{ratios[c]:.2f}", f"{MAX_P50:.1f}"] for c in CLIENTS]),
        )
    )
    missed = [
        f"p50 o/b at {c} clients is {ratios[c]:.2f}, not at most {MAX_P50}" for c in CLIENTS if ratios[c] > MAX_P50
    ]
    missed += [f"(o) had {errors} errors"] if errors else []
    numbers = {
        "measurements": {f"{name} {clients}": rounds for (name, clients), rounds in results.items()},
        "p50_ratio_o_to_b": ratios,
    }
    return Report(text, numbers, missed)

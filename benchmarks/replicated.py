"""A help desk whose agents run twice each on one PostgreSQL, behind a balancer that knows no state.

`Replicated` is the plan of `make run` with each agent's part doubled; what is public of an agent is its balancer.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from threading import Lock
from typing import Final

from benchmarks.processes import free_port
from portal.stack import AGENTS, Part, Plan

REPLICAS: Final = 2
HOST: Final = "127.0.0.1"
CHUNK_BYTES: Final = 64 * 1024
_SETTINGS: Final = Lock()


@dataclass(frozen=True, kw_only=True)
class Replicated(Plan):
    """The plan of `make run`, with replicas.

    Attributes:
        database_urls: By agent, where it keeps what it keeps, and its part of the audit trail.
        replica_ports: The ports of each agent's replicas; its own port is the balancer's.
    """

    database_urls: Mapping[str, str]
    replica_ports: Mapping[str, Sequence[int]]

    def stages(self) -> tuple[tuple[Part, ...], ...]:
        """As of one process each, with the agents doubled."""
        foundations, agents = Plan.stages(self)
        doubled = [
            self._replica(part, number, port) if part.name in AGENTS else part
            for part in agents
            for number, port in enumerate(self.replica_ports.get(part.name, (part.port,)), 1)
        ]
        return foundations, tuple(doubled)

    def _replica(self, part: Part, number: int, port: int) -> Part:
        own = f"{part.name}-{number}"

        def settings() -> Mapping[str, str]:
            with _SETTINGS:  # the first makes keys that the others find
                found = {name: value for name, value in part.settings().items() if name != "AUDIT_FILE"}
            return found | {
                "PORT": str(port),
                "DATABASE_URL": self.database_urls[part.name],
                "AUDIT_DATABASE_URL": self.database_urls[part.name],
                "REQUESTS_PER_MINUTE": "1000000",
                "RESETS_PER_HOUR": "100",
            }

        return replace(part, name=own, url=f"http://{HOST}:{port}/", settings=settings)


def replica_ports() -> dict[str, tuple[int, ...]]:
    """Free ports for the replicas of each agent."""
    return {name: tuple(free_port() for _ in range(REPLICAS)) for name in AGENTS}


@asynccontextmanager
async def balancers(plan: Replicated) -> AsyncIterator[None]:
    """A balancer at each agent's own port: each connection goes to the next replica that takes it."""
    async with contextlib.AsyncExitStack() as stack:
        for name, ports in plan.replica_ports.items():
            server = await asyncio.start_server(_Balancer(ports).serve, HOST, plan.ports[name])
            await stack.enter_async_context(server)
        yield


class _Balancer:
    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = ports
        self._turn = count()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = next(self._turn)
        try:
            for offset in range(len(self._ports)):
                port = self._ports[(first + offset) % len(self._ports)]
                with contextlib.suppress(OSError):
                    upstream = await asyncio.open_connection(HOST, port)
                    await asyncio.gather(_pipe(reader, upstream[1]), _pipe(upstream[0], writer))
                    return
        finally:
            writer.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hands on what comes; where one side ends, so does the other."""
    try:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                writer.write(data)
                await writer.drain()
    finally:
        writer.close()

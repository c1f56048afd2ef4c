"""The load: HTTP/1.1 over kept connections, as many requests as a server will answer, from a process of its own.

It reads one JSON command a line from standard input, and writes one JSON result a line. It does as little as it can
for each request (a prepared body with a fresh message id, a search for the end of the answer), so that it costs a
fraction of what the servers do.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from typing import Any, cast

import uvloop

DONE = b'"TASK_STATE_COMPLETED"'


@dataclass
class _Round:
    """One measurement: shared by its connections."""

    head: bytes
    tail: bytes
    prefix: str
    until: float
    most: int
    sent: int = 0
    errors: int = 0
    latencies: list[float] = field(default_factory=list)

    def next(self) -> bytes | None:
        """The next request, if there is to be one."""
        if self.sent >= self.most or time.perf_counter() >= self.until:
            return None
        self.sent += 1
        return b"%s%s%012d%s" % (self.head, self.prefix.encode(), self.sent, self.tail)


class _Connection(asyncio.Protocol):
    def __init__(self, this_round: _Round) -> None:
        self._round = this_round
        self._buffer = b""
        self._began = 0.0
        self._transport: asyncio.WriteTransport | None = None
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's are none by class
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.index(b"content-length:") + 15
        length = int(head[at:].split(b"\r\n", 1)[0])
        if len(self._buffer) < end + 4 + length:
            return
        self._round.latencies.append(time.perf_counter() - self._began)
        if not self._buffer.startswith(b"HTTP/1.1 200") or DONE not in self._buffer:
            self._round.errors += 1
            if self._round.errors == 1:
                sys.stderr.write(f"{self._buffer[:600]!r}\n")
        self._buffer = b""
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- asyncio's signature
        if self._began:
            self._round.errors += 1
        if not self.closed.done():
            self.closed.set_result(None)

    def _send(self) -> None:
        assert self._transport is not None
        request = self._round.next()
        if request is None:
            self._began = 0.0
            self._transport.close()
            return
        self._began = time.perf_counter()
        self._transport.write(request)


async def measure(command: dict[str, Any]) -> dict[str, Any]:
    """Runs one command: `port`, `headers`, `clients`, `seconds`, `requests` (at most), `prefix` of message ids."""
    prefix = command["prefix"]
    before, after = json.dumps(
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "SendMessage",
            "params": {
                "message": {
                    "messageId": "@",
                    "role": "ROLE_USER",
                    "parts": [{"text": "Which groups am I a member of?"}],
                }
            },
        }
    ).split("@")
    headers = {"Host": "127.0.0.1", "Content-Type": "application/json", "A2A-Version": "1.0", **command["headers"]}
    headers["Content-Length"] = str(len(before) + len(prefix) + 12 + len(after))
    head = "POST / HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n" + before
    began = time.perf_counter()
    this_round = _Round(head.encode(), after.encode(), prefix, began + command["seconds"], command["requests"])
    loop = asyncio.get_running_loop()
    connections = [
        (await loop.create_connection(lambda: _Connection(this_round), "127.0.0.1", command["port"]))[1]
        for _ in range(command["clients"])
    ]
    _, pending = await asyncio.wait([connection.closed for connection in connections], timeout=command["seconds"] + 60)
    in_order = [round(latency * 1000, 4) for latency in this_round.latencies]
    latencies = sorted(in_order)
    count = len(latencies)
    return {
        "requests": count,
        "errors": this_round.errors + len(pending),
        "rps": (count - this_round.errors) / (time.perf_counter() - began),
        "p50": latencies[count // 2] if count else float("inf"),
        "p95": latencies[min(count - 1, count * 95 // 100)] if count else float("inf"),
        "latencies": in_order,
    }


async def main() -> None:
    """Obeys commands until there are no more."""
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        sys.stdout.write(json.dumps(await measure(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main())

"""Child processes of a measurement: servers, and the load; each ends with the `with` block that it began in."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
START_SECONDS: Final = 60.0


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """A server that runs."""

    def __init__(self, pid: int) -> None:
        self._threads = Path(f"/proc/{pid}/task")

    def cpu_seconds(self) -> float:
        """The processor time that its threads have used so far, to the nanosecond."""
        used = 0
        for thread in self._threads.iterdir():
            with suppress(OSError):  # it has just ended
                used += int((thread / "schedstat").read_text().split()[0])
        return used / 1e9


@contextmanager
def server(
    module: str,
    arguments: Sequence[str],
    port: int,
    log: Path,
    *,
    ready_path: str,
    extra_packages: Path | None = None,
    settings: Mapping[str, str] | None = None,
) -> Generator[Server, None, None]:
    """Runs a server until the block ends; begins when it answers.

    Args:
        module: Run as `python -m`.
        arguments: Its command line.
        port: Where it answers.
        log: What it says goes there.
        ready_path: What it answers with 200 when it is ready.
        extra_packages: A folder of packages for it alone.
        settings: More of its environment.
    """
    environment = _plain_environment() | dict(settings or {})
    if extra_packages is not None:
        environment["PYTHONPATH"] = str(extra_packages)
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 -- our own modules
            [sys.executable, "-m", module, *arguments], cwd=ROOT, env=environment, stdout=output, stderr=output
        )
        try:
            _wait(process, f"http://127.0.0.1:{port}{ready_path}", log)
            yield Server(process.pid)
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Load:
    """The process that makes the load; see `benchmarks.load`."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._commands = 0

    def measure(
        self, *, port: int, headers: dict[str, str], clients: int, seconds: float, requests: int = 100_000
    ) -> dict[str, Any]:
        """Sends requests over `clients` connections for so many seconds, or until there were so many."""
        self._commands += 1
        command = {
            "port": port,
            "headers": headers,
            "clients": clients,
            "seconds": seconds,
            "requests": requests,
            "prefix": f"{os.getpid()}-{self._commands}-",
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        result: dict[str, Any] = json.loads(self._process.stdout.readline())
        return result


@contextmanager
def load() -> Generator[Load, None, None]:
    """Runs the load's process until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.load"],
        cwd=ROOT,
        env=_plain_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Load(process)
    finally:
        process.terminate()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def _plain_environment() -> dict[str, str]:
    """The environment without what our own packages put there: the SDK's servers run as the SDK comes."""
    return {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}


def _wait(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            # A synchronous look, of loopback, at a server that is only starting: nothing is measured yet.
            with urllib.request.urlopen(url, timeout=1) as response:  # noqa: S310  # lint: allow http-door -- see above
                if response.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        time.sleep(0.05)
    raise SystemExit(f"A server did not come up: {log.read_text(errors='replace')[-2000:]}")

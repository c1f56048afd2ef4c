"""Starts the parts, waits until they work, starts again what dies, and stops everything."""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import httpx

from portal._environment import ROOT, child_environment
from portal._errors import CommandFailed
from portal.stack._plan import Part

START_SECONDS = 120.0
STOP_SECONDS = 10.0
PROBE_EVERY_SECONDS = 0.05
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
TAIL_LINES = 12
LOG_MAX_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened to a part, to tell the person.

    Attributes:
        part: Which part.
        what: It `started`, `died` or is `back`.
        seconds: How long it took to start; for `died`, how long until it is started again.
        exit_code: What it ended with; negative for a signal.
        tail: The last lines of its log.
    """

    part: Part
    what: Literal["started", "died", "back"]
    seconds: float
    exit_code: int | None = None
    tail: tuple[str, ...] = ()


@dataclass(slots=True)
class _Child:
    part: Part
    log: Path
    process: asyncio.subprocess.Process | None = None
    keeper: asyncio.Task[None] | None = None
    stopped: bool = False
    log_from: int = field(default=0)


class Processes:
    """The parts of one local world, as child processes of this one.

    Args:
        stages: Groups of parts, in the order that they start.
        logs: The folder that their output goes to.
        http: Asks the parts whether they work.
        tell: Called with each change.
    """

    def __init__(
        self,
        stages: Iterable[Iterable[Part]],
        *,
        logs: Path,
        http: httpx.AsyncClient,
        tell: Callable[[Change], None],
    ) -> None:
        self._stages = [[_Child(part, logs / f"{part.name}.log") for part in stage] for stage in stages]
        self._logs = logs
        self._http = http
        self._tell = tell

    async def start(self) -> None:
        """Starts every part and returns once all of them work.

        Raises:
            CommandFailed: if one does not come up; its last words are in the message. The caller stops the rest.
        """
        self._logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        for stage in self._stages:
            try:
                async with asyncio.TaskGroup() as group:
                    for child in stage:
                        group.create_task(self._start(child))
            except ExceptionGroup as failed:  # what `except*` raises comes in a group again before Python 3.11.4
                raise next((error for error in failed.exceptions if isinstance(error, CommandFailed)), failed) from None
            for child in stage:
                if child.part.prepare is not None:
                    await child.part.prepare(self._http)
        for child in self._children():
            child.keeper = asyncio.create_task(self._keep(child))

    async def stop(self) -> None:
        """Stops every part, those that started last first."""
        for child in self._children():
            child.stopped = True
            if child.keeper is not None:
                child.keeper.cancel()
        for stage in reversed(self._stages):
            await asyncio.gather(*(_end(child) for child in stage))

    async def stop_part(self, name: str) -> None:
        """Stops one part for good."""
        child = self._child(name)
        child.stopped = True
        if child.keeper is not None:
            child.keeper.cancel()
        await _end(child)

    async def start_part(self, name: str) -> None:
        """Starts again a part that was stopped."""
        child = self._child(name)
        child.stopped = False
        await self._start(child)
        child.keeper = asyncio.create_task(self._keep(child))

    def process_ids(self) -> dict[str, int]:
        """The process id of each part that runs."""
        return {child.part.name: child.process.pid for child in self._children() if child.process is not None}

    def _children(self) -> list[_Child]:
        return [child for stage in self._stages for child in stage]

    def _child(self, name: str) -> _Child:
        return next(child for child in self._children() if child.part.name == name)

    async def _start(self, child: _Child) -> None:
        begun = time.monotonic()
        await self._spawn(child)
        if not await self._works(child):
            raise CommandFailed(_why_not(child))
        self._tell(Change(child.part, "started", time.monotonic() - begun))

    async def _spawn(self, child: _Child) -> None:
        settings = await asyncio.to_thread(child.part.settings)
        _make_room(child.log)
        child.log_from = child.log.stat().st_size if child.log.exists() else 0
        with child.log.open("ab") as log:
            child.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "portal._child",
                child.part.module,
                cwd=ROOT,
                env=child_environment(settings),
                stdin=asyncio.subprocess.PIPE,  # never written to: its end tells the child that we are gone
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for this process, which stops the others in order
            )

    async def _works(self, child: _Child) -> bool:
        """Whether the part answered before it ended and before the time was up."""
        process = child.process
        assert process is not None  # noqa: S101 -- it was spawned just now; this tells the type checker
        url = f"{child.part.url.rstrip('/')}{child.part.health}"
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.returncode is None:
            with contextlib.suppress(httpx.HTTPError):
                if (await self._http.get(url, timeout=5.0)).status_code == httpx.codes.OK:
                    return True
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), PROBE_EVERY_SECONDS)
        return False

    async def _keep(self, child: _Child) -> None:
        """Starts the part again whenever it ends, after a pause that grows while it does not last."""
        pause = FIRST_PAUSE_SECONDS
        while child.process is not None:
            since = time.monotonic()
            exit_code = await child.process.wait()
            if child.stopped:
                return
            if time.monotonic() - since > STEADY_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            self._tell(Change(child.part, "died", pause, exit_code, _tail(child)))
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            begun = time.monotonic()
            await self._spawn(child)
            if await self._works(child):
                self._tell(Change(child.part, "back", time.monotonic() - begun))


async def _end(child: _Child) -> None:
    process = child.process
    if process is None or process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _make_room(log: Path) -> None:
    """Keeps one older log beside the current one."""
    if log.exists() and log.stat().st_size > LOG_MAX_BYTES:
        log.replace(log.with_suffix(".log.1"))
    else:
        log.touch(mode=0o600)


def _tail(child: _Child) -> tuple[str, ...]:
    """The last lines that the part wrote since it was started."""
    with child.log.open("rb") as log:
        log.seek(child.log_from)
        lines = log.read().decode(errors="replace").splitlines()
    return tuple(lines[-TAIL_LINES:])


def _why_not(child: _Child) -> str:
    code = child.process.returncode if child.process else None
    how = f"ended with {code}" if code is not None else f"did not answer within {START_SECONDS:.0f} s"
    words = "\n".join(f"  {line}" for line in _tail(child))
    return f"{child.part.name} {how}. The end of {child.log}:\n{words}"

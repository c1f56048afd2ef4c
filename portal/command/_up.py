"""`helpdesk up`: starts the local world, says where everything is, and keeps it running until Ctrl-C."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Coroutine, Iterator

from rich.table import Table
from rich.text import Text

from portal._environment import state_directory, typed
from portal._errors import CommandFailed
from portal.stack import (
    Change,
    Plan,
    Processes,
    Running,
    RunningPart,
    describe,
    free_port_base,
    only_one,
    ports_from,
    ports_in_use,
    running,
)
from portal.terminal import Output, printable
from shared.http import create_http_client


async def up(output: Output, *, port_base: int | None, traces: bool = False) -> None:
    """Runs the local world until it is told to stop.

    Raises:
        CommandFailed: it already runs, a port is taken, or a part does not come up.
    """
    state = state_directory()
    with only_one(state) as alone:
        if not alone:
            raise CommandFailed(_already(running(state)))
        plan = Plan(state, ports_from(port_base), traces=traces)
        _require_free(plan)
        begun = time.monotonic()
        output.say(f"Starting the help desk; what it keeps is in {state}", style="dim")
        async with create_http_client() as http:
            processes = Processes(
                plan.stages(), logs=state / "log", http=http, tell=lambda change: _tell(output, change)
            )
            with _stop_signals() as stop:
                try:
                    if await _unless(stop, processes.start()):
                        what = _describe(plan, processes)
                        describe(state, what)
                        _show(output, what, time.monotonic() - begun)
                        await stop.wait()
                finally:
                    output.say("\nStopping ..." if output.interactive else "Stopping ...", style="dim")
                    await processes.stop()
    output.emit({"event": "stopped"})
    output.say("Stopped.", style="dim")


@contextlib.contextmanager
def _stop_signals() -> Iterator[asyncio.Event]:
    """An event that Ctrl-C, `kill` and the end of the terminal set."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in signals:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


async def _unless(stop: asyncio.Event, work: Coroutine[None, None, None]) -> bool:
    """Does the work; false where it was told to stop before it was done."""
    task, stopped = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if task.done():
        task.result()
        return True
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return False


def _require_free(plan: Plan) -> None:
    taken = ports_in_use(plan.ports)
    if taken:
        which = ", ".join(f"{port} ({name})" for name, port in taken.items())
        raise CommandFailed(
            f"In use already: port {which}. Stop what listens there, or choose other ports: "
            f"`{typed(f'up --port-base {free_port_base()}')}` (or HELPDESK_PORT_BASE)."
        )


def _already(what: Running | None) -> str:
    if what is None:
        return "The help desk is being started here by another process: wait a moment."
    return (
        f"The help desk already runs here (process {what.pid}, supervisor at {what.url}): "
        "use it, or stop it with Ctrl-C where it was started."
    )


def _describe(plan: Plan, processes: Processes) -> Running:
    pids = processes.process_ids()
    return Running(
        pid=os.getpid(),
        issuer=plan.issuer,
        audience=plan.audience,
        client_id=plan.client_id("help-desk-command-line"),
        url=plan.supervisor_url,
        people=str(plan.state / "tenant" / "users.json"),
        parts=tuple(
            RunningPart(
                part.name,
                part.about,
                part.url,
                part.health,
                pids[part.name],
                str(plan.state / "log" / f"{part.name}.log"),
            )
            for stage in plan.stages()
            for part in stage
        ),
    )


def _tell(output: Output, change: Change) -> None:
    """Reports what happens to a part."""
    output.emit(
        {
            "event": change.what,
            "part": change.part.name,
            "url": change.part.url,
            "seconds": round(change.seconds, 2),
            **({"exit_code": change.exit_code, "log": list(change.tail)} if change.what == "died" else {}),
        }
    )
    name = change.part.name
    if change.what == "died":
        output.say(Text.assemble(("✗ ", "red"), f"{name} has ended ({_how(change.exit_code)}). Its last words:"))
        for line in change.tail:
            output.say(f"    {printable(line)}", style="dim")
        output.say(f"  It is started again in {change.seconds:g} s.")
    elif change.what == "back":
        output.say(Text.assemble(("✓ ", "green"), f"{name} is back."))
    else:
        output.say(Text.assemble(("✓ ", "green"), f"{name:15}", (f"{change.seconds:4.1f} s", "dim")))


def _how(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-exit_code).name
    return f"exit code {exit_code}"


def _show(output: Output, what: Running, seconds: float) -> None:
    output.emit({"event": "up", "url": what.url, "issuer": what.issuer, "people": what.people, "web": what.web})
    if output.as_json:
        return
    output.say()
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    for heading in ("part", "where", "what it does"):
        table.add_column(heading, no_wrap=heading != "what it does")
    for part in what.parts:
        table.add_row(Text(part.name, style="bold"), Text(part.url, style="cyan"), part.about)
    output.say(table)
    output.say()
    output.say(Text.assemble(f"The help desk runs ({seconds:.1f} s). In a browser: ", (what.web, "bold cyan")))
    output.say("Or in another terminal:")
    output.say()
    width = len(typed("status")) + 3
    for words, what_for in (
        ("login", "sign in, as amelia.hart for one"),
        ('ask "I am locked out, and where is the VPN guide?"', ""),
        ("chat", "go on talking"),
        ("status", "how every part is doing"),
    ):
        line = typed(words)
        output.say(Text.assemble("  ", (line.ljust(width) if what_for else line, "bold"), (what_for, "dim")))
    output.say()
    for name, where, what_for in (
        ("People", what.people, "login: password"),
        ("Mail", f"{what.part_url('directory')}outbox", "what the directory sent"),
        ("Logs", str(state_directory() / "log"), ""),
        ("Stop", "Ctrl-C", ""),
    ):
        output.say(Text.assemble((f"{name:9}", "dim"), where, (f"   {what_for}" if what_for else "", "dim")))

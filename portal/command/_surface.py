"""What commands have in common: the options that each has, and how each is run.

A command imports what it needs when it runs, so that `helpdesk --help` answers at once.
"""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import click

from portal._errors import ExitCode
from portal.command._options import Options

if TYPE_CHECKING:
    from portal.terminal import Output


def _remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Takes an option that may stand before or after the command's name; the later one holds."""
    if value:
        setattr(context.ensure_object(Options), str(parameter.name), value)


def common(profile_variable: str | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    options = (
        click.option("--json", "as_json", is_flag=True, expose_value=False, callback=_remember, help="Write JSON."),
        click.option(
            "--profile",
            "--as",
            metavar="NAME",
            envvar=profile_variable,
            expose_value=False,
            callback=_remember,
            help="Act as who is signed in under NAME.",
        ),
        click.option(
            "--debug", is_flag=True, expose_value=False, callback=_remember, help="Show what went wrong inside."
        ),
    )

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def run(
    options: Options, command: "Callable[[Output], Coroutine[Any, Any, ExitCode | None]]", *, laid_out: bool = False
) -> ExitCode:
    """Runs a command; one that says nothing of how it went has gone well."""
    from portal.terminal import Output

    async def go() -> ExitCode:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):  # as Ctrl-C: what was begun is ended in order
            loop.add_signal_handler(number, task.cancel if task else loop.stop)
        return await command(Output(options.as_json, laid_out=laid_out)) or ExitCode.OK

    quiet(options)
    return asyncio.run(go())


def quiet(options: Options) -> None:
    """Log events are for whoever debugs; people get messages."""
    from shared.telemetry import configure_logging

    configure_logging(level="DEBUG" if options.debug else "CRITICAL")

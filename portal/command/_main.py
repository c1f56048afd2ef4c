"""Runs the command and turns whatever happens into words and an exit code."""

import asyncio
import os
import sys
import traceback
from collections.abc import Sequence

import click

from portal._errors import ExitCode, exit_code_of
from portal.command._cli import cli
from portal.command._options import Options
from shared.errors import HelpdeskError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command.

    Args:
        arguments: Those of the process, where None.

    Returns:
        The exit code.
    """
    options = Options()
    try:
        code = cli.main(
            list(arguments) if arguments is not None else None, prog_name="helpdesk", obj=options, standalone_mode=False
        )
    except click.UsageError as error:
        error.show()
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt, asyncio.CancelledError):
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone, and the interpreter must not try to write the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED
    except HelpdeskError as error:
        _complain(options, error.reason, error.public_message, error.detail)
        return exit_code_of(error)
    except Exception as error:  # noqa: BLE001 -- the last handler: people get a line, and the rest with --debug
        _complain(options, "internal_error", f"Something went wrong inside ({type(error).__name__}): see --debug.", "")
        return ExitCode.FAILED
    return code if isinstance(code, int) else ExitCode.OK


def _complain(options: Options, code: str, message: str, detail: str) -> None:
    from portal.terminal import Output

    output = Output(options.as_json)
    output.emit({"error": {"code": code, "message": message}})
    output.complain(message)
    if options.debug:
        if detail:
            output.complain(detail)
        traceback.print_exc()

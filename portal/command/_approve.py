"""`helpdesk approve`: what waits for the person's approval, and their answer."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator
from datetime import datetime

from rich.status import Status
from rich.table import Table
from rich.text import Text

from portal._environment import home_directory, typed
from portal._errors import CommandFailed, ExitCode
from portal.command._desk import signed_in
from portal.command._options import Options
from portal.device import Asked, AuthenticationDevice, AuthenticationServer, Devices
from portal.session import SYSTEM_CLOCK
from portal.terminal import Output, printable
from shared.http import create_http_client

LONGEST_NAME = 64
LOOK_SECONDS = 2.0
TRIES = 3
WARNING = "Approve it only if you have just asked for this yourself, or know who asks for you and why."
TOO_LATE = "That came too late: it has expired, or was answered already. Your answer changes nothing."


def ticket(options: Options, output: Output) -> str:
    """The ticket to enrol with, as it is typed or comes from standard input: an argument could be seen by others here.

    Raises:
        NotSignedIn: nobody is signed in.
        CommandFailed: nothing was typed.
    """
    output.say(f"Open {signed_in(options).desk.issuer}phone and press “Approve in a terminal instead”.", whole=True)
    words = input("The ticket that it shows: ") if _asks(output) else sys.stdin.readline()
    if not words.strip():
        raise CommandFailed("No ticket was given.")
    return words.strip()


async def enroll(options: Options, output: Output, ticket: str) -> None:
    """Makes this terminal one of the person's devices.

    Raises:
        CommandFailed: the ticket is not good, or is somebody else's.
    """
    sign_in = signed_in(options)
    async with create_http_client() as http:
        name = printable(f"Terminal at {socket.gethostname()}")[:LONGEST_NAME]
        device = await AuthenticationServer(sign_in.desk.issuer, http).enroll_request(ticket, name)
    if device.subject != sign_in.subject:
        raise CommandFailed(
            f"That ticket is not of {printable(sign_in.name)}, who is signed in here: this terminal does not answer "
            "for anybody else. The key that was made for it is thrown away."
        )
    _devices().save(options.profile, device)
    output.emit({"event": "enrolled", "device_id": device.device_id, "subject": device.subject})
    output.say(Text.assemble(("✓ ", "green"), f"In this terminal {printable(sign_in.name)} can approve now."))
    output.say(f"See what waits: {typed('approve')}", style="dim")


async def forget(options: Options, output: Output) -> None:
    """Forgets the key of this terminal.

    Raises:
        CommandFailed: it has none.
    """
    if not _devices().remove(options.profile):
        raise CommandFailed("This terminal is not enrolled.")
    output.emit({"event": "forgotten"})
    output.say(Text.assemble(("✓ ", "green"), "Nothing can be approved in this terminal any more: its key is gone."))


async def answer(options: Options, output: Output, named: str, *, approved: bool) -> None:
    """Answers one request, for a script or a person who has its code at hand.

    Args:
        options: Of the command.
        output: Where to.
        named: Its code; to deny it, its id will do.
        approved: Whether it is approved.

    Raises:
        CommandFailed: nothing like it waits, or it waits no longer.
    """
    async with _opened(options) as device:
        waiting = await device.waiting()
        found = [one for one in waiting if one.has_code(named) or (not approved and one.consent_id == named)]
        if not found:
            raise CommandFailed(
                f"Nothing with the code {printable(named)} waits for you: it has expired, was answered already, or was "
                "asked of somebody else."
            )
        if len(found) > 1:
            raise CommandFailed(f"{len(found)} requests have this code: see `{typed('approve')}`.")
        if not await _answered(output, device, found[0], approved=approved):
            raise CommandFailed(TOO_LATE)


def approve(options: Options, output: Output, *, wait: bool) -> ExitCode:
    """Shows what waits; at a terminal the person answers each, or leaves it."""
    opened = contextlib.AsyncExitStack()
    with asyncio.Runner() as runner:
        device = runner.run(opened.enter_async_context(_opened(options)))
        try:
            waiting = runner.run(_waiting(output, device, wait=wait))
            for asked in waiting:
                _show(output, asked)
            output.emit({"event": "approvals", "waiting": len(waiting)})
            if not waiting:
                output.say("Nothing waits for you.", style="dim")
            if not _asks(output):
                return ExitCode.WAITS if waiting else ExitCode.OK
            return _ask_about_each(output, runner, device, waiting)
        finally:
            runner.run(opened.aclose())


def _ask_about_each(
    output: Output, runner: asyncio.Runner, device: AuthenticationDevice, waiting: list[Asked]
) -> ExitCode:
    code = ExitCode.OK
    for asked in waiting:
        if len(waiting) > 1:
            output.say(Text(f"\n{_shown(asked, asked.binding_message)}", "bold"))
        approved = _typed_answer(output, asked)
        if approved is None:
            output.say("Left as it is.", style="dim")
            code = code or ExitCode.WAITS
        elif not runner.run(_answered(output, device, asked, approved=approved)):
            output.complain(TOO_LATE)
            code = ExitCode.FAILED
    return code


async def _waiting(output: Output, device: AuthenticationDevice, *, wait: bool) -> list[Asked]:
    """What waits now, or what comes first."""
    found = await device.waiting()
    if found or not wait:
        return found
    status = Status(Text("nothing waits; looking again ...", style="dim"), console=output.people)
    with status if output.interactive else contextlib.nullcontext():
        while not found:
            await SYSTEM_CLOCK.sleep(LOOK_SECONDS)
            found = await device.waiting()
    return found


async def _answered(output: Output, device: AuthenticationDevice, asked: Asked, *, approved: bool) -> bool:
    if not await device.answer_request(asked, approved=approved):
        return False
    output.emit(
        {
            "event": "answered",
            "id": asked.consent_id,
            "approved": approved,
            "binding_message": asked.binding_message,
        }
    )
    if approved:
        output.say(Text.assemble(("✓ ", "green"), f"Approved: {printable(asked.binding_message)}. It goes ahead now."))
    else:
        output.say(Text.assemble(("✗ ", "red"), f"Denied: {printable(asked.binding_message)}. It does not happen."))
        output.say("If you did not ask for it, tell security.")
    return True


def _show(output: Output, asked: Asked) -> None:
    """All that there is to know before answering. The code is to be typed, so that it is not shown."""
    output.emit(
        {
            "event": "asked",
            "id": asked.consent_id,
            "binding_message": asked.binding_message,
            "code": asked.code,
            "instructions": asked.instructions,
            "details": [{"name": name, "value": value} for name, value in asked.properties],
            "audience": asked.audience,
            "scope": asked.scope,
            "created_at": asked.created_at,
            "expires_at": asked.expires_at,
        }
    )
    output.say()
    output.say(Text(_shown(asked, asked.binding_message), "bold"))
    for words in asked.instructions:
        output.say(_shown(asked, words))
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, value in asked.properties:
        table.add_row(Text(_shown(asked, name), "dim"), _shown(asked, value))
    table.add_row(Text("Permits", "dim"), printable(f"{' '.join(asked.scope)} at {asked.audience or 'no API'}"))
    until = datetime.fromtimestamp(asked.expires_at).astimezone()
    minutes = max(1, round((asked.expires_at - SYSTEM_CLOCK.now()) / 60))
    table.add_row(Text("Until", "dim"), f"{until:%H:%M:%S}, for {minutes} min")
    output.say(table)
    if not asked.properties:
        output.say("What exactly is asked was not said.", style="yellow")


def _typed_answer(output: Output, asked: Asked) -> bool | None:
    """What the person types: the code approves, "no" denies, nothing at all leaves it."""
    output.say(WARNING, style="dim")
    wanted = "the code that the help desk shows" if asked.code else "“yes”"
    for _ in range(TRIES):
        try:
            words = input(f"Type {wanted} to approve, “no” to deny, nothing to leave it: ").strip()
        except EOFError:
            output.say()
            return None
        if words.lower() in {"n", "no"}:
            return False
        if not words:
            return None
        if asked.has_code(words) or (asked.code is None and words.lower() == "yes"):
            return True
        output.say("That is not it: nothing is approved.", style="yellow")
    return None


def _shown(asked: Asked, text: str) -> str:
    return printable(asked.without_code(text))


def _asks(output: Output) -> bool:
    """Whether there is somebody to ask."""
    return output.interactive and sys.stdin.isatty()


def _devices() -> Devices:
    return Devices(home_directory())


@contextlib.asynccontextmanager
async def _opened(options: Options) -> AsyncIterator[AuthenticationDevice]:
    """The device of the profile.

    Raises:
        CommandFailed: this terminal is none yet.
    """
    device = _devices().load(options.profile)
    if device is None:
        raise CommandFailed(f"This terminal is not one of your devices yet: run `{typed('approve enroll')}`.")
    async with create_http_client() as http:
        yield AuthenticationDevice(device, http)

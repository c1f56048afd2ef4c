"""`helpdesk ask` and `helpdesk chat`."""

import asyncio
import contextlib
import os
import readline
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from portal._environment import home_directory, typed
from portal._errors import CommandFailed, ExitCode
from portal.accounts import Accounts
from portal.command._accounts import connect_one
from portal.command._desk import profiles, signed_in
from portal.command._options import Options
from portal.conversation import Conversation, HelpDesk, Reply
from portal.session import Session
from portal.terminal import Output, ReplyView, printable
from shared.errors import HelpdeskError
from shared.http import create_http_client

HISTORY_LINES = 500
CONNECT_ACCOUNT = "connect-account"
CHAT_HELP = "Enter sends · /new begins another conversation · Ctrl-C cancels an answer · Ctrl-D ends"


async def ask(
    options: Options, output: Output, text: str, *, context_id: str | None, go_on: bool, wait: bool
) -> ExitCode:
    """Asks one question and shows the answer as it is said; waits with it for approval, or leaves it waiting."""
    async with _opened(options, context_id=context_id, go_on=go_on) as desk:
        reply = await _turn(output, desk, text, wait=wait)
        if reply.waits:
            output.say(f"\nTake it up again: {typed(f'ask --task {reply.task_id}')}", style="dim", whole=True)
        return _exit_code(reply)


async def take_up(options: Options, output: Output, task_id: str, *, wait: bool) -> ExitCode:
    """Shows what has come of a question that was left waiting; waits with it, if it still does."""
    async with _opened(options, context_id=None, go_on=False) as desk:
        with ReplyView(output) as view:
            reply = await desk.conversation.take_up(task_id, view.show)
        return _exit_code(await _until_done(output, desk, reply, wait=wait))


def chat(options: Options, output: Output, *, context_id: str | None, go_on: bool) -> ExitCode:
    """Asks what is typed, line after line, in one conversation."""
    sign_in = signed_in(options)
    if output.interactive:
        output.say(Text.assemble("Help desk, signed in as ", (printable(sign_in.name), "bold")))
        output.say(CHAT_HELP, style="dim")
    remembered = _history(home_directory() / "history") if output.interactive else contextlib.nullcontext()
    with asyncio.Runner() as runner, remembered:
        entered = contextlib.AsyncExitStack()
        desk = runner.run(entered.enter_async_context(_opened(options, context_id=context_id, go_on=go_on)))
        try:
            for line in _lines(output):
                if line == "/new":
                    desk.conversation.begin_another()
                    output.say("A new conversation.", style="dim")
                    continue
                try:
                    runner.run(_turn(output, desk, line))
                    output.say()
                except KeyboardInterrupt:
                    output.say("Cancelled.", style="yellow")
                except HelpdeskError as error:
                    output.emit({"error": {"code": error.reason, "message": error.public_message}})
                    output.complain(error.public_message)
        finally:
            runner.run(entered.aclose())
    return ExitCode.OK


@dataclass(frozen=True, slots=True)
class _Desk:
    """A conversation, and the person's accounts, which it may need to be connected."""

    conversation: Conversation
    accounts: Accounts


async def _turn(output: Output, desk: _Desk, text: str, *, wait: bool = True) -> Reply:
    with ReplyView(output) as view:
        reply = await desk.conversation.turn(text, view.show)
    return await _until_done(output, desk, reply, wait=wait)


async def _until_done(output: Output, desk: _Desk, reply: Reply, *, wait: bool) -> Reply:
    """At a terminal the person connects at once what an answer waits for; for an approval it waits anywhere."""
    tried: set[str] = set()
    while True:
        missing = _connections(reply) - tried if output.interactive else set()
        for connection in sorted(missing):
            output.say()
            await connect_one(output, desk.accounts, connection)
            output.say()
        tried |= missing
        if missing:
            with ReplyView(output) as view:
                reply = await desk.conversation.go_on(reply, view.show)
        elif wait and reply.waits and not _connections(reply):
            with ReplyView(output) as view:
                view.wait_for(reply.waits)
                reply = await desk.conversation.follow(reply, view.show)
        else:
            ReplyView(output).finish(reply)
            return reply


def _connections(reply: Reply) -> set[str]:
    """The connections that a reply waits for."""
    return {wait.subject for wait in reply.waits if wait.kind == CONNECT_ACCOUNT}


@contextlib.asynccontextmanager
async def _opened(options: Options, *, context_id: str | None, go_on: bool) -> AsyncIterator[_Desk]:
    """The person's line to the help desk; at its end the conversation is remembered for `--continue`."""
    sign_in, store = signed_in(options), profiles()
    if go_on and sign_in.context_id is None:
        raise CommandFailed("There is no conversation to continue yet: ask without --continue.")
    async with create_http_client() as http:
        session = Session(store.of(options.profile), http)
        desk = HelpDesk(
            sign_in.desk.url,
            http,
            session,
            owner=f"{sign_in.desk.issuer} {sign_in.subject}",
        )
        conversation = Conversation(desk, context_id or (sign_in.context_id if go_on else None))
        try:
            yield _Desk(conversation, Accounts(sign_in.desk.issuer, session, http))
        finally:
            if conversation.taken is not None:
                store.remember_conversation(options.profile, sign_in, conversation.taken)


def _exit_code(reply: Reply) -> ExitCode:
    if reply.state == "rejected":
        return ExitCode.NOT_ALLOWED
    if reply.state in {"auth-required", "input-required"}:
        return ExitCode.WAITS
    return ExitCode.FAILED if reply.state in {"failed", "canceled"} else ExitCode.OK


def _lines(output: Output) -> Iterator[str]:
    """What the person types, until Ctrl-D; Ctrl-C while typing forgets the line."""
    prompt = (
        "\x01\x1b[1;36m\x02you >\x01\x1b[0m\x02 " if output.interactive and output.people.color_system else "you > "
    )
    while True:
        try:
            line = input(prompt if output.interactive else "").strip()
        except EOFError:
            if output.interactive:
                output.say()
            return
        except KeyboardInterrupt:
            output.say()
            continue
        if line:
            yield line


@contextlib.contextmanager
def _history(path: Path) -> Iterator[None]:
    """What was typed before can be had again; the file is its owner's alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(OSError):
        readline.read_history_file(path)
    try:
        yield
    finally:
        readline.set_history_length(HISTORY_LINES)
        with contextlib.suppress(OSError):
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
            readline.write_history_file(path)

"""Plays the demonstration: a local world of its own, two people, their conversations, and what came of them."""

import asyncio
import json
import re
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.rule import Rule
from rich.text import Text

from portal._errors import CommandFailed
from portal.accounts import Accounts, ConnectRequest
from portal.conversation import Conversation, HelpDesk, Reply
from portal.demo._browser import Browser
from portal.demo._effects import DirectoryRecord, Effect
from portal.demo._script import HELPED, OPERATOR, SCENES, UNWILLING, Scene, Turn
from portal.session import Desk, DeviceAuthorization, Profiles, Session, SignIn
from portal.signin import SignInFlows
from portal.stack import Change, Plan, Processes, free_ports
from portal.terminal import APPROVAL, Output, ReplyView
from shared.http import create_http_client

TURN_SECONDS = 60.0


@dataclass(slots=True)
class World:
    """The help desk that the demonstration runs for itself."""

    plan: Plan
    processes: Processes
    profiles: Profiles
    http: httpx.AsyncClient
    problems: list[str]


async def demo(output: Output) -> None:
    """Plays it.

    Raises:
        CommandFailed: something was not as it has to be; the message says what.
    """
    begun = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="helpdesk-demo-"))
    problems: list[str] = ["it did not come to its end"]
    try:
        output.say("Starting a help desk of its own, on free ports ...", style="dim")
        async with _world(folder) as world:
            output.say(f"Started in {time.monotonic() - begun:.1f} s.", style="dim")
            problems = await _play(output, world)
    finally:
        shutil.rmtree(folder if not problems else folder / "var")
    seconds = time.monotonic() - begun
    output.emit({"event": "demo_ended", "ok": not problems, "problems": problems, "seconds": round(seconds, 1)})
    if problems:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        raise CommandFailed(f"The demo is not as it has to be:\n{listed}\nLogs: {folder / 'log'}")
    output.say(Text.assemble(("✓ ", "green"), (f"All as it has to be, in {seconds:.1f} s.", "bold")))
    output.say("Try it yourself: make run", style="dim")


@asynccontextmanager
async def _world(folder: Path) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(create_http_client())
        plan = Plan(folder / "var", free_ports())
        problems: list[str] = []

        def tell(change: Change) -> None:
            if change.what == "died":
                problems.append(f"{change.part.name} ended by itself: {' / '.join(change.tail[-3:])}")

        processes = Processes(plan.stages(), logs=folder / "log", http=http, tell=tell)
        stack.push_async_callback(processes.stop)
        await processes.start()
        yield World(plan, processes, Profiles(folder / "home"), http, problems)


async def _play(output: Output, world: World) -> list[str]:
    """All scenes and what came of them; the problems found."""
    problems, transcripts = world.problems, {}
    for scene in SCENES:
        sign_in = await _sign_in(output, world, scene)
        replies = await _scene(output, world, scene, sign_in)
        transcripts[scene.login] = "\n".join(reply.text for reply in replies)
        for turn, reply in zip(scene.turns, replies, strict=True):
            problems += [f'{scene.login}, "{turn.text}": {problem}' for problem in judge(turn, reply)]
    output.say(Rule(Text("What the directory has on record", style="bold"), style="dim", align="left"))
    for effect in _effects(world, transcripts):
        mark = ("✓ ", "green") if effect.seen else ("✗ ", "red")
        output.say(Text.assemble(mark, effect.what))
        output.emit({"event": "effect", "what": effect.what, "seen": effect.seen, "detail": effect.detail})
        if not effect.seen:
            problems.append(f"{effect.what}: not so ({effect.detail})")
    output.say()
    return problems


async def _sign_in(output: Output, world: World, scene: Scene) -> SignIn:
    """Signs the person in through the device flow, playing their browser."""
    plan = world.plan
    desk = Desk(plan.issuer, plan.client_id("help-desk-command-line"), plan.audience, plan.supervisor_url)
    password = json.loads((plan.state / "tenant" / "users.json").read_text())[scene.login]
    output.say()
    output.say(Rule(Text(f"{scene.login}, {scene.who}", style="bold"), style="dim", align="left"))
    async with create_http_client(keep_cookies=True) as own:

        async def approve(asked: DeviceAuthorization) -> None:
            await Browser(own).sign_in(asked.verification_uri_complete, login=scene.login, password=password)

        async with asyncio.timeout(TURN_SECONDS):
            sign_in = await SignInFlows(desk, world.http).by_device(approve)
    world.profiles.save(scene.login, sign_in)
    output.say(f"Signed in as {sign_in.name}, through the device flow.\n", style="dim")
    return sign_in


async def _connect(output: Output, world: World, scene: Scene, connection: str) -> None:
    """Connects the person's account in the directory, playing their browser there."""
    code = json.loads((world.plan.state / "directory" / "users.json").read_text())[scene.login]
    async with create_http_client(keep_cookies=True) as own, asyncio.TaskGroup() as group:

        def browse(request: ConnectRequest) -> None:
            group.create_task(Browser(own).sign_in(request.url, login=scene.login, password=code))

        async with asyncio.timeout(TURN_SECONDS):
            account = await _accounts(world, scene).connect(connection, browse)
    output.say(f"\nConnected {account.connection}, in the browser, at the directory.\n", style="dim")
    output.emit({"event": "connected", "login": scene.login, "connection": account.connection})


async def _decide(output: Output, world: World, login: str, answer: str, *, code: str) -> None:
    """Plays a person at their phone, who compares the code before they answer.

    Raises:
        CommandFailed: what is asked there is not what was asked for here.
    """
    password = json.loads((world.plan.state / "tenant" / "users.json").read_text())[login]
    async with create_http_client() as own, asyncio.timeout(TURN_SECONDS):
        browser = Browser(own)
        page = await browser.enter(
            f"{world.plan.issuer}phone", login=login, password=password, until=lambda page: "approvals" in page.text
        )
        if f"code {code}" not in page.text:
            raise CommandFailed(f"The phone of {login} does not show the code {code}: {page.text}")
        page.forms[0].press(answer)
        done = await browser.submit(page)
    shown = page.text.partition("Expires in")[0].partition(")")[2]
    output.say(Text.assemble((f"\nThe phone of {login}: ", "bold"), shown.strip()))
    output.say(f"{answer.capitalize()}: {done.text}\n", style="dim")
    output.emit({"event": "decided", "login": login, "answer": answer, "code": code})


async def _disconnect(output: Output, world: World, scene: Scene) -> None:
    accounts = _accounts(world, scene)
    for account in await accounts.connected():
        await accounts.disconnect(account)
        output.say(f"Disconnected {account.connection}.", style="dim")
        output.emit({"event": "disconnected", "login": scene.login, "connection": account.connection})


def _accounts(world: World, scene: Scene) -> Accounts:
    return Accounts(world.plan.issuer, Session(world.profiles.of(scene.login), world.http), world.http)


async def _scene(output: Output, world: World, scene: Scene, sign_in: SignIn) -> list[Reply]:
    session = Session(world.profiles.of(scene.login), world.http)
    desk = HelpDesk(world.plan.supervisor_url, world.http, session, owner=f"{world.plan.issuer} {sign_in.subject}")
    conversation = Conversation(desk)
    replies = []
    for turn in scene.turns:
        if turn.without:
            await world.processes.stop_part(turn.without)
        if turn.disconnects:
            await _disconnect(output, world, scene)
        output.say(Text.assemble((f"{sign_in.name}: ", "bold"), turn.text))
        if turn.note:
            output.say(f"({turn.note})", style="dim")
        output.emit({"event": "asked", "login": scene.login, "text": turn.text})
        output.say()
        with ReplyView(output) as view:
            async with asyncio.timeout(TURN_SECONDS):
                reply = await conversation.turn(turn.text, view.show)
        while reply.waits and not turn.disconnects:
            wait = reply.waits[0]
            if wait.kind == APPROVAL and turn.asks is not None:
                await _decide(output, world, *turn.asks, code=wait.subject)
                go_on = conversation.follow
            else:
                await _connect(output, world, scene, wait.subject)
                go_on = conversation.go_on
            with ReplyView(output) as view:
                async with asyncio.timeout(TURN_SECONDS):
                    reply = await go_on(reply, view.show)
        view.finish(reply)
        output.say()
        if turn.without:
            await world.processes.start_part(turn.without)
        replies.append(reply)
    return replies


def judge(turn: Turn, reply: Reply) -> list[str]:
    """What is wrong with an answer."""
    problems = []
    if reply.state != ("auth-required" if turn.disconnects else "completed"):
        problems.append(f"the task is {reply.state or 'not ended'}")
    asked = frozenset(reply.agents) - {"supervisor"}
    if asked != turn.agents:
        problems.append(f"asked {_names(asked)}, not {_names(turn.agents)}")
    if not reply.text:
        problems.append("nothing was said")
    problems += [
        f"does not say /{pattern}/" for pattern in turn.mentions if not re.search(pattern, reply.text, re.IGNORECASE)
    ]
    problems += [f"says /{pattern}/" for pattern in turn.must_not if re.search(pattern, reply.text, re.IGNORECASE)]
    return problems


def _names(agents: frozenset[str]) -> str:
    return " and ".join(sorted(agents)) or "nobody"


def _effects(world: World, transcripts: dict[str, str]) -> list[Effect]:
    record, employee = DirectoryRecord(world.plan.state / "directory"), SCENES[0].login
    return [
        record.unlocked(employee, by=employee),
        record.unlocked(HELPED, by=OPERATOR.login),
        record.sent_mail(employee, "\n".join(transcripts.values())),
        record.nobody_else(employee, HELPED),
        record.not_reset(UNWILLING),
        record.own_token_each({scene.login for scene in SCENES}, helped={OPERATOR.login: (HELPED, UNWILLING)}),
        *record.all_on_record(world.plan.state),
    ]

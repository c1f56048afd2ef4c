"""The conversation: its pages, and the questions that are asked on them."""

import asyncio
import re
import uuid
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portal._errors import NotSignedIn
from portal.conversation import Asked, Earlier, Event, Reply, Waiting
from portal.web._errors import words_for
from portal.web._forms import FormRefused, read_form
from portal.web._pages import EVENT_STREAM, error_response, page
from portal.web._signed_in import SignedIn, backend_of
from portal.web._stream import gather, stream
from portal.web._turns import Turn, listed
from shared.errors import HelpdeskError

MAX_TURNS: Final = 100
MAX_LISTED: Final = 100
PLAIN_SECONDS: Final = 30.0
"""For how long a browser without JavaScript is kept waiting; the page that it gets then loads itself again."""

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


async def first_page(request: Request) -> Response:
    """`GET /`: a new conversation, or who this is for."""
    who = backend_of(request).find(request)
    if who is None:
        return page(request, "welcome.html")
    return await _conversation(request, who, "")


async def conversation(request: Request) -> Response:
    """`GET /conversations/{context_id}`: what was said in it."""
    who, context_id = backend_of(request).require(request), str(request.path_params["context_id"])
    if not _ID.fullmatch(context_id):
        return error_response(request, 404, "There is nothing here.", who=who)
    return await _conversation(request, who, context_id)


async def send_message(request: Request) -> Response:
    """`POST /messages`: asks, and shows the answer as it comes, or a page with it."""
    backend = backend_of(request)
    who = backend.require(request)
    fields = await read_form(request, who, origin=backend.settings.origin)
    text = fields.get("text", "").strip()
    context_id, task_id = conversation_id(fields, "context_id") or uuid.uuid4().hex, conversation_id(fields, "task_id")
    if not text:
        raise FormRefused("Say what you need first.", status=400, detail="empty")
    if len(text) > backend.settings.max_message_characters:
        most = backend.settings.max_message_characters
        raise FormRefused(f"This is too long: {most} characters at most.", status=413, detail="message")
    reply = Reply(context_id, task_id)
    events = _asked(who, reply, text)
    if EVENT_STREAM in request.headers.get("accept", ""):
        return stream(backend, who, reply, events)
    with backend.showing(who):
        async with aclosing(events):
            await gather(reply, events, PLAIN_SECONDS)
    return RedirectResponse(f"/conversations/{reply.context_id}", 303)


async def follow(request: Request) -> Response:
    """`GET /tasks/{task_id}/events`: a question that was asked before, from where it is."""
    backend = backend_of(request)
    who, task_id = backend.require(request), str(request.path_params["task_id"])
    context_id = request.query_params.get("context_id", "")
    if not _ID.fullmatch(task_id) or not _ID.fullmatch(context_id):
        return error_response(request, 404, "There is nothing here.", who=who)
    return stream(backend, who, Reply(context_id, task_id), who.desk.follow(task_id, context_id=context_id))


async def cancel(request: Request) -> Response:
    """`POST /tasks/{task_id}/cancel`: stops it."""
    backend = backend_of(request)
    who = backend.require(request)
    fields = await read_form(request, who, origin=backend.settings.origin)
    task_id, context_id = str(request.path_params["task_id"]), conversation_id(fields, "context_id")
    if not _ID.fullmatch(task_id) or not context_id:
        return error_response(request, 404, "There is nothing here.", who=who)
    await who.desk.cancel(task_id, context_id=context_id)
    return RedirectResponse(f"/conversations/{context_id}", 303)


async def _conversation(request: Request, who: SignedIn, context_id: str) -> Response:
    """A page; where the help desk is away it says so, and can be written on all the same."""
    earlier = found = Asked()
    turns: list[Turn] = []
    problem = ""
    try:
        here = who.desk.earlier(context_id=context_id, at_most=MAX_TURNS) if context_id else _none()
        earlier, found = await asyncio.gather(who.desk.earlier(answers=False, at_most=MAX_LISTED), here)
        turns = await asyncio.to_thread(_turns, found.questions)
    except NotSignedIn:
        raise
    except HelpdeskError as error:
        problem = words_for(error).message
    if context_id and not turns and not problem:
        return error_response(request, 404, "There is no such conversation.", who=who)
    asks = next((turn.task_id for turn in turns if turn.state == "input-required"), "")
    return await asyncio.to_thread(
        page,
        request,
        "chat.html",
        who=who,
        turns=turns,
        conversations=listed(earlier.questions),
        more_conversations=earlier.more,
        more_turns=found.more,
        context_id=context_id,
        task_id=asks,
        problem=problem,
        longest=backend_of(request).settings.max_message_characters,
    )


def _turns(found: Sequence[Earlier]) -> list[Turn]:
    return [Turn.before(one) for one in sorted(found, key=lambda one: one.changed_at)]


async def _none() -> Asked:
    return Asked()


async def _asked(who: SignedIn, reply: Reply, text: str) -> AsyncGenerator[Event, None]:
    """Everything that happens from the question to its end, over whatever it waits for."""
    async with aclosing(who.desk.ask(text, context_id=reply.context_id, task_id=reply.task_id)) as events:
        async for event in events:
            yield event
    if reply.state == "auth-required":
        known, reply.state = Waiting(reply.words, reply.waits), ""
        heard = frozenset(reply.heard)
        followed = who.desk.follow(reply.task_id, context_id=reply.context_id, heard=heard, known=known)
        async with aclosing(followed) as events:
            async for event in events:
                yield event


def conversation_id(fields: dict[str, str], name: str) -> str:
    """A form's field that names a conversation or a task; empty where it names none.

    Raises:
        FormRefused: it is no such name.
    """
    value = fields.get(name, "")
    if value and not _ID.fullmatch(value):
        raise FormRefused("This form cannot be read.", status=400, detail=name)
    return value

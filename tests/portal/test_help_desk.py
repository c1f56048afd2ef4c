"""The line to the supervisor: what its answers mean for the person, and what goes out."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from portal._errors import CommandFailed, ExitCode, NotSignedIn, PartAway, exit_code_of
from portal.conversation import Begun, Conversation, Ended, Event, HelpDesk, Said, Wait, Waiting, Working
from portal.conversation._events import WAITING_KEY, WORKING_KEY
from shared.a2a import WAITING_KEY as WAITING_KEY_OF_AGENTS
from shared.agent_loop import WORKING_KEY as WORKING_KEY_OF_AGENTS
from shared.errors import AuthorizationDenied, HelpdeskError, TooManyRequests
from shared.http import create_http_client
from shared.testing import LoopbackServer


def status(state: str, words: str = "", working: str = "") -> dict[str, Any]:
    update: dict[str, Any] = {"taskId": "t", "contextId": "c", "status": {"state": f"TASK_STATE_{state}"}}
    if words:
        update["status"]["message"] = {"messageId": "m", "role": "ROLE_AGENT", "parts": [{"text": words}]}
    if working:
        update["metadata"] = {WORKING_KEY: working}
    return {"statusUpdate": update}


def piece(artifact_id: str, name: str, text: str, *, append: bool = False) -> dict[str, Any]:
    artifact = {"artifactId": artifact_id, "name": name, "parts": [{"text": text}]}
    return {"artifactUpdate": {"taskId": "t", "contextId": "c", "artifact": artifact, "append": append}}


TASK = {"task": {"id": "t", "contextId": "c", "status": {"state": "TASK_STATE_WORKING"}}}
ANSWER = [TASK, piece("a", "docs_search", "Hello."), status("COMPLETED")]


@dataclass
class Supervisor:
    """Answers as it is told, and notes what came."""

    answers: list[Any] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    params: list[dict[str, Any]] = field(default_factory=list)
    headers: list[httpx.Headers] = field(default_factory=list)

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/", self._rpc, methods=["POST"])])

    async def _rpc(self, request: Request) -> Response:
        body = await request.json()
        self.methods.append(body["method"])
        self.params.append(body["params"])
        self.headers.append(httpx.Headers(request.headers.raw))
        if body["method"] == "CancelTask":
            return JSONResponse({"jsonrpc": "2.0", "id": body["id"], "result": {"id": "t", "contextId": "c"}})
        answer = self.answers.pop(0)
        if isinstance(answer, Response):
            return answer
        return StreamingResponse(self._events(body["id"], answer), media_type="text/event-stream")

    async def _events(self, request_id: str, answer: list[Any]) -> AsyncIterator[str]:
        for event in answer:
            if event == "wait":
                await asyncio.Event().wait()
            yield f"data: {json.dumps({'jsonrpc': '2.0', 'id': request_id, 'result': event})}\n\n"


class Tokens:
    """Gives the tokens of a list, the next where one was refused."""

    def __init__(self, *tokens: str) -> None:
        self._tokens = list(tokens)

    async def access_token(self, *, refused: str | None = None) -> str:
        if refused == self._tokens[0] and len(self._tokens) > 1:
            del self._tokens[0]
        return self._tokens[0]


async def at_once(_: float) -> None:
    """No time passes."""


@pytest.fixture
def supervisor() -> Supervisor:
    return Supervisor()


@pytest.fixture
async def open_desk(supervisor: Supervisor) -> AsyncIterator[Callable[..., HelpDesk]]:
    with LoopbackServer() as server:
        server.start(supervisor.app)
        async with create_http_client() as http:
            yield lambda *tokens: HelpDesk(
                server.url, http, Tokens(*tokens or ("token",)), owner="issuer subject", sleep=at_once
            )


async def heard(desk: HelpDesk, text: str = "hello", context_id: str = "c") -> list[Event]:
    return [event async for event in desk.ask(text, context_id=context_id)]


def test_both_sides_mean_the_same_by_working_and_waiting() -> None:
    assert WORKING_KEY == WORKING_KEY_OF_AGENTS
    assert WAITING_KEY == WAITING_KEY_OF_AGENTS


WAITS = status("AUTH_REQUIRED", "Connect it.")
WAIT = {"kind": "connect-account", "subject": "directory-read"}
WAITS["statusUpdate"]["metadata"] = {WAITING_KEY: [WAIT, "nonsense"]}


async def test_what_an_answer_waits_for_is_told_and_it_goes_on(
    supervisor: Supervisor, open_desk: Callable[..., HelpDesk]
) -> None:
    gone_on = TASK["task"] | {"artifacts": [{"artifactId": "a", "name": "docs_search", "parts": [{"text": "Hello."}]}]}
    supervisor.answers = [
        [TASK, piece("a", "docs_search", "Hello."), WAITS],
        [{"task": gone_on}, piece("b", "account_lookup", "Sales."), status("COMPLETED")],
    ]
    conversation, shown = Conversation(open_desk(), "c"), list[Event]()

    reply = await conversation.turn("hello", shown.append)
    assert (reply.state, reply.waits) == ("auth-required", (Wait("connect-account", "directory-read"),))
    reply = await conversation.go_on(reply, shown.append)

    assert (reply.state, reply.waits, reply.text) == ("completed", (), "Hello.\n\nSales.")
    assert supervisor.params[1]["message"]["taskId"] == "t"
    assert [event.text for event in shown if isinstance(event, Said)] == ["Hello.", "Sales."]


APPROVAL = status("AUTH_REQUIRED", "Approve it: code K7QF.")
APPROVAL["statusUpdate"]["metadata"] = {WAITING_KEY: [{"kind": "approval", "subject": "K7QF", "until": 1_800_000_000}]}
WAITING = Waiting("Approve it: code K7QF.", (Wait("approval", "K7QF", 1_800_000_000.0),))


def rpc_task(state: str, **artifacts: str) -> Response:
    """A task as it is now, with the words of each artifact."""
    listed = [{"artifactId": key, "name": "agent", "parts": [{"text": text}]} for key, text in artifacts.items()]
    source = (APPROVAL if state == "AUTH_REQUIRED" else status(state))["statusUpdate"]
    task = {"id": "t", "contextId": "c", "artifacts": listed} | {
        name: source[name] for name in ("status", "metadata") if name in source
    }
    return JSONResponse({"jsonrpc": "2.0", "id": 1, "result": task})


async def test_a_task_that_waits_for_approval_is_followed_until_it_has_ended(
    supervisor: Supervisor, open_desk: Callable[..., HelpDesk]
) -> None:
    supervisor.answers = [
        [TASK, piece("a", "agent", "Hello."), APPROVAL],
        rpc_task("AUTH_REQUIRED", a="Hello."),
        [
            *(APPROVAL, status("WORKING"), piece("b", "agent", "Done"), piece("b", "agent", "!", append=True)),
            status("COMPLETED"),
        ],
    ]
    conversation, shown = Conversation(open_desk(), "c"), list[Event]()

    reply = await conversation.turn("reset", shown.append)
    assert reply.state == "auth-required"
    reply = await conversation.follow(reply, shown.append)

    assert (reply.state, reply.waits, reply.text) == ("completed", (), "Hello.Done!")
    assert shown[-4:] == [Begun("t", "c"), *(Said("agent", "b", word) for word in ("Done", "!")), ENDED]
    assert supervisor.methods == ["SendStreamingMessage", "GetTask", "SubscribeToTask"]


ENDED = Ended("completed", "")


async def test_a_stream_that_breaks_off_is_taken_up_again_and_nothing_is_said_twice(
    supervisor: Supervisor, open_desk: Callable[..., HelpDesk]
) -> None:
    supervisor.answers = [
        rpc_task("AUTH_REQUIRED"),
        [APPROVAL, status("WORKING"), piece("b", "agent", "Half of ")],
        Response(status_code=503),
        rpc_task("WORKING", b="Half of it "),
        rpc_error(-32004, "Task t has ended.", 400),
        rpc_task("COMPLETED", b="Half of it is whole."),
    ]
    events = [event async for event in open_desk().follow("t")]
    assert events[:2] == [Begun("t", "c"), WAITING]
    assert [event.text for event in events if isinstance(event, Said)] == ["Half of ", "it ", "is whole."]
    assert events[-1] == ENDED


async def test_what_is_said_again_from_its_beginning_is_shown_once(
    supervisor: Supervisor, open_desk: Callable[..., HelpDesk]
) -> None:
    """A supervisor that was killed while it relayed an answer relays the whole of it again, in the same artifact."""
    supervisor.answers = [
        rpc_task("AUTH_REQUIRED", b="Half of "),
        [APPROVAL, status("WORKING"), piece("b", "agent", "Half of it is whole."), status("COMPLETED")],
    ]
    events = [event async for event in open_desk().follow("t")]

    assert [event.text for event in events if isinstance(event, Said)] == ["Half of ", "it is whole."]


async def test_a_help_desk_that_stays_away_is_given_up(
    supervisor: Supervisor, open_desk: Callable[..., HelpDesk]
) -> None:
    supervisor.answers = [rpc_task("AUTH_REQUIRED"), *[Response(status_code=503) for _ in range(20)]]
    with pytest.raises(PartAway):
        assert [event async for event in open_desk().follow("t")]
    assert len(supervisor.answers) == 9


async def test_taking_up_without_waiting_says_how_it_is_now(
    supervisor: Supervisor, open_desk: Callable[..., HelpDesk]
) -> None:
    supervisor.answers = [rpc_task("AUTH_REQUIRED", a="Hello.")]
    reply = await Conversation(open_desk(), "other").take_up("t", lambda _: None)
    assert (reply.state, reply.context_id, reply.text) == ("auth-required", "c", "Hello.\n\nApprove it: code K7QF.")


async def test_one_that_has_gone_on_by_itself_is_looked_up(
    supervisor: Supervisor, open_desk: Callable[..., HelpDesk]
) -> None:
    ended = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32004, "message": "Task t has ended."}}
    task: dict[str, Any] = {"id": "t", "contextId": "c", "status": {"state": "TASK_STATE_COMPLETED"}}
    task["artifacts"] = [{"artifactId": "b", "name": "account_lookup", "parts": [{"text": "Sales."}]}]
    supervisor.answers = [
        JSONResponse(ended, status_code=400),
        JSONResponse({"jsonrpc": "2.0", "id": 1, "result": task}),
    ]

    events = [event async for event in open_desk().go_on("t", context_id="c", heard=())]

    assert events == [Begun("t", "c"), Said("account_lookup", "b", "Sales."), Ended("completed", "")]
    assert supervisor.methods == ["SendStreamingMessage", "GetTask"]


async def test_what_is_said_comes_out_as_it_is_said(supervisor: Supervisor, open_desk: Callable[..., HelpDesk]) -> None:
    supervisor.answers = [
        [
            TASK,
            status("WORKING", working="docs_search"),
            piece("a", "docs_search", "The "),
            piece("a", "docs_search", "guide.", append=True),
            status("WORKING"),
            status("COMPLETED"),
        ]
    ]
    assert await heard(open_desk()) == [
        Begun("t", "c"),
        Working("docs_search"),
        Said("docs_search", "a", "The "),
        Said("docs_search", "a", "guide."),
        Ended("completed", ""),
    ]


async def test_what_goes_out_is_the_question_with_the_persons_token(
    supervisor: Supervisor, open_desk: Callable[..., HelpDesk]
) -> None:
    supervisor.answers = [ANSWER, ANSWER, ANSWER]
    desk = open_desk()
    await heard(desk, "unlock me", "context-1")
    await heard(desk, "again", "context-1")
    await heard(desk, "again", "context-2")
    message = supervisor.params[0]["message"]
    assert (message["contextId"], message["role"], message["parts"]) == (
        "context-1",
        "ROLE_USER",
        [{"text": "unlock me"}],
    )
    headers = supervisor.headers
    assert headers[0]["authorization"] == "Bearer token"
    assert headers[0]["a2a-version"] == "1.0"
    sessions = [sent["x-amzn-bedrock-agentcore-runtime-session-id"] for sent in headers]
    assert sessions[0] == sessions[1] != sessions[2]
    assert 33 <= len(sessions[0]) <= 256


async def test_an_agent_may_answer_with_the_whole_task_at_once(
    supervisor: Supervisor, open_desk: Callable[..., HelpDesk]
) -> None:
    task = TASK["task"] | {
        "status": {"state": "TASK_STATE_COMPLETED"},
        "artifacts": [{"artifactId": "a", "name": "docs_search", "parts": [{"text": "Hello."}]}],
    }
    supervisor.answers = [[{"task": task}]]
    assert await heard(open_desk()) == [Begun("t", "c"), Said("docs_search", "a", "Hello."), Ended("completed", "")]


async def test_an_agent_may_answer_with_a_message(supervisor: Supervisor, open_desk: Callable[..., HelpDesk]) -> None:
    message = {"messageId": "m", "role": "ROLE_AGENT", "parts": [{"text": "Hello."}]}
    supervisor.answers = [[{"message": message}]]
    assert await heard(open_desk()) == [Ended("completed", "Hello.")]


async def test_why_it_failed_is_handed_on(supervisor: Supervisor, open_desk: Callable[..., HelpDesk]) -> None:
    supervisor.answers = [[TASK, status("FAILED", "Something went wrong on our side.")]]
    assert (await heard(open_desk()))[-1] == Ended("failed", "Something went wrong on our side.")


async def test_a_refused_token_is_renewed_once(supervisor: Supervisor, open_desk: Callable[..., HelpDesk]) -> None:
    supervisor.answers = [Response(status_code=401), ANSWER]
    assert (await heard(open_desk("old", "new")))[-1] == Ended("completed", "")
    assert [sent["authorization"] for sent in supervisor.headers] == ["Bearer old", "Bearer new"]
    assert supervisor.params[0]["message"]["messageId"] == supervisor.params[1]["message"]["messageId"]


def rpc_error(code: int, message: str, http_status: int = 200) -> Response:
    body = {"jsonrpc": "2.0", "id": "1", "error": {"code": code, "message": message}}
    return JSONResponse(body, status_code=http_status)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([Response(status_code=401)] * 2, (NotSignedIn, "helpdesk login", ExitCode.NOT_SIGNED_IN)),
        ([Response(status_code=403)], (AuthorizationDenied, "may not use", ExitCode.NOT_ALLOWED)),
        ([Response(status_code=429)], (TooManyRequests, "wait a little", ExitCode.FAILED)),
        ([Response(status_code=503)], (PartAway, "does not answer", ExitCode.PART_AWAY)),
        ([Response(status_code=413)], (CommandFailed, "status 413", ExitCode.FAILED)),
        ([rpc_error(-32602, "The message is too long.")], (CommandFailed, "The message is too long.", ExitCode.FAILED)),
        ([rpc_error(-32602, "It is too long.", 400)], (CommandFailed, "It is too long.", ExitCode.FAILED)),
        ([Response("not json")], (PartAway, "does not answer", ExitCode.PART_AWAY)),
        ([[TASK, piece("a", "docs_search", "Hel")]], (PartAway, "in the middle", ExitCode.PART_AWAY)),
    ],
    ids=["401", "403", "429", "503", "413", "rpc error", "rpc error with status", "rubbish", "cut short"],
)
async def test_what_went_wrong_is_said_with_what_to_do(
    supervisor: Supervisor, open_desk: Callable[..., HelpDesk], answers: list[Any], expected: tuple[Any, str, ExitCode]
) -> None:
    supervisor.answers, (kind, words, code) = answers, expected
    with pytest.raises(HelpdeskError) as error:
        await heard(open_desk())
    assert isinstance(error.value, kind)
    assert words in error.value.public_message
    assert exit_code_of(error.value) == code


async def test_a_supervisor_that_is_not_there_is_named() -> None:
    async with create_http_client() as http:
        with pytest.raises(PartAway) as away:
            await heard(HelpDesk("http://127.0.0.1:9/", http, Tokens("token"), owner="x"))
    assert "http://127.0.0.1:9/ does not answer" in away.value.public_message


async def test_giving_up_cancels_the_task(supervisor: Supervisor, open_desk: Callable[..., HelpDesk]) -> None:
    supervisor.answers = [[TASK, "wait"]]
    begun = asyncio.Event()
    turn = asyncio.ensure_future(Conversation(open_desk(), "c").turn("hello", lambda _: begun.set()))
    async with asyncio.timeout(30):
        await begun.wait()
        turn.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn
    assert supervisor.methods == ["SendStreamingMessage", "CancelTask"]
    assert supervisor.params[1]["id"] == "t"


async def test_a_conversation_keeps_its_context(supervisor: Supervisor, open_desk: Callable[..., HelpDesk]) -> None:
    supervisor.answers = [ANSWER, ANSWER, ANSWER]
    conversation = Conversation(open_desk())
    begun = conversation.context_id
    reply = await conversation.turn("one", lambda _: None)
    await conversation.turn("two", lambda _: None)
    conversation.begin_another()
    assert conversation.taken == "c"
    await conversation.turn("three", lambda _: None)
    contexts = [params["message"]["contextId"] for params in supervisor.params]
    assert contexts[0] == begun
    assert contexts[1] == "c"  # as the supervisor said
    assert contexts[2] not in {begun, "c"}
    assert (reply.state, reply.text, reply.agents) == ("completed", "Hello.", ["docs_search"])

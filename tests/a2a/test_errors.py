"""One table of errors, complete, with a closed default."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator

import pytest
import structlog
from a2a.utils.errors import JSON_RPC_ERROR_CODE_MAP, A2AError, InternalError, TaskNotFoundError

from shared.a2a._errors import FACES, INTERNAL_MESSAGE, answer_of, rest_body, rpc_body
from shared.errors import (
    ConfigurationError,
    HelpdeskError,
    InsufficientScope,
    OAuthError,
    TooManyRequests,
    UpstreamUnavailable,
)
from shared.tasks import SqliteStorage
from tests.a2a._agent import SECRET, Agent, message


def classes_below(root: type[HelpdeskError]) -> Iterator[type[HelpdeskError]]:
    for cls in root.__subclasses__():
        yield cls
        yield from classes_below(cls)


def ours() -> list[type[HelpdeskError]]:
    classes: list[type[HelpdeskError]] = [HelpdeskError, *classes_below(HelpdeskError)]
    return [cls for cls in classes if cls.__module__.startswith("shared.")]


def test_every_error_of_ours_has_its_row() -> None:
    assert [cls.__name__ for cls in ours() if cls not in FACES] == []


def test_every_cause_has_a_code_of_its_own() -> None:
    codes = [cls.__dict__["code"] for cls in ours() if "code" in cls.__dict__]
    assert len(codes) == len(set(codes))


def test_a_subclass_without_a_row_is_an_internal_error() -> None:
    class NewError(HelpdeskError):
        code = "new"

    answer = answer_of(NewError(SECRET, detail=SECRET))
    assert (answer.http, answer.rpc, answer.message) == (500, -32603, INTERNAL_MESSAGE)
    assert SECRET not in json.dumps([rpc_body(answer, 1), rest_body(answer)])


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(SECRET),
        KeyError(SECRET),
        InternalError(message=SECRET),
        A2AError(SECRET),
        ConfigurationError(SECRET),
        type("Odd", (TaskNotFoundError,), {})(SECRET),
        ExceptionGroup(SECRET, [ValueError(SECRET)]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_nobody_meant_for_the_caller_never_reaches_one(error: Exception) -> None:
    answer = answer_of(error)
    assert (answer.http, answer.rpc, answer.status) == (500, -32603, "INTERNAL")
    assert SECRET not in json.dumps([rpc_body(answer, 1), rest_body(answer)])


@pytest.mark.parametrize("cls", [cls for cls in JSON_RPC_ERROR_CODE_MAP if cls is not InternalError])
def test_the_protocols_own_errors_keep_their_codes(cls: type[A2AError]) -> None:
    answer = answer_of(cls("Words."))
    assert (answer.rpc, answer.message) == (JSON_RPC_ERROR_CODE_MAP[cls], "Words.")
    assert rest_body(answer)["error"]["code"] == answer.http


@pytest.mark.parametrize(
    ("error", "http", "status"),
    [
        (UpstreamUnavailable("directory", retry_after=3, detail=SECRET), 503, "UNAVAILABLE"),
        (UpstreamUnavailable("directory", detail=SECRET), 503, "UNAVAILABLE"),
        (TooManyRequests(retry_after=0.2, detail=SECRET), 429, "RESOURCE_EXHAUSTED"),
        (InsufficientScope(("a:b",), detail=SECRET), 403, "PERMISSION_DENIED"),
        (OAuthError("invalid_grant", SECRET), 503, "UNAVAILABLE"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_of_ours_shows_its_public_words_and_never_its_detail(
    error: HelpdeskError, http: int, status: str
) -> None:
    answer = answer_of(error)
    assert (answer.http, answer.status, answer.message) == (http, status, error.public_message)
    assert SECRET not in json.dumps([rpc_body(answer, 1), rest_body(answer)])
    retry_after = getattr(error, "retry_after", None)
    assert answer.headers == ({"Retry-After": str(max(1, round(retry_after)))} if retry_after else {})


async def test_a_fault_of_ours_is_answered_neutrally_and_logged_whole(
    agent: Agent, binding: str, monkeypatch: pytest.MonkeyPatch, log: list[structlog.typing.EventDict]
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(agent.storage.tasks, "get", broken)
    answer = await agent.call("GetTask", {"id": "x"}, binding=binding)
    assert answer.reason == "INTERNAL_ERROR"
    assert answer.response.status_code == (200 if binding == "JSONRPC" else 500)
    assert SECRET not in answer.response.text
    (event,) = [event for event in log if event["event"] == "request_failed"]
    assert SECRET in str(event["exc_info"])


@pytest.mark.parametrize("what", ["stage", "committed"])
@pytest.mark.parametrize("text", ["echo hello", "ask", "chunks 3"])
async def test_a_store_that_fails_fails_the_message_and_not_the_agent(
    agent: Agent, binding: str, monkeypatch: pytest.MonkeyPatch, what: str, text: str
) -> None:
    with monkeypatch.context() as patch:

        async def full(*_: object, **__: object) -> None:
            raise OSError(f"disk full at {SECRET}")

        patch.setattr(agent.storage.tasks, what, full)
        answer = await agent.call("SendMessage", message(text), binding=binding)
        assert answer.reason == "INTERNAL_ERROR"
        assert SECRET not in answer.response.text
    assert (await agent.send("echo hello", binding=binding)).text == "hello"
    assert (await agent.http.get("http://agent.example/ping")).json() == {"status": "Healthy"}


async def test_what_could_not_be_made_durable_is_not_told_as_if_it_were(
    agent: Agent, binding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of the task is written and then lost with its transaction: the sender must not hear of it."""
    assert isinstance(agent.storage, SqliteStorage)
    database, commit = agent.storage.database, agent.storage.tasks.committed
    task = await agent.begin("hold on")

    async def lost() -> None:
        database.spoil(sqlite3.OperationalError("disk full"))
        await commit()

    claim, is_waiting = agent.storage.messages.claim, asyncio.Event()

    async def claimed(*message: str) -> str | None:
        earlier = await claim(*message)
        is_waiting.set()  # in the same step it is waited for what comes of the earlier one
        return earlier

    monkeypatch.setattr(agent.storage.messages, "claim", claimed)
    sending = asyncio.create_task(
        agent.call("SendMessage", message("hold on", message_id=task["history"][0]["messageId"]), binding=binding)
    )
    await is_waiting.wait()
    monkeypatch.setattr(agent.storage.tasks, "committed", lost)
    agent.executor.release.set()
    assert (await sending).reason == "INTERNAL_ERROR"
    monkeypatch.undo()
    assert (await agent.call("GetTask", {"id": task["id"]})).state != "TASK_STATE_COMPLETED"


async def test_each_request_is_one_line_in_the_log_with_ids_and_without_tokens(
    agent: Agent, binding: str, log: list[structlog.typing.EventDict]
) -> None:
    headers = agent.issuer.hop()
    answer = await agent.call(
        "SendMessage", message("echo my-private-words"), headers=headers | {"X-Request-Id": "r-1"}, binding=binding
    )
    assert answer.response.headers["X-Request-Id"] == "r-1"
    (line,) = [event for event in log if event["event"] == "request"]
    assert (line["status"], line["method"], line["client"]) == (200, "SendMessage", "supervisor")
    assert line["task_id"] == answer.task["id"]
    assert line["context_id"] == answer.task["contextId"]
    assert line["milliseconds"] > 0
    written = str(log)
    assert "my-private-words" not in written
    for token in headers.values():
        assert token.removeprefix("Bearer ").split(".")[2] not in written


async def test_a_refused_request_is_logged_with_the_reason_that_its_caller_is_not_told(
    agent: Agent, log: list[structlog.typing.EventDict]
) -> None:
    await agent.call("SendMessage", headers=agent.issuer.hop(actors=("stranger",)))
    (line,) = [event for event in log if event["event"] == "request"]
    assert (line["status"], line["outcome"], line["reason"]) == (403, "denied", "caller_not_allowed")
    assert line["detail"] == "client supervisor sent a token of actor stranger"


async def test_what_is_asked_for_often_and_by_machines_is_not_in_the_log(
    agent: Agent, log: list[structlog.typing.EventDict]
) -> None:
    await agent.http.get("http://agent.example/ping")
    assert [event["log_level"] for event in log] == ["debug"]


@pytest.mark.parametrize("request_id", ["x" * 129, "with space", "line\\nbreak", "<b>"])
async def test_a_request_id_that_is_no_id_is_replaced(agent: Agent, request_id: str) -> None:
    response = await agent.http.get("http://agent.example/ping", headers={"X-Request-Id": request_id})
    assert len(response.headers["X-Request-Id"]) == 32

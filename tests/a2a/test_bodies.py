"""Bodies that are no request: a clear error in the binding's own form, whatever came."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from shared.a2a import Limits, _body
from tests.a2a._agent import URL, Agent, Issuer, message

pytestmark = pytest.mark.requirement("C11")

REQUEST: dict[str, Any] = {"jsonrpc": "2.0", "id": 7, "method": "SendMessage", "params": message("echo hello")}


async def post(
    agent: Agent, body: bytes | dict[str, Any] | list[Any], *, path: str = "", **headers: str
) -> tuple[int, dict[str, Any]]:
    """The status and the body of what comes back."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"Content-Type": "application/json"} | agent.issuer.hop()
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    response = await agent.http.post(URL + path, content=content, headers=sent)
    assert "Traceback" not in response.text
    return response.status_code, response.json()


def text_of(part: str) -> bytes:
    """A request whose JSON has that part as the text."""
    return json.dumps(REQUEST).encode().replace(b'"echo hello"', part.encode())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"hello",
        b"\xff\xfe{}",
        b'{"jsonrpc": "2.0", "id": 1, "method": "\xff"}',
        b"\xef\xbb\xbf{}",
        text_of("NaN"),
        text_of("Infinity"),
        text_of("-Infinity"),
        text_of("1e999"),
        text_of('"\\ud800"'),
        text_of('"' + "9" * 5).replace(b'"99999', b"9" * 5000),
        b'{"jsonrpc": "2.0", "id": 1, "id": 2, "method": "SendMessage"}',
        text_of('"a", "text": "b"'),
        b"[" * 100_000,
        b'{"a":' * 50 + b"1" + b"}" * 50,
        json.dumps(REQUEST).encode() + b"{}",
        json.dumps(REQUEST).encode("utf-16"),
    ],
    ids=lambda body: repr(body[:40]),
)
async def test_what_is_not_json_is_a_parse_error(agent: Agent, body: bytes) -> None:
    status, answer = await post(agent, body)
    assert (status, answer["error"]["code"], answer["id"]) == (200, -32700, None)
    assert agent.executor.heard == []
    if body.lstrip(b"[") or not body:
        rest, error = await post(agent, body, path="message:send")
        assert (rest, error["error"]["status"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize("values", [[{}] * 60_000, [0] * 80_000, {str(number): 0 for number in range(5000)}], ids=len)
async def test_more_values_than_any_message_needs_are_refused_before_messages_are_made_of_them(
    agent: Agent, values: Any
) -> None:
    """Making them takes seconds, in which nobody else is served."""
    body = REQUEST | {"params": message("echo hello", parts=values)}
    _, answer = await post(agent, body)
    assert (answer["error"]["code"], answer["id"]) == (-32700, None)


async def test_text_with_many_commas_and_brackets_is_text(agent: Agent) -> None:
    text = "echo " + "[{,]}" * 1500
    _, answer = await post(agent, REQUEST | {"params": message(text)})
    assert answer["result"]["task"]["artifacts"][0]["parts"][0]["text"] == text.removeprefix("echo ")


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("message/send", {"parts": [{"kind": "file", "file": {"bytes": "\u202e"}}]}),
        ("message/send", {"parts": [{"kind": "file", "file": {"bytes": "no base64"}}]}),
        ("message/send", {"configuration": {"historyLength": 2**40}}),
        ("message/stream", {"configuration": {"historyLength": -(2**40)}}),
        ("tasks/get", {"id": "x", "historyLength": 2**40}),
    ],
    ids=str,
)
async def test_what_fits_0_3_but_not_1_0_is_refused_as_parameters(
    agent: Agent, method: str, params: dict[str, Any]
) -> None:
    if method.startswith("message"):
        said = {"kind": "message", "messageId": "m", "role": "user", "parts": [{"kind": "text", "text": "echo x"}]}
        params = {"message": said | {name: params.pop(name) for name in ("parts",) if name in params}, **params}
    _, answer = await post(agent, {"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
    assert answer["error"]["code"] in {-32602, -32005}
    assert agent.executor.heard == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ([REQUEST], -32600),
        ([], -32600),
        ("hello", -32600),
        (None, -32600),
        (5, -32600),
        ({}, -32600),
        (REQUEST | {"jsonrpc": "1.0"}, -32600),
        ({name: value for name, value in REQUEST.items() if name != "jsonrpc"}, -32600),
        (REQUEST | {"id": True}, -32600),
        (REQUEST | {"id": 1.5}, -32600),
        (REQUEST | {"id": {"a": 1}}, -32600),
        (REQUEST | {"id": "x" * 257}, -32600),
        (REQUEST | {"method": ""}, -32600),
        (REQUEST | {"method": 5}, -32600),
        (REQUEST | {"method": None}, -32600),
        (REQUEST | {"method": "sendMessage"}, -32601),
        (REQUEST | {"method": "SendMessage "}, -32601),
        (REQUEST | {"method": "__init__"}, -32601),
        (REQUEST | {"method": "tasks/list"}, -32601),
        (REQUEST | {"method": "x" * 100_000}, -32601),
        (REQUEST | {"params": []}, -32602),
        (REQUEST | {"params": "x"}, -32602),
        (REQUEST | {"params": None}, -32602),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_what_is_no_request_is_refused_with_json_rpcs_own_code(agent: Agent, body: Any, code: int) -> None:
    status, answer = await post(agent, json.dumps(body).encode())
    assert (status, answer["jsonrpc"], answer["error"]["code"]) == (200, "2.0", code)
    assert len(json.dumps(answer)) < 1000
    assert agent.executor.heard == []


@pytest.mark.parametrize("request_id", ["abc", 0, -1, 2**60, "", "äöü", None])
async def test_the_answer_has_the_requests_id(agent: Agent, request_id: Any) -> None:
    _, answer = await post(agent, REQUEST | {"id": request_id, "params": message("echo hello")})
    assert answer["id"] == request_id
    _, refused = await post(agent, REQUEST | {"id": request_id, "method": "Unknown"})
    assert refused["id"] == request_id


@pytest.mark.parametrize("path", ["", "message:send"])
@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
        "",
    ],
)
async def test_a_body_of_another_media_type_is_not_read(agent: Agent, media_type: str, path: str) -> None:
    status, answer = await post(agent, REQUEST if not path else REQUEST["params"], path=path, Content_Type=media_type)
    assert status == 415
    assert answer["error"]["code"] == (415 if path else -32005)
    assert agent.executor.heard == []


@pytest.mark.parametrize(
    "media_type", ["application/json; charset=utf-8", 'application/json;charset="UTF-8"', "application/a2a+json"]
)
async def test_json_may_be_named_with_its_charset(agent: Agent, media_type: str) -> None:
    assert (await post(agent, REQUEST, Content_Type=media_type))[0] == 200


async def test_a_compressed_body_is_not_read(agent: Agent) -> None:
    assert (await post(agent, REQUEST, Content_Encoding="gzip"))[0] == 415


@pytest.mark.parametrize("path", ["", "message:send"])
async def test_a_body_that_is_too_long_is_not_held(tmp_path: Any, issuer: Issuer, path: str) -> None:
    """Neither where it says so beforehand, nor where it does not: reading stops at the limit."""
    async with Agent(tmp_path, issuer, limits=Limits(body_bytes=10_000)) as agent:
        status, answer = await post(agent, b" " * 10_001, path=path)
        assert status == 413
        assert answer["error"]["code"] == (413 if path else -32600)
        given = 0

        async def receive() -> dict[str, Any]:
            nonlocal given
            given += 1000
            return {"type": "http.request", "body": b"x" * 1000, "more_body": True}

        sent: list[dict[str, Any]] = []

        async def send(part: Any) -> None:
            sent.append(part)

        headers = [(name.lower().encode(), value.encode()) for name, value in issuer.hop().items()]
        scope = {
            "type": "http",
            "method": "POST",
            "path": f"/{path}",
            "query_string": b"",
            "headers": [*headers, (b"content-type", b"application/json")],
        }
        await agent.app(scope, receive, send)
        assert sent[0]["status"] == 413
        assert given == 11_000


@pytest.mark.parametrize("path", ["", "message:send"])
async def test_a_body_that_does_not_end_is_not_waited_for(
    agent: Agent, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_body, "BODY_SECONDS", 0.02)
    parts: Iterator[dict[str, Any]] = iter([{"type": "http.request", "body": b'{"jsonrpc"', "more_body": True}])
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return next(parts, None) or await asyncio.get_running_loop().create_future()

    async def send(part: Any) -> None:
        sent.append(part)

    headers = [(name.lower().encode(), value.encode()) for name, value in agent.issuer.hop().items()]
    headers.append((b"content-type", b"application/json"))
    scope = {"type": "http", "method": "POST", "path": f"/{path}", "query_string": b"", "headers": headers}
    await agent.app(scope, receive, send)
    assert sent[0]["status"] == 408


async def test_a_client_that_goes_in_the_middle_of_its_request_gets_no_answer_and_does_no_harm(agent: Agent) -> None:
    parts: Iterator[dict[str, Any]] = iter(
        [{"type": "http.request", "body": b'{"jsonrpc"', "more_body": True}, {"type": "http.disconnect"}]
    )
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return next(parts)

    async def send(part: Any) -> None:
        sent.append(part)

    headers = [(name.lower().encode(), value.encode()) for name, value in agent.issuer.hop().items()]
    headers.append((b"content-type", b"application/json"))
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}
    await agent.app(scope, receive, send)
    assert sent == []
    assert (await agent.send("echo hello")).text == "hello"


@pytest.mark.parametrize(
    ("version", "code"),
    [("1.0", None), ("1.1", None), ("1", None), ("1.0.3", None), ("", None), (" 1.0 ", None)]
    + [(version, -32009) for version in ("2.0", "0.2", "9.9", "0.3", "one", "1.0, 2.0", "1.0.0.0.0")],
)
async def test_a_version_of_a2a_that_is_not_offered_is_refused(agent: Agent, version: str, code: int | None) -> None:
    _, answer = await post(agent, REQUEST, A2A_Version=version)
    assert answer.get("error", {}).get("code") == code
    status, _ = await post(agent, message("echo hello"), path="message:send", A2A_Version=version)
    assert status == (400 if code else 200)


async def test_without_a_version_the_names_say_which_it_is(agent: Agent) -> None:
    """AgentCore strips the header unless it is told not to."""
    assert "result" in (await post(agent, REQUEST))[1]


async def test_an_unknown_version_is_refused_before_an_unknown_method(agent: Agent) -> None:
    _, answer = await post(agent, REQUEST | {"method": "Unknown"}, A2A_Version="7.0")
    assert answer["error"]["code"] == -32009


@pytest.mark.parametrize("path", ["nothing", "tasks/a/b", "message:sned", "v1/message:send", "tenant/message:send"])
async def test_an_unknown_path_is_not_found_in_the_bindings_form(agent: Agent, path: str) -> None:
    status, answer = await post(agent, message("echo hello"), path=path)
    assert (status, answer["error"]["status"]) == (404, "NOT_FOUND")


async def test_json_rpc_is_posted(agent: Agent) -> None:
    response = await agent.http.get(URL, headers=agent.issuer.hop())
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "query",
    [{"pageSize": "many"}, {"pageSize": "0"}, {"pageSize": "101"}, {"historyLength": "-1"}],
    ids=str,
)
async def test_query_parameters_that_do_not_fit_are_refused(agent: Agent, query: dict[str, str]) -> None:
    response = await agent.http.get(f"{URL}tasks", params=query, headers=agent.issuer.hop())
    assert (response.status_code, response.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")

"""The gateway's two functions when they fail, take too long, or answer what they should not."""

import threading
from pathlib import Path
from typing import Any

import pytest

from local.gateway import Limits
from tests.gateway._functions import identity
from tests.gateway._gateway import SEARCH, Gateway, answer, parts_of

IDENTITY = "X-Helpdesk-Identity"


def passed(**transformed: Any) -> Any:
    return {"interceptorOutputVersion": "1.0", "mcp": {"transformedGatewayRequest": transformed}}


def body_of(event: Any) -> Any:
    return event["mcp"]["gatewayRequest"]["body"]


async def test_a_tool_that_raises_is_a_failed_tool_and_tells_nothing(tmp_path: Path) -> None:
    def tool(_: Any, __: Any) -> Any:
        raise RuntimeError("the password is hunter2")

    with Gateway(tmp_path, parts=parts_of(tool)) as gateway:
        response = await gateway.call("test___echo", {})
    assert response.json()["result"]["isError"] is True
    assert "hunter2" not in response.text


async def test_a_tool_that_takes_too_long_is_a_failed_tool(tmp_path: Path) -> None:
    ended = threading.Event()

    def tool(_: Any, __: Any) -> Any:
        ended.wait(10)

    with Gateway(tmp_path, parts=parts_of(tool, limits=Limits(seconds=0.2))) as gateway:
        response = await gateway.call("test___echo", {})
        ended.set()
    assert response.json()["result"]["isError"] is True


@pytest.mark.parametrize("said", [{"x": "y" * 5000}, object()])
async def test_a_tool_that_says_too_much_or_no_json_is_a_failed_tool(tmp_path: Path, said: Any) -> None:
    with Gateway(tmp_path, parts=parts_of(lambda *_: said, limits=Limits(payload_bytes=4000))) as gateway:
        response = await gateway.call("test___echo", {})
    assert response.json()["result"]["isError"] is True


async def test_headers_that_lambda_would_not_take_fail_the_call(tmp_path: Path) -> None:
    with Gateway(tmp_path, parts=parts_of(allowed_request_headers=("x-long",))) as gateway:
        assert answer(await gateway.call("test___echo", {}, headers={"X-Long": "y" * 1000}))
        response = await gateway.call("test___echo", {}, headers={"X-Long": "y" * 3000})
    assert response.json()["result"]["isError"] is True


@pytest.mark.requirement("G5")
@pytest.mark.parametrize(
    "output",
    [
        None,
        {},
        [],
        "passed",
        {"interceptorOutputVersion": "2.0", "mcp": {"transformedGatewayRequest": {"body": {}}}},
        {"interceptorOutputVersion": "1.0", "mcp": {}},
        {"interceptorOutputVersion": "1.0", "mcp": {"transformedGatewayResponse": {"body": {}}}},
        passed(headers={"x-helpdesk-identity": "me"}),
        passed(headers={f"x-{n}": "1" for n in range(11)}, body={}),
        passed(headers={"x-a": "line\r\nbreak"}, body={}),
        passed(headers={"x-a": "y" * 5000}, body={}),
    ],
)
async def test_an_interceptor_that_answers_anything_else_lets_nothing_through(tmp_path: Path, output: Any) -> None:
    ran: list[Any] = []
    with Gateway(tmp_path, parts=parts_of(lambda *call: ran.append(call), lambda *_: output)) as gateway:
        assert (await gateway.call("test___echo", {})).status_code == 500
    assert ran == []


@pytest.mark.requirement("G5")
async def test_an_interceptor_that_raises_lets_nothing_through(tmp_path: Path) -> None:
    def interceptor(_: Any, __: Any) -> Any:
        raise RuntimeError

    with Gateway(tmp_path, parts=parts_of(None, interceptor)) as gateway:
        assert (await gateway.call("test___echo", {})).status_code == 500


async def test_an_interceptors_own_answer_is_given_in_place_of_the_tools(tmp_path: Path) -> None:
    def interceptor(event: Any, _: Any) -> Any:
        error = {"jsonrpc": "2.0", "id": body_of(event)["id"], "error": {"code": -32002, "message": "no"}}
        response = {"statusCode": 403, "headers": {"X-Why": "because"}, "body": error}
        return {"interceptorOutputVersion": "1.0", "mcp": {"transformedGatewayResponse": response}}

    with Gateway(tmp_path, parts=parts_of(None, interceptor)) as gateway:
        response = await gateway.call("test___echo", {})
    assert (response.status_code, response.headers["X-Why"]) == (403, "because")
    assert response.json()["error"]["message"] == "no"


async def test_an_interceptors_headers_take_the_place_of_the_clients(tmp_path: Path) -> None:
    def interceptor(event: Any, _: Any) -> Any:
        return passed(headers={"x-who": "the interceptor"}, body=body_of(event))

    with Gateway(tmp_path, parts=parts_of(None, interceptor, allowed_request_headers=("X-Who", "X-Note"))) as gateway:
        said = answer(await gateway.call("test___echo", {}, headers={"X-Who": "a client", "X-Other": "not allowed"}))
    assert said["custom"]["bedrockAgentCorePropagatedHeaders"] == {"x-who": "the interceptor"}


async def test_an_interceptor_may_change_the_body(tmp_path: Path) -> None:
    def interceptor(event: Any, _: Any) -> Any:
        body = body_of(event)
        body["params"]["arguments"] = {"changed": True}
        return passed(body=body)

    with Gateway(tmp_path, parts=parts_of(None, interceptor)) as gateway:
        assert answer(await gateway.call("test___echo", {"changed": False}))["event"] == {"changed": True}


@pytest.mark.requirement("G5")
async def test_without_an_interceptor_that_signs_the_search_tool_answers_nobody(
    tmp_path: Path, gateway: Gateway
) -> None:
    """A client's own header reaches the tool where nothing writes over it, and is still not taken for an identity."""
    from local.gateway.app import create_parts  # noqa: PLC0415 -- the one test that takes the real tool apart

    def only_the_tool() -> Any:
        parts = create_parts(gateway.settings)
        return type(parts)(parts.target, parts_of()().interceptor, parts.closing)

    with Gateway(tmp_path, parts=only_the_tool) as unguarded:
        for headers in ({}, {IDENTITY: identity(audiences=frozenset({"it"}))}):
            response = await unguarded.call(*SEARCH, headers=headers)
            assert response.json()["result"]["isError"] is True


@pytest.mark.requirement("B2")
async def test_an_identity_that_a_client_sends_changes_nothing(gateway: Gateway) -> None:
    forged = {IDENTITY: identity(subject="auth0|somebody.else", audiences=frozenset({"it"}))}
    question = {"question": "restart a domain controller"}
    assert answer(await gateway.call("docs___search_articles", question, headers=forged))["hits"] == []


async def test_the_agent_says_what_the_person_may_read(gateway: Gateway) -> None:
    question = {"question": "restart a domain controller"}
    for audiences, found in (("everyone", 0), ("everyone,employees", 0), ("everyone,it", 1)):
        response = await gateway.call("docs___search_articles", question, headers={"X-Helpdesk-Audiences": audiences})
        assert len(answer(response)["hits"]) == found

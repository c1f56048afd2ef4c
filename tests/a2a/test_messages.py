"""What a message must be, and what is said of one that is not."""

from typing import Any

import pytest

from tests.a2a._agent import Agent, message

DEEP: dict[str, Any] = {}
for _ in range(10):
    DEEP = {"a": DEEP}


def changed(**fields: Any) -> dict[str, Any]:
    params = message("echo hello")
    params["message"] |= fields
    return params


@pytest.mark.requirement("C11")
@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, "no messageId"),
        (changed(messageId=""), "no messageId"),
        (changed(messageId="x" * 257), "messageId is not one line"),
        (changed(messageId="a\nb"), "messageId is not one line"),
        (changed(contextId="x" * 257), "contextId is not one line"),
        (changed(role="ROLE_AGENT"), "role must be ROLE_USER"),
        (changed(role="ROLE_UNSPECIFIED"), "role must be ROLE_USER"),
        (changed(parts=[]), "no parts"),
        (changed(parts=[{}]), "no content"),
        (changed(parts=[{"text": ""}]), "is empty"),
        (changed(parts=[{"text": " \t\n\u2003"}]), "is empty"),
        (changed(parts=[{"text": "x"}] * 17), "more than 16 parts"),
        (changed(parts=[{"text": "x" * 8001}]), "longer than 8000 characters"),
        (changed(parts=[{"text": "x" * 4001}] * 2), "longer than 8000 characters"),
        (changed(metadata=DEEP), "nested deeper than 8"),
        (changed(parts=[{"text": "x", "metadata": DEEP}]), "nested deeper than 8"),
        (message("echo hello") | {"metadata": DEEP}, "nested deeper than 8"),
        (changed(referenceTaskIds=["x"] * 17), "more than 16 tasks"),
        (changed(metadata={"a": "x" * 8192}), "more than 8192 bytes besides"),
        (changed(parts=[{"text": "x", "metadata": {"a": "x" * 8192}}]), "more than 8192 bytes besides"),
        (changed(parts=[{"text": "x", "filename": "x" * 8192}]), "more than 8192 bytes besides"),
        (changed(parts=[{"text": "x", "mediaType": f"text/plain;{'x' * 8192}"}]), "more than 8192 bytes besides"),
        (changed(extensions=["x" * 8192]), "more than 8192 bytes besides"),
        (changed(referenceTaskIds=["x" * 8192]), "more than 8192 bytes besides"),
        (message("echo hello") | {"configuration": {"historyLength": -1}}, "must not be negative"),
        (changed(parts="x"), "do not fit"),
        (changed(parts=[{"text": 5}]), "do not fit"),
        (changed(role="ROLE_KING"), "role must be ROLE_USER"),
        ({"message": "hello"}, "no messageId"),
        (changed(messageId={"a": 1}), "do not fit"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("operation", ["SendMessage", "SendStreamingMessage"])
async def test_a_message_that_makes_no_sense_is_refused_with_words_that_say_why(
    agent: Agent, operation: str, params: dict[str, Any], words: str, binding: str
) -> None:
    answer = await agent.call(operation, params, binding=binding)
    assert answer.error is not None
    assert answer.reason == "INVALID_PARAMS"
    assert words in answer.error["message"]
    assert answer.response.status_code == (200 if binding == "JSONRPC" else 400)
    assert agent.executor.heard == []


@pytest.mark.requirement("C11")
@pytest.mark.requirement("D6")
@pytest.mark.parametrize(
    "part",
    [
        {"raw": "aGVsbG8=", "mediaType": "image/png"},
        {"raw": "aGVsbG8="},
        {"url": "http://169.254.169.254/latest/meta-data"},
        {"url": "https://files.example/x.txt", "mediaType": "application/pdf"},
        {"data": {"a": 1}},
        {"text": "<b>hello</b>", "mediaType": "text/html"},
        {"text": "nul \0 byte"},
    ],
    ids=str,
)
async def test_a_part_of_a_kind_that_the_card_does_not_offer_is_refused(
    agent: Agent, part: dict[str, Any], binding: str
) -> None:
    answer = await agent.call("SendMessage", changed(parts=[{"text": "look"}, part]), binding=binding)
    assert answer.reason == "CONTENT_TYPE_NOT_SUPPORTED"
    assert answer.error is not None
    assert "text/plain" in answer.error["message"]
    assert agent.executor.heard == []


@pytest.mark.parametrize("media_type", ["text/plain", "text/plain; charset=utf-8", "TEXT/PLAIN"])
async def test_text_may_say_that_it_is_text(agent: Agent, media_type: str, binding: str) -> None:
    params = changed(parts=[{"text": "echo hello", "mediaType": media_type}])
    assert (await agent.call("SendMessage", params, binding=binding)).text == "hello"


async def test_text_is_limited_by_its_characters_alone(agent: Agent, binding: str) -> None:
    text = "echo " + "\U0001f512" * 7000
    assert (await agent.send(text, binding=binding)).text == text.removeprefix("echo ")


async def test_text_of_any_language_comes_back_as_it_was_sent(agent: Agent, binding: str) -> None:
    text = 'Grüße, 你好, مرحبا, 👩🏽‍💻 e\u0301 \u2028 \\ " </script>'
    assert (await agent.send(f"echo {text}", binding=binding)).text == text


async def test_push_notifications_in_the_configuration_are_refused_clearly(agent: Agent, binding: str) -> None:
    params = message("echo hello") | {
        "configuration": {"taskPushNotificationConfig": {"url": "https://listener.example/"}}
    }
    answer = await agent.call("SendMessage", params, binding=binding)
    assert answer.reason == "PUSH_NOTIFICATION_NOT_SUPPORTED"
    assert agent.executor.heard == []


@pytest.mark.parametrize(("length", "kept"), [(None, 1), (0, 0), (5, 1)])
async def test_history_is_as_long_as_was_asked_for(agent: Agent, length: int | None, kept: int, binding: str) -> None:
    configuration = {} if length is None else {"historyLength": length}
    params = message("echo hello") | {"configuration": configuration}
    answer = await agent.call("SendMessage", params, binding=binding)
    assert len(answer.task.get("history", [])) == kept
    query = {"id": answer.task["id"]} | configuration
    assert len((await agent.call("GetTask", query, binding=binding)).task.get("history", [])) == kept


async def test_a_field_of_a_newer_version_is_ignored(agent: Agent, binding: str) -> None:
    """Deployable in any order: a newer caller's fields do no harm (A2A 1.0 §3.2)."""
    params = changed(newField={"a": 1}) | {"anotherNewField": True}
    assert (await agent.call("SendMessage", params, binding=binding)).text == "hello"

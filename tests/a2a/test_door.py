"""Tokens at the door: on every operation, in both bindings, before anything else is looked at."""

import json
import re
from pathlib import Path
from typing import Any, Literal

import pytest

from shared.a2a import DELEGATED_USER_HEADER, INVOKE_SCOPE, SESSION_HEADER
from shared.testing import AuthorizationServer
from tests.a2a._agent import (
    ALICE,
    AUDIENCE,
    BOB,
    OPERATIONS,
    OTHER,
    SUPERVISOR_API,
    SUPERVISOR_AUDIENCE,
    URL,
    Agent,
    Answer,
    Issuer,
    message,
)

METADATA = 'resource_metadata="http://agent.example/.well-known/oauth-protected-resource"'


def refused(answer: Answer, agent: Agent) -> tuple[int, str | None]:
    """The status and the reason of a refusal behind which nothing was done."""
    assert answer.result is None
    assert agent.executor.heard == []
    return answer.response.status_code, answer.reason


@pytest.mark.requirement("A1")
async def test_without_a_token_every_operation_is_challenged_without_an_error_code(agent: Agent, binding: str) -> None:
    """RFC 6750 §3: no error information where no authentication was tried."""
    for operation in OPERATIONS:
        answer = await agent.call(operation, headers={}, binding=binding)
        assert refused(answer, agent) == (401, "TOKEN_MISSING")
        assert answer.response.headers["WWW-Authenticate"] == f"Bearer {METADATA}"


@pytest.mark.requirement("A1")
async def test_a_refusal_has_the_bindings_own_form(agent: Agent) -> None:
    """AgentCore answers -32001 in JSON-RPC; the HTTP+JSON binding has google.rpc.Status."""
    rpc = (await agent.call("SendMessage", headers={})).response.json()
    assert (rpc["jsonrpc"], rpc["id"], rpc["error"]["code"]) == ("2.0", None, -32001)
    rest = (await agent.call("SendMessage", headers={}, binding="HTTP+JSON")).response.json()
    assert (rest["error"]["code"], rest["error"]["status"]) == (401, "UNAUTHENTICATED")


@pytest.mark.requirement("A1")
@pytest.mark.parametrize("scheme", ["Basic YWxpY2U6c2VjcmV0", "DPoP abc", "Negotiate", ""])
async def test_another_scheme_is_no_token(agent: Agent, scheme: str, binding: str) -> None:
    answer = await agent.call("SendMessage", headers={"Authorization": scheme}, binding=binding)
    assert refused(answer, agent) == (401, "TOKEN_MISSING")


@pytest.mark.requirement("A2")
@pytest.mark.requirement("A12")
@pytest.mark.parametrize(
    "value",
    ["Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Bearer nonsense", "Bearer a.b.c", "Bearer " + "a" * 5000],
)
@pytest.mark.parametrize("operation", ["SendMessage", "GetTask"])
async def test_what_is_no_token_of_ours_is_invalid(agent: Agent, value: str, operation: str, binding: str) -> None:
    headers = agent.issuer.hop() | {"Authorization": value}
    answer = await agent.call(operation, headers=headers, binding=binding)
    assert refused(answer, agent) == (401, "INVALID_TOKEN")
    challenge = answer.response.headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer error="invalid_token", error_description="')
    assert METADATA in challenge


@pytest.mark.requirement("A2")
@pytest.mark.parametrize("which", ["Authorization", DELEGATED_USER_HEADER])
async def test_both_tokens_are_verified_on_every_operation(agent: Agent, which: str, binding: str) -> None:
    headers = agent.issuer.hop()
    headers[which] = headers[which][:-4] + "AAAA"
    for operation in OPERATIONS:
        answer = await agent.call(operation, headers=headers, binding=binding)
        assert refused(answer, agent) == (401, "INVALID_TOKEN")


@pytest.mark.requirement("A2")
async def test_an_expired_token_is_invalid_even_if_it_was_good_a_moment_ago(agent: Agent, binding: str) -> None:
    now = agent.issuer.server.clock()
    claims = agent.issuer.server.user_claims(
        ALICE, audience=AUDIENCE, client_id=SUPERVISOR_API, actors=[SUPERVISOR_API]
    )
    old = agent.issuer.server.signing_key.sign(agent.issuer.server.header(), claims | {"exp": int(now) - 60})
    headers = agent.issuer.hop() | {DELEGATED_USER_HEADER: old}
    assert refused(await agent.call("SendMessage", headers=headers, binding=binding), agent) == (401, "INVALID_TOKEN")


@pytest.mark.requirement("A4")
@pytest.mark.parametrize("which", ["agent", "user"])
@pytest.mark.parametrize("audience", ["https://helpdesk.example/password_reset", SUPERVISOR_AUDIENCE, AUDIENCE + "/"])
async def test_a_token_for_a_sibling_is_invalid_here(agent: Agent, which: str, audience: str, binding: str) -> None:
    headers = agent.issuer.hop()
    if which == "agent":
        headers["Authorization"] = f"Bearer {agent.issuer.agent(audience=audience)}"
    else:
        headers[DELEGATED_USER_HEADER] = agent.issuer.delegated(audience=audience)
    assert refused(await agent.call("SendMessage", headers=headers, binding=binding), agent) == (401, "INVALID_TOKEN")


@pytest.mark.requirement("A4")
async def test_the_users_token_for_the_supervisor_does_not_open_a_subagent(agent: Agent, binding: str) -> None:
    headers = agent.issuer.hop() | {DELEGATED_USER_HEADER: agent.issuer.user()}
    assert refused(await agent.call("SendMessage", headers=headers, binding=binding), agent) == (401, "INVALID_TOKEN")


@pytest.mark.requirement("A4")
async def test_an_audience_among_several_is_ours(agent: Agent, binding: str) -> None:
    server = agent.issuer.server
    token = server.user_token(
        ALICE,
        audience=[AUDIENCE, f"{server.issuer}userinfo"],
        client_id=SUPERVISOR_API,
        actors=[SUPERVISOR_API],
        scopes=["account:read"],
    )
    headers = agent.issuer.hop() | {DELEGATED_USER_HEADER: token.reveal()}
    assert (await agent.call("SendMessage", headers=headers, binding=binding)).result


@pytest.mark.requirement("A5")
@pytest.mark.parametrize("change", [lambda issuer: issuer[:-1], lambda _: "https://other.example/", str.upper])
async def test_a_look_alike_of_the_issuer_is_another(agent: Agent, change: Any, binding: str) -> None:
    server = agent.issuer.server
    claims = server.user_claims(ALICE, audience=AUDIENCE, client_id=SUPERVISOR_API, actors=[SUPERVISOR_API])
    token = server.signing_key.sign(server.header(), claims | {"iss": change(server.issuer)})
    headers = agent.issuer.hop() | {DELEGATED_USER_HEADER: token}
    assert refused(await agent.call("SendMessage", headers=headers, binding=binding), agent) == (401, "INVALID_TOKEN")


@pytest.mark.requirement("A5")
async def test_another_tenants_key_signs_nothing_here(agent: Agent, binding: str) -> None:
    stranger = AuthorizationServer(issuer="https://other.example/", dialect="rfc9068_profile")
    stranger.rotate("another key")
    claims = agent.issuer.server.user_claims(ALICE, audience=AUDIENCE, actors=[SUPERVISOR_API])
    token = stranger.signing_key.sign(agent.issuer.server.header(), claims)
    headers = agent.issuer.hop() | {DELEGATED_USER_HEADER: token}
    assert refused(await agent.call("SendMessage", headers=headers, binding=binding), agent) == (401, "INVALID_TOKEN")


@pytest.mark.requirement("A6")
async def test_without_the_invoke_scope_an_agent_is_told_which_it_needs(agent: Agent, binding: str) -> None:
    headers = agent.issuer.hop() | {"Authorization": f"Bearer {agent.issuer.agent(scopes=['agent:other'])}"}
    challenge = f'Bearer error="insufficient_scope", scope="{INVOKE_SCOPE}", {METADATA}'
    for operation in OPERATIONS:
        answer = await agent.call(operation, headers=headers, binding=binding)
        assert refused(answer, agent) == (403, "INSUFFICIENT_SCOPE")
        assert answer.response.headers["WWW-Authenticate"] == challenge


@pytest.mark.requirement("A6")
async def test_without_the_scope_a_user_is_told_which_it_needs(supervisor: Agent, binding: str) -> None:
    headers = {"Authorization": f"Bearer {supervisor.issuer.user(scopes=['docs:read'])}"}
    answer = await supervisor.call("SendMessage", headers=headers, binding=binding)
    assert refused(answer, supervisor) == (403, "INSUFFICIENT_SCOPE")
    assert 'scope="helpdesk:ask"' in answer.response.headers["WWW-Authenticate"]


@pytest.mark.requirement("A7")
async def test_what_a_role_permits_is_not_what_was_consented_to(supervisor: Agent, binding: str) -> None:
    server = supervisor.issuer.server
    claims = server.user_claims(ALICE, audience=SUPERVISOR_AUDIENCE, scopes=["docs:read"])
    token = server.signing_key.sign(server.header(), claims | {"permissions": ["helpdesk:ask"]})
    answer = await supervisor.call("SendMessage", headers={"Authorization": f"Bearer {token}"}, binding=binding)
    assert refused(answer, supervisor) == (403, "INSUFFICIENT_SCOPE")


@pytest.mark.requirement("A8")
async def test_a_client_that_is_no_allowed_caller_is_refused(agent: Agent, binding: str) -> None:
    headers = agent.issuer.hop() | {"Authorization": f"Bearer {agent.issuer.agent('some-other-service')}"}
    for operation in OPERATIONS:
        answer = await agent.call(operation, headers=headers, binding=binding)
        assert refused(answer, agent) == (403, "CALLER_NOT_ALLOWED")


@pytest.mark.requirement("A8")
@pytest.mark.parametrize("dialect", ["access_token", "rfc9068_profile"])
async def test_both_dialects_of_the_issuer_are_understood(
    tmp_path: Path, dialect: Literal["access_token", "rfc9068_profile"], binding: str
) -> None:
    async with Agent(tmp_path, Issuer(dialect=dialect)) as agent:
        assert (await agent.send("echo hello", binding=binding)).text == "hello"


@pytest.mark.requirement("A9")
async def test_while_the_issuers_keys_are_away_nobody_is_let_in_and_the_answer_says_when_to_come_back(
    agent: Agent, binding: str
) -> None:
    agent.issuer.server.away = True
    answer = await agent.call("SendMessage", binding=binding)
    assert refused(answer, agent) == (503, "UPSTREAM_UNAVAILABLE")
    assert int(answer.response.headers["Retry-After"]) >= 1
    assert "WWW-Authenticate" not in answer.response.headers


@pytest.mark.requirement("A11")
@pytest.mark.parametrize("name", ["access_token", "ACCESS_TOKEN", "delegated-user-token", "authorization"])
async def test_a_token_in_the_query_is_refused(agent: Agent, name: str) -> None:
    token = agent.issuer.agent()
    for path in ("", "tasks", "message:send", "ping", ".well-known/agent-card.json"):
        method = "GET" if path in {"tasks", "ping", ".well-known/agent-card.json"} else "POST"
        for headers in (agent.issuer.hop(), {}):
            response = await agent.http.request(
                method, URL + path, params={name: token}, headers=headers, json=message("echo hello")
            )
            assert response.status_code == 400
            assert 'error="invalid_request"' in response.headers["WWW-Authenticate"]
            assert token.split(".")[2] not in response.text
    assert agent.executor.heard == []


@pytest.mark.requirement("A12")
@pytest.mark.parametrize("name", ["Authorization", DELEGATED_USER_HEADER])
async def test_a_token_that_stands_twice_is_refused(agent: Agent, name: str, binding: str) -> None:
    headers = agent.issuer.hop()
    url, body = (
        (URL, {"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": message("echo hello")})
        if binding == "JSONRPC"
        else (f"{URL}message:send", message("echo hello"))
    )
    response = await agent.http.post(url, json=body, headers=[*headers.items(), (name, headers[name])])
    assert response.status_code == 400
    assert 'error="invalid_request"' in response.headers["WWW-Authenticate"]
    assert agent.executor.heard == []


@pytest.mark.requirement("A12")
@pytest.mark.parametrize("padding", [{"X-Padding": "x" * 40_000}, {f"X-{number}": "x" for number in range(200)}])
async def test_more_headers_than_any_caller_needs_are_refused(
    agent: Agent, padding: dict[str, str], binding: str
) -> None:
    answer = await agent.call("SendMessage", headers=agent.issuer.hop() | padding, binding=binding)
    assert refused(answer, agent) == (431, "HEADERS_TOO_LARGE")


@pytest.mark.requirement("A12")
async def test_a_token_with_a_line_break_is_invalid_and_repeated_nowhere(agent: Agent) -> None:
    """What a server would let through: the value reaches the app with its control characters."""
    headers = [
        (b"authorization", b"Bearer abc\r\nX-Injected: yes"),
        (b"content-type", b"application/json"),
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(part: Any) -> None:
        sent.append(part)

    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}
    await agent.app(scope, receive, send)
    assert sent[0]["status"] == 401
    assert b"Injected" not in b"".join(value for _, value in sent[0]["headers"]) + sent[1]["body"]


@pytest.mark.requirement("A14")
@pytest.mark.parametrize("operation", ["SendMessage", "SubscribeToTask", "CancelTask"])
async def test_going_on_with_a_task_is_verified_again(agent: Agent, operation: str, binding: str) -> None:
    task = (await agent.send("ask")).task
    params = message("echo more", taskId=task["id"]) if operation == "SendMessage" else {"id": task["id"]}
    heard = list(agent.executor.heard)
    for headers in ({}, agent.issuer.hop() | {DELEGATED_USER_HEADER: "gone.gone.gone"}):
        answer = await agent.call(operation, params, headers=headers, binding=binding)
        assert answer.response.status_code == 401
    assert agent.executor.heard == heard
    assert (await agent.call("GetTask", {"id": task["id"]})).state == "TASK_STATE_INPUT_REQUIRED"


async def test_what_is_open_is_open_to_reading_alone(agent: Agent) -> None:
    for path in ("ping", ".well-known/agent-card.json", ".well-known/oauth-protected-resource"):
        assert (await agent.http.get(URL + path)).status_code == 200
        assert (await agent.http.post(URL + path)).status_code == 401
    assert (await agent.http.get(f"{URL}anything")).status_code == 401


async def test_nothing_behind_the_door_sees_a_credential(agent: Agent) -> None:
    """They are in the caller, redacted, and in no header."""
    headers = agent.issuer.hop() | {
        "Cookie": "session=secret-cookie",
        "WorkloadAccessToken": "secret-workload",
        "X-Amz-Bedrock-AgentCore-Identity-WAT": "secret-wat",
        "X-Kept": "kept",
    }
    await agent.call("SendMessage", message("echo hello"), headers=headers)
    seen = repr(agent.executor.states[-1])
    assert "kept" in seen
    for secret in (*(value.removeprefix("Bearer ") for value in agent.issuer.hop().values()), "secret-"):
        assert secret not in seen


@pytest.mark.requirement("B2")
@pytest.mark.parametrize("session", ["x" * 33, "a-b_c.d:e" * 5, "x" * 256])
async def test_a_session_belongs_to_its_first_user_and_opens_nothing(agent: Agent, session: str, binding: str) -> None:
    """AgentCore routes by the session id and binds it to nobody."""
    mine = agent.issuer.hop() | {SESSION_HEADER: session}
    assert (await agent.call("SendMessage", headers=mine, binding=binding)).result
    assert (await agent.call("SendMessage", headers=mine, binding=binding)).result
    bobs = agent.issuer.hop(BOB) | {SESSION_HEADER: session}
    answer = await agent.call("SendMessage", headers=bobs, binding=binding)
    assert (answer.response.status_code, answer.reason) == (403, "CALLER_NOT_ALLOWED")
    assert (await agent.call("SendMessage", headers={SESSION_HEADER: session})).response.status_code == 401


@pytest.mark.parametrize("session", ["short", "x" * 257, "with spaces " * 4])
async def test_a_session_id_that_agentcore_would_not_give_is_refused(agent: Agent, session: str, binding: str) -> None:
    answer = await agent.call("SendMessage", headers=agent.issuer.hop() | {SESSION_HEADER: session}, binding=binding)
    assert refused(answer, agent) == (400, "INVALID_MESSAGE")


async def test_no_refusal_says_more_than_it_must(agent: Agent) -> None:
    """No reason, client, issuer or library in the text; that is for the log."""
    token = agent.issuer.agent(OTHER)
    for headers in (
        {"Authorization": "Bearer x.y.z"},
        agent.issuer.hop() | {"Authorization": f"Bearer {token}"},
        agent.issuer.hop() | {"Authorization": f"Bearer {agent.issuer.agent('stranger')}"},
    ):
        text = (await agent.call("SendMessage", headers=headers)).response.text
        assert not re.search(r"stranger|supervisor|night|jwt|JWT|kid|base64|Traceback|line \d", text), text
        assert json.loads(text)["error"]["message"]

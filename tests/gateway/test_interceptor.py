"""The request interceptor: it names the person, whatever a client says, and refuses what is odd."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.aws.docs.identity import HEADER, IdentityRefused, read
from tests.gateway._functions import AGENT, AUDIENCE, KEY, PERSON, Lines, identity, interceptor, part, request, token

AUDIENCES = "X-Helpdesk-Audiences"


def bearer(**changes: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(**changes)}"}


def passed_on(event: Any) -> dict[str, Any]:
    output = interceptor()(event, None)
    assert output["interceptorOutputVersion"] == "1.0"
    passed: dict[str, Any] = output["mcp"]["transformedGatewayRequest"]
    return passed


def refused(event: Any, **changes: Any) -> dict[str, Any]:
    output = interceptor(**changes)(event, None)
    assert output["mcp"].keys() == {"transformedGatewayResponse"}
    response: dict[str, Any] = output["mcp"]["transformedGatewayResponse"]
    return response


def test_the_identity_is_what_the_token_says() -> None:
    found = read(passed_on(request())["headers"][HEADER], KEY, now=time.time())
    assert (found.subject, found.client_id) == (PERSON, AGENT)
    assert found.scopes == {"docs:read"}
    assert found.audiences == {"everyone"}


def test_the_body_goes_on_as_it_came() -> None:
    event = request()
    assert passed_on(event)["body"] == event["mcp"]["gatewayRequest"]["body"]


@pytest.mark.requirement("B2")
@pytest.mark.parametrize("name", ["x-helpdesk-identity", "X-Helpdesk-Identity", "X-HELPDESK-IDENTITY"])
def test_an_identity_that_a_client_sends_is_written_over(name: str) -> None:
    forged = identity(subject="auth0|somebody.else", audiences=frozenset({"it"}))
    headers = passed_on(request({**bearer(), name: forged}))["headers"]
    assert headers.keys() == {HEADER}
    assert read(headers[HEADER], KEY, now=time.time()).subject == PERSON


def test_audiences_are_those_that_the_agent_decided() -> None:
    headers = passed_on(request({**bearer(), AUDIENCES: "everyone, contractors"}))["headers"]
    assert read(headers[HEADER], KEY, now=time.time()).audiences == {"everyone", "contractors"}


@pytest.mark.requirement("G5")
def test_nobody_but_the_agent_decides_audiences() -> None:
    assert refused(request({**bearer(client_id="another-client"), AUDIENCES: "it"}))["statusCode"] == 403


def test_auth0s_own_dialect_is_read() -> None:
    headers = passed_on(request(bearer(client_id=None, azp=AGENT)))["headers"]
    assert read(headers[HEADER], KEY, now=time.time()).client_id == AGENT


def test_other_methods_pass_with_the_identity_too() -> None:
    for method in ("initialize", "tools/list", "ping", "server/discover", "notifications/initialized"):
        assert HEADER in passed_on(request(body={"jsonrpc": "2.0", "method": method}))["headers"]


@pytest.mark.requirement("G5")
@pytest.mark.parametrize(
    ("why", "event"),
    [
        ("nothing", None),
        ("no object", []),
        ("another version", request() | {"interceptorInputVersion": "2.0"}),
        ("no mcp", {"interceptorInputVersion": "1.0"}),
        ("at the RESPONSE point", {**request(), "mcp": {**request()["mcp"], "gatewayResponse": {"statusCode": 200}}}),
        ("headers were not handed on", request(headers={})),
        ("headers are no object", request(headers=[])),
        ("no bearer token", request({"Authorization": "Basic abc"})),
        ("a token that is none", request({"Authorization": "Bearer abc"})),
        ("claims that are no JSON", request({"Authorization": "Bearer e30.YWJj.c2ln"})),
        ("claims that are a list", request({"Authorization": f"Bearer e30.{part([])}.c2ln"})),
        ("two tokens", request({**bearer(), "authorization": f"Bearer {token()}"})),
        ("a token that is no text", request({"Authorization": [f"Bearer {token()}"]})),
        ("another issuer", request(bearer(iss="https://issuer.example"))),
        ("another audience", request(bearer(aud="https://helpdesk.example/docs_search"))),
        ("no audience", request(bearer(aud=None))),
        ("expired", request(bearer(exp=int(time.time()) - 60))),
        ("without an end", request(bearer(exp=None))),
        ("an end that is no number", request(bearer(exp=float("nan")))),
        ("a machine", request(bearer(sub="client@clients"))),
        ("nobody", request(bearer(sub=None))),
        ("a subject with a line break", request(bearer(sub="a\nb"))),
        ("no client", request(bearer(client_id=None))),
        ("without the scope", request(bearer(scope="docs:list"))),
        ("scopes that are a list", request(bearer(scope=["docs:read"]))),
        ("audiences that are no names", request({**bearer(), AUDIENCES: "everyone,*"})),
        ("no audiences", request({**bearer(), AUDIENCES: ""})),
        ("many audiences", request({**bearer(), AUDIENCES: ",".join(f"a{n}" for n in range(17))})),
        ("a batch", request(body=[{"jsonrpc": "2.0", "id": 1, "method": "ping"}])),
        ("no request", request(body={"jsonrpc": "2.0", "id": 1, "result": {}})),
        ("a body that is no object", request(body="{}")),
    ],
)
def test_what_is_odd_is_refused_and_reaches_no_tool(why: str, event: Any) -> None:
    response = refused(event)
    assert response["statusCode"] in {403, 500}, why
    assert response["body"]["error"]["code"] == -32002


def test_an_array_of_audiences_that_holds_ours_will_do() -> None:
    assert passed_on(request(bearer(aud=[AUDIENCE, "https://issuer.example/userinfo"])))


def test_a_refusal_answers_the_request_that_it_refuses() -> None:
    assert refused(request(bearer(scope="")))["body"]["id"] == 7


@pytest.mark.requirement("G5")
def test_a_function_that_is_set_up_wrongly_refuses_everything() -> None:
    assert refused(request(), identity_key=b"short")["statusCode"] == 500


@pytest.mark.requirement("F3")
def test_a_refusal_tells_neither_the_caller_nor_the_log_what_was_in_the_token() -> None:
    lines = Lines()
    sent = token(scope="nothing", sub="auth0|canary")
    output = interceptor(lines)(request({"Authorization": f"Bearer {sent}"}), None)
    for text in ("canary", sent):
        assert text not in json.dumps(output) + "".join(lines.written)
    assert lines.last["reason"] == "the scope is missing"


def test_an_identity_too_long_for_a_header_is_refused() -> None:
    assert refused(request(bearer(scope=" ".join(["docs:read", *(f"scope:{n}" for n in range(300))]))))


@pytest.mark.requirement("G5")
@given(st.data())
def test_no_identity_can_be_changed_by_a_character(data: st.DataObject) -> None:
    value = identity()
    at = data.draw(st.integers(0, len(value) - 1))
    character = data.draw(st.characters(min_codepoint=32, max_codepoint=0x17F).filter(lambda c: c != value[at]))
    with pytest.raises(IdentityRefused):
        read(value[:at] + character + value[at + 1 :], KEY, now=time.time())

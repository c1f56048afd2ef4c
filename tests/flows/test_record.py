"""What was done is on record: who asked, through which agents, what was decided by which rule, and what came of it."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.exporter.otlp.json.file.trace_exporter import FileSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from portal.record import Source, story
from portal.stack import TRACES
from portal.traces import ACT, read, traces_of
from shared.telemetry._recorder import Recorder
from shared.telemetry._trace import switches
from tests.flows._record import faults, records
from tests.flows._world import Person, World
from tests.tenant._ciba import decide


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world whose agents write their spans below its folder, as with `helpdesk up --traces`."""
    folder = tmp_path_factory.mktemp("record")
    (folder / TRACES).mkdir()
    with (
        (folder / TRACES / "agents.jsonl").open("w", encoding="utf-8") as file,
        pytest.MonkeyPatch.context() as patch,
        World(folder) as started,
    ):
        processors = [SimpleSpanProcessor(FileSpanExporter(stream=file))]
        patch.setattr(switches, "tracer", Recorder(ALWAYS_ON, Resource({}), processors))
        yield started


def within(world: World, act: dict[str, Any]) -> list[str]:
    """What was done within the span of an act, in the one trace that the act is found by, which its record names."""
    (trace,) = traces_of(read(world.folder / TRACES), act["act"])
    assert {span.trace_id for span in trace} == {act["where"]["trace"]}
    (around,) = [span for span in trace if span.attributes.get(ACT) == act["act"]]
    assert around.name == f"act {act['action']}"
    return [span.name for span in trace if span.parent == around.span_id]


def of_context(world: World, context_id: str) -> list[dict[str, Any]]:
    """What was recorded in one conversation."""
    world.settle()
    return [one for one in records(world.folder) if one.get("where", {}).get("context") == context_id]


def steps(found: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Each record's agent, action and outcome."""
    return [(one["agent"], one["action"], one["outcome"]) for one in found]


@pytest.mark.requirement("H1")
async def test_a_change_is_on_record_from_the_question_to_the_effect(world: World, http: httpx.AsyncClient) -> None:
    amelia = await Person.sign_in(world, "amelia.hart", http)
    reply = await amelia.ask("Please unlock my account")
    assert "is unlocked" in reply.text

    found = of_context(world, reply.task["contextId"])
    assert steps([one for one in found if one["agent"] == "supervisor"]) == [
        ("supervisor", "request:message:accept", "allowed"),
        ("supervisor", "request:hop:call", "succeeded"),
        ("supervisor", "request:task:end", "succeeded"),
    ]
    inner = [one for one in found if one["agent"] == "password_reset" and one["action"] != "account:profile:read"]
    assert steps(inner) == [
        ("password_reset", "request:message:accept", "allowed"),
        ("password_reset", "credential:token:obtain", "succeeded"),
        ("password_reset", "tool:call:authorize", "allowed"),
        ("password_reset", "tool:call:authorize", "allowed"),  # asked again, right before the act
        ("password_reset", "account:lock:remove", "attempted"),
        ("password_reset", "account:lock:remove", "succeeded"),
        ("password_reset", "request:task:end", "succeeded"),
    ]
    subject = found[0]["who"]["subject"]
    assert {(one["who"]["issuer"], one["who"]["subject"]) for one in found} == {(world.tenant.issuer, subject)}
    decision, act = inner[2], inner[5]
    assert act["resource"] == decision["resource"] == inner[4]["resource"]
    assert decision["rule"]["relation"] == "can_unlock"
    assert decision["rule"]["model"]
    assert len(act["who"]["actors"]) == 2
    assert "account:unlock" in act["who"]["scopes"]
    assert within(world, act) == ["POST /users/{id}/lifecycle/unlock"]
    hop = next(one for one in found if one["action"] == "request:hop:call")
    assert hop["details"]["task"] == act["where"]["task"]
    assert hop["where"]["task"] == reply.task["id"]


@pytest.mark.requirement("H1")
async def test_a_denial_is_on_record_with_its_reason(world: World, http: httpx.AsyncClient) -> None:
    amelia = await Person.sign_in(world, "amelia.hart", http)
    reply = await amelia.ask("Which groups is oscar.lind in?")
    found = of_context(world, reply.task["contextId"])
    (denied,) = [one for one in found if one["outcome"] == "denied"]
    assert (denied["action"], denied["tool"]) == ("tool:call:authorize", "list_groups")
    assert denied["rule"]["reason"]
    assert not [one for one in found if one["action"] == "account:groups:read"]


@pytest.mark.requirement("H1")
async def test_what_is_read_is_on_record_and_not_what_stood_there(world: World, http: httpx.AsyncClient) -> None:
    amelia = await Person.sign_in(world, "amelia.hart", http)
    reply = await amelia.ask("Which groups am I in, and where is the VPN guide?")
    found = of_context(world, reply.task["contextId"])
    read = {one["action"]: one for one in found if one["action"].endswith(":read")}
    assert read["account:groups:read"]["resource"].startswith("account:00u")
    assert read["document:article:read"]["resource"].startswith("document:")
    gateway = next(one for one in found if one["agent"] == "docs_search" and one["action"] == "credential:token:obtain")
    assert gateway["resource"] == f"credential:{world.tenant.api('gateway')}"
    text = str(found).lower()
    assert not [word for word in ("amelia", "hart", "vpn guide") if word in text.replace("vpn-", "")]


@pytest.mark.requirement("H1")
async def test_who_is_refused_at_a_door_is_on_record_as_far_as_they_are_known(
    world: World, http: httpx.AsyncClient
) -> None:
    amelia = await Person.sign_in(world, "amelia.hart", http)
    api = world.tenant.api("account_lookup")
    agent = await world.tenant.client_credentials(api, scopes=["agent:invoke"])
    for token in (None, amelia.token):
        answer = await world.call_subagent("account_lookup", "Show my profile", http, agent=agent, user=token)
        assert answer.status_code == 401
    world.settle()
    refused = [one for one in records(world.folder, "account_lookup") if one["action"] == "request:call:refuse"]
    assert [one["rule"]["reason"] for one in refused[-2:]] == ["token_missing", "token_audience_mismatch"]
    assert {one["outcome"] for one in refused} == {"denied"}
    assert not any("who" in one for one in refused)


@pytest.mark.requirement("H5")
async def test_without_a_record_nothing_is_changed_and_that_is_said(tmp_path: Path, http: httpx.AsyncClient) -> None:
    with World(tmp_path) as world:
        amelia = await Person.sign_in(world, "amelia.hart", http)
        path = tmp_path / "audit" / "password_reset.sqlite3"
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("ALTER TABLE records RENAME TO away")
            reply = await amelia.ask("Please unlock my account")
            assert "audit trail" in reply.text
            assert "is unlocked" not in reply.text
            connection.execute("ALTER TABLE away RENAME TO records")
        reply = await amelia.ask("Please unlock my account")
        assert "is unlocked" in reply.text
        world.settle()
        acted = [one for one in records(tmp_path, "password_reset") if one["action"] == "account:lock:remove"]
        assert [one["outcome"] for one in acted] == ["attempted", "succeeded"]
        assert faults(tmp_path) == []


async def _state(person: Person, task_id: str) -> str:
    return str((await person.call("GetTask", {"id": task_id}))["result"]["status"]["state"])


@pytest.mark.requirement("H1")
async def test_an_approved_act_is_on_record_with_who_was_asked_and_for_what(
    world: World, http: httpx.AsyncClient
) -> None:
    """The whole story of one task, across two agents and a phone."""
    amelia = await Person.sign_in(world, "amelia.hart", http)
    reply = await amelia.ask("I forgot my password, please reset it")
    async with world.tenant.http() as browser:
        await decide(world.tenant, browser, "approve")
    for _ in range(300):
        if await _state(amelia, reply.task["id"]) == "TASK_STATE_COMPLETED":
            break
        await asyncio.sleep(0.1)
    world.settle()

    trails = [Source(path) for path in sorted((world.folder / "audit").glob("*.sqlite3"))]
    steps = list(story(trails, reply.task["id"]))
    inner = [step.record for step in steps if step.record["agent"] == "password_reset"]
    told = [(one["action"], one["outcome"]) for one in inner if not one["action"].endswith(":read")]
    wanted = [
        ("request:message:accept", "allowed"),
        ("approval:decision:request", "succeeded"),
        ("request:task:wait", "succeeded"),
        ("approval:decision:receive", "allowed"),
        ("password:link:send", "attempted"),
        ("password:link:send", "succeeded"),
        ("request:task:end", "succeeded"),
    ]
    assert [one for one in told if one in wanted and told.count(one) == 1] == wanted
    approvals = {tuple(sorted(one["approval"].items())) for one in inner if "approval" in one}
    assert len(approvals) == 1  # the same action, person and hash from the question to the effect
    assert {one["who"]["subject"] for one in inner} == {dict(*approvals)["approver"]}
    pair = [one for one in inner if one["action"] == "password:link:send"]
    assert {one["act"] for one in pair} == {pair[0]["act"]}
    assert within(world, pair[0]) == ["POST /users/{id}/lifecycle/reset_password"]
    assert steps[0].depth == 0
    assert {step.depth for step in steps if step.record["agent"] == "password_reset"} == {1}


async def _activity(world: World, http: httpx.AsyncClient, token: str, **parameters: str) -> dict[str, Any]:
    answer = await http.get(
        f"{world.url('supervisor')}activity", params=parameters, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.requirement("H1")
async def test_people_are_told_what_was_done_for_them_by_all_agents_and_nothing_of_others(
    tmp_path: Path, http: httpx.AsyncClient
) -> None:
    with World(tmp_path) as world:
        amelia, oscar = [await Person.sign_in(world, login, http) for login in ("amelia.hart", "oscar.lind")]
        await amelia.ask("Which groups am I in, and where is the VPN guide?")
        await amelia.ask("Which groups is oscar.lind in?")
        await oscar.ask("Which devices do I have?")
        hers, his = [await _activity(world, http, person.token) for person in (amelia, oscar)]
        assert hers["away"] == his["away"] == []
        assert {record["agent"] for record in hers["records"]} == {"supervisor", "account_lookup", "docs_search"}
        read = next(record for record in hers["records"] if record["action"] == "account:groups:read")
        assert read["scopes"]
        assert read["until"] > read["at"] // 1000
        own = {read["resource"]}
        assert {one["resource"] for one in hers["records"] if one.get("resource", "").startswith("account:")} == own
        assert "account:devices:read" not in {record["action"] for record in hers["records"]}
        assert {record.get("resource") for record in his["records"]}.isdisjoint(own)
        denied = [record for record in hers["records"] if record["outcome"] == "denied"]
        assert denied
        assert not [record for record in denied if "resource" in record or "rule" in record]  # I7: nor who exists
        newest = await _activity(world, http, amelia.token, limit="2", since="0")
        assert newest["records"] == hers["records"][-2:]
        assert (newest["more"], hers["more"]) == (True, False)
        until = str(newest["records"][0]["at"] + 1)
        before = await _activity(world, http, amelia.token, until=until)
        assert before["records"] == [one for one in hers["records"] if one["at"] < int(until)]
        assert before["more"] is False
        world.stop("docs_search")
        without = await _activity(world, http, amelia.token)
        assert without["away"] == ["docs_search"]
        for headers in ({}, {"Authorization": "Bearer no-token"}):
            assert (await http.get(f"{world.url('supervisor')}activity", headers=headers)).status_code == 401

"""A conversation in the browser: asked, streamed, waited for, found again, and seen by nobody else."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from html import unescape
from typing import Any

import httpx
import pytest

from shared.audit import Action, AuditFile, AuditTrail, Event, Outcome, SealingKey, Wanted, Who, members_of
from shared.testing import audit_key, tokens_in
from tests.flows._approvals import at_the_phone, resets
from tests.flows._world import World
from tests.web._stack import passkey, started
from tests.web._visitor import Visitor, field_of, last, text_of

VPN = "where is the VPN guide?"
RESET = "I forgot my password, please reset it"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    yield from started(tmp_path_factory.mktemp("world"))


@pytest.fixture
async def amelia(world: World) -> AsyncIterator[Visitor]:
    """The employee, with her accounts connected."""
    for connection in ("directory-read", "directory-manage"):
        await world.connect("amelia.hart", connection)
    async with Visitor(world.url("web"), world.tenant) as visitor:
        await visitor.sign_in("amelia.hart")
        yield visitor


async def test_an_answer_comes_while_it_is_said_and_is_there_again(amelia: Visitor) -> None:
    events = await amelia.ask(VPN)
    assert [event["event"] for event in events][-1] == "end"
    answer = last(events)
    assert answer["state"] == "completed"
    assert "Docs search" in answer["html"]
    assert 'href="https://docs.helpdesk.example/vpn-setup' in answer["html"]
    assert {event["status"] for event in events if event["event"] == "turn"} >= {"The answer is complete."}
    page = (await amelia.get(f"/conversations/{answer['context']}")).text
    assert answer["html"].strip() in page
    assert VPN in text_of(page)
    listed = (await amelia.get("/")).text
    assert f'href="/conversations/{answer["context"]}"' in listed


async def test_who_is_at_work_is_told_before_they_say_anything(amelia: Visitor) -> None:
    events = await amelia.ask("Is my account locked, and how do I report phishing?")
    statuses = [event["status"] for event in events if event["event"] == "turn"]
    assert any("working" in status for status in statuses)
    assert {"Password reset", "Docs search"} <= set(re.findall(r'class="agent">([^<]+)', last(events)["html"]))


async def test_a_follow_up_belongs_to_the_conversation(amelia: Visitor) -> None:
    context = last(await amelia.ask("which groups am I in?"))["context"]
    again = last(await amelia.ask(VPN, context_id=context))
    assert again["context"] == context
    page = text_of((await amelia.get(f"/conversations/{context}")).text)
    assert page.index("which groups am I in?") < page.index(VPN)


async def test_without_a_script_a_form_asks_and_a_page_answers(amelia: Visitor) -> None:
    done = await amelia.send("/messages", text=VPN)
    assert done.status_code == 303
    page = await amelia.get(done.headers["location"])
    assert "Set up and use the VPN" in text_of(page.text)
    assert "http-equiv" not in page.text


@pytest.mark.requirement("D7")
async def test_what_a_person_types_is_shown_and_not_believed(amelia: Visitor) -> None:
    done = await amelia.send("/messages", text="<script>alert(1)</script> where is the VPN guide?")
    page = (await amelia.get(done.headers["location"])).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in (await amelia.get("/")).text


async def test_an_account_is_connected_on_the_way_and_the_task_goes_on_by_itself(world: World) -> None:
    async with Visitor(world.url("web"), world.tenant) as oscar:
        await oscar.sign_in("oscar.lind")
        stream = oscar.stream("which groups am I in?")
        async for event in stream:
            if event["event"] == "turn" and "/accounts/connect" in event["html"]:
                break
        assert "helpdesk accounts" not in event["html"]
        names = ("form_token", "connection", "context_id", "task_id")
        fields = {name: field_of(event["html"], name) for name in names}
        assert fields["connection"] == "directory-read"
        assert "Connect Company directory, reading" in text_of(event["html"])
        assert "http-equiv" in (await oscar.get(f"/conversations/{event['context']}")).text  # without a script
        leaving = await oscar.post("/accounts/connect", fields)
        url = unescape(leaving.text.partition("0; url=")[2].partition('"')[0])
        assert url.startswith(f"{world.tenant.issuer}connected-accounts/connect?ticket=")
        agreed = {"username": "oscar.lind", "passkey": passkey(world, "oscar.lind"), "action": "allow"}
        answer = await world.tenant.visit(url, f"{oscar.origin}/accounts/callback", agreed, http=oscar.http)
        done = await _back(oscar, answer)
        assert (done.status_code, done.headers["location"]) == (303, f"/conversations/{event['context']}")
        rest = [one async for one in stream]
        assert last(rest)["state"] == "completed"
        assert "IT" in text_of(last(rest)["html"])
        assert 'aria-label="Disconnect Company directory, reading"' in (await oscar.get("/accounts")).text
        again = await _back(oscar, answer)
        assert again.status_code == 400


@pytest.mark.requirement("W2")
async def test_nobody_connects_their_account_to_somebody_else(world: World, amelia: Visitor) -> None:
    """What was begun is sealed for the session that began it: an attacker's answer opens nothing in a victim's."""
    await world.disconnect("amelia.hart", "directory-read")
    async with Visitor(world.url("web"), world.tenant) as casey:
        await casey.sign_in("casey.moreno")
        leaving = await casey.send("/accounts/connect", connection="directory-read")
        url = unescape(leaving.text.partition("0; url=")[2].partition('"')[0])
        agreed = {"username": "casey.moreno", "passkey": passkey(world, "casey.moreno"), "action": "allow"}
        answer = await world.tenant.visit(url, f"{casey.origin}/accounts/callback", agreed, http=casey.http)
        for cookie in casey.http.cookies.jar:
            if cookie.name.endswith("-connect"):
                amelia.http.cookies.jar.set_cookie(cookie)
    assert (await _back(amelia, answer)).status_code == 400
    shown = (await amelia.get("/accounts")).text
    assert 'aria-label="Connect Company directory, reading"' in shown


async def test_an_account_is_disconnected(world: World, amelia: Visitor) -> None:
    shown = (await amelia.get("/accounts")).text
    account_id = field_of(shown.partition("<h2>Company directory, unlocking and resetting</h2>")[2], "account_id")
    assert (await amelia.send("/accounts/disconnect", account_id=account_id)).status_code == 303
    shown = (await amelia.get("/accounts")).text
    assert 'aria-label="Connect Company directory, unlocking and resetting"' in shown
    world.connected.discard(("amelia.hart", "directory-manage"))


@pytest.mark.requirement("E1")
@pytest.mark.requirement("E12")
async def test_what_waits_for_approval_shows_its_code_and_goes_on_by_itself(world: World, amelia: Visitor) -> None:
    before = resets(world)
    stream = amelia.stream(RESET)
    event = await _until_code(stream)
    code = _code(event["html"])
    assert "approve it on your phone" in text_of(event["html"])
    said = last(await amelia.ask("I approve it, the code is right", context_id=event["context"]))
    assert said["task"] != event["task"]
    assert resets(world) == before
    assert "approved" in (await at_the_phone(world, "amelia.hart", "approve", code)).text.lower()
    rest = [one async for one in stream]
    assert last(rest)["state"] == "completed"
    assert resets(world) == before + 1


async def test_a_lost_connection_finds_the_task_again(world: World, amelia: Visitor) -> None:
    stream = amelia.stream(RESET)
    event = await _until_code(stream)
    await stream.aclose()
    page = (await amelia.get(f"/conversations/{event['context']}")).text
    assert f'data-task="{event["task"]}"' in page
    assert "data-live" in page
    follows = [amelia.follow(event["task"], event["context"]) for _ in range(2)]  # two tabs
    first = [await anext(follow) for follow in follows]
    assert {_code(one["html"]) for one in first} == {_code(event["html"])}
    await at_the_phone(world, "amelia.hart", "deny", _code(event["html"]))
    for follow in follows:
        rest = [one async for one in follow]
        assert "denied" in text_of(last(rest)["html"])


async def test_cancelling_stops_what_waits(world: World, amelia: Visitor) -> None:
    before, stream = resets(world), amelia.stream(RESET)
    event = await _until_code(stream)
    done = await amelia.send(f"/tasks/{event['task']}/cancel", context_id=event["context"])
    assert done.headers["location"] == f"/conversations/{event['context']}"
    rest = [one async for one in stream]
    assert last(rest)["state"] == "canceled"
    assert resets(world) == before


@pytest.mark.requirement("W3")
async def test_signing_out_ends_what_is_being_shown(amelia: Visitor) -> None:
    stream = amelia.stream(RESET)
    event = await _until_code(stream)
    await amelia.send(f"/tasks/{event['task']}/cancel", context_id=event["context"])
    again = amelia.stream(RESET)
    await anext(again)
    await amelia.send("/logout")
    assert [one["event"] async for one in again if one["event"] == "end"] == []


@pytest.mark.requirement("C1")
@pytest.mark.requirement("C2")
@pytest.mark.requirement("C3")
async def test_nobody_sees_a_conversation_of_somebody_elses(world: World, amelia: Visitor) -> None:
    answer = last(await amelia.ask("which groups am I in?"))
    async with Visitor(world.url("web"), world.tenant) as oscar:
        await oscar.sign_in("oscar.lind")
        hidden = await oscar.get(f"/conversations/{answer['context']}")
        unknown = await oscar.get("/conversations/0123456789abcdef")
        assert hidden.status_code == unknown.status_code == 404
        assert _without_ids(hidden.text) == _without_ids(unknown.text)
        events = [[one async for one in oscar.follow(task, answer["context"])] for task in (answer["task"], "a" * 32)]
        assert [one[-1]["event"] for one in events] == ["problem", "problem"]
        assert "groups" not in str(events)
        assert answer["context"] not in (await oscar.get("/")).text
        refused = await oscar.send(f"/tasks/{answer['task']}/cancel", context_id=answer["context"])
        assert refused.status_code in {303, 400}
        theirs = last(await oscar.ask("and what did I ask before?", context_id=answer["context"]))
        assert "Sales" not in text_of(theirs["html"])


async def test_a_help_desk_that_is_away_is_told_and_comes_back(world: World, amelia: Visitor) -> None:
    world.stop("supervisor")
    try:
        page = await amelia.get("/")
        events = await amelia.ask(VPN)
    finally:
        world.start("supervisor")
    assert "The supervisor cannot be reached right now" in text_of(page.text)
    assert events[-1] == {
        "event": "problem",
        "message": "The supervisor cannot be reached right now. Try again shortly.",
        "code": "part_away",
    }
    assert last(await amelia.ask(VPN))["state"] == "completed"


async def test_what_was_done_is_told_to_whom_it_was_done_for(world: World, amelia: Visitor) -> None:
    await amelia.ask("which groups am I in?")
    told = text_of((await amelia.get("/activity")).text)
    assert "Account lookup read groups" in told
    assert "account:read" in told
    async with Visitor(world.url("web"), world.tenant) as ravi:
        await ravi.sign_in("ravi.chandar")
        assert "Nothing was done on your behalf yet" in text_of((await ravi.get("/activity")).text)


async def test_what_was_done_long_ago_is_behind_a_link(world: World, amelia: Visitor) -> None:
    await amelia.ask(VPN)
    file = world.folder / "audit" / "supervisor.sqlite3"
    store = AuditFile.open(file, create=False)
    (newest,) = store.search(Wanted(action="request:message:accept"), most=1, newest=True)
    store.close()
    trail = AuditTrail.begin(AuditFile.open(file, create=True), SealingKey.read(audit_key()), agent="supervisor")
    who = Who(**{name: members_of(newest.record)["who"][name] for name in ("issuer", "subject")})
    for _ in range(201):
        trail.note(Event(action=Action.DOCUMENT_READ, outcome=Outcome.SUCCEEDED, who=who))
    trail.close()
    page = (await amelia.get("/activity")).text
    assert "took up a message" not in text_of(page)
    older = unescape(page.split('href="/activity?')[1].split('"')[0])
    assert "took up a message" in text_of((await amelia.get(f"/activity?{older}")).text)
    assert "Nothing was done on your behalf before that" in text_of((await amelia.get("/activity?until=1")).text)


async def test_many_at_once_see_their_own(world: World, amelia: Visitor) -> None:
    async with Visitor(world.url("web"), world.tenant) as oscar:
        await oscar.sign_in("oscar.lind")
        await world.connect("oscar.lind", "directory-read")
        asked = [who.ask("which groups am I in?") for who in (amelia, oscar) for _ in range(3)]
        answers = [text_of(last(events)["html"]) for events in await asyncio.gather(*asked)]
    assert ["Sales" in answer for answer in answers] == [True] * 3 + [False] * 3, answers
    assert ["IT" in answer for answer in answers] == [False] * 3 + [True] * 3, answers


@pytest.mark.requirement("F3")
def test_no_part_of_the_web_chat_kept_a_token(world: World) -> None:
    """After all of the above; `Visitor` has looked at every answer."""
    kept = b"".join(file.read_bytes() for file in (world.folder / "web").iterdir())
    assert len(kept) > 4096
    assert tokens_in(kept) == []


async def _until_code(stream: AsyncGenerator[dict[str, Any], None]) -> dict[str, Any]:
    async for event in stream:
        if event["event"] == "turn" and 'class="code"' in event["html"]:
            return event
    raise AssertionError("nothing waits for approval")


def _code(html: str) -> str:
    found = re.search(r'aria-label="Code ([^"]+)"', html)
    assert found is not None, html
    return found[1]


async def _back(visitor: Visitor, answer: dict[str, str]) -> httpx.Response:
    return await visitor.get(f"/accounts/callback?{httpx.QueryParams(answer)}")


def _without_ids(html: str) -> str:
    return re.sub(r"[0-9a-f]{32,64}", "", html)

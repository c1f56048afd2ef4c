"""An agent that asks back: the next message answers it, in the same task, and nobody else's does."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from local.tenant.testing import LocalTenant, ManualClock
from portal.session import Clock
from portal.web import _chat
from portal.web.app import create_app
from shared.a2a import UserEntry
from shared.http import create_http_client
from shared.identity import JwksCache, TokenVerifier
from shared.testing import LoopbackServer
from tests.a2a._agent import Agent, Issuer
from tests.web._chromium import DESKTOP, Chromium, chromium
from tests.web._visitor import Visitor, field_of, last, text_of
from tests.web.conftest import MakeSettings


@pytest.fixture(autouse=True)
def asks_back(
    tmp_path: Path,
    tenant: LocalTenant,
    server: LoopbackServer,
    make_settings: MakeSettings,
    manual_clock: ManualClock,
) -> Iterator[None]:
    """A web chat whose supervisor does what it is told: `ask` has it ask back."""
    http = create_http_client()
    keys = JwksCache(tenant.discovery_url, tenant.issuer, http)
    verifier = TokenVerifier(tenant.issuer, tenant.api("supervisor"), keys, clock=manual_clock)
    entry = UserEntry(verifier, ["helpdesk:ask"], own_clients=[])
    app = Agent(tmp_path, Issuer(), entry=entry).build()
    lifespan = app.router.lifespan_context

    @asynccontextmanager
    async def with_http(_: Starlette) -> AsyncIterator[Any]:
        async with http, lifespan(app) as state:
            yield state

    app.router.lifespan_context = with_http
    with LoopbackServer() as supervisor:
        supervisor.start(app)
        settings = make_settings(supervisor_url=supervisor.url)
        server.start(create_app(settings, clock=Clock(now=manual_clock)))
        yield
        server.stop()


@pytest.fixture
async def amelia(server: LoopbackServer, tenant: LocalTenant) -> AsyncIterator[Visitor]:
    async with Visitor(server.url, tenant) as visitor:
        await visitor.sign_in("amelia.hart")
        yield visitor


async def test_the_next_message_answers_it_in_the_same_task(amelia: Visitor) -> None:
    asked = last(await amelia.ask("ask"))
    assert asked["state"] == "input-required"
    assert "Which one?" in text_of(asked["html"])
    assert asked["status"] == "The help desk asks you something: your next message answers it."
    page = (await amelia.get(f"/conversations/{asked['context']}")).text
    assert field_of(page.partition('id="composer"')[2], "task_id") == asked["task"]
    assert "data-live" not in page.partition("<template")[0]
    answered = last(await amelia.ask("echo the laptop", context_id=asked["context"], task_id=asked["task"]))
    assert (answered["task"], answered["state"]) == (asked["task"], "completed")
    assert "the laptop" in text_of(answered["html"])
    page = (await amelia.get(f"/conversations/{asked['context']}")).text
    assert field_of(page.partition('id="composer"')[2], "task_id") == ""
    assert page.partition("<template")[0].count('<article class="turn"') == 1
    assert "ask echo the laptop" in text_of(page)


async def test_that_older_questions_are_left_out_is_said(amelia: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    said = ("What was asked before this is not shown.", "Older ones are not listed.")
    monkeypatch.setattr(_chat, "MAX_TURNS", 2)
    monkeypatch.setattr(_chat, "MAX_LISTED", 2)
    for number in range(3):
        context = last(await amelia.ask(f"echo {number}", context_id="one"))["context"]
        page = text_of((await amelia.get(f"/conversations/{context}")).text)
        assert [words in page for words in said] == [number == 2] * 2
    assert "echo 0" not in page.partition("What was asked")[2]


async def test_without_a_script_a_form_answers_it(amelia: Visitor) -> None:
    done = await amelia.send("/messages", text="ask")
    page = (await amelia.get(done.headers["location"])).text
    composer = page.partition('id="composer"')[2]
    fields = {name: field_of(composer, name) for name in ("form_token", "context_id", "task_id")}
    assert fields["task_id"] != ""
    done = await amelia.post("/messages", {**fields, "text": "echo the laptop"})
    assert "The answer is complete." in text_of((await amelia.get(done.headers["location"])).text)


@pytest.mark.requirement("C1")
async def test_nobody_elses_message_answers_it(amelia: Visitor, tenant: LocalTenant) -> None:
    asked = last(await amelia.ask("ask"))
    async with Visitor(amelia.url, tenant) as oscar:
        await oscar.sign_in("oscar.lind")
        events = await oscar.ask("echo mine", context_id=asked["context"], task_id=asked["task"])
        unknown = await oscar.ask("echo mine", context_id=asked["context"], task_id="a" * 36)
    assert [event["event"] for event in events] == [event["event"] for event in unknown]
    assert events[-1]["event"] == "problem"
    assert events[-1]["message"].replace(asked["task"], "") == unknown[-1]["message"].replace("a" * 36, "")
    page = (await amelia.get(f"/conversations/{asked['context']}")).text
    assert field_of(page.partition('id="composer"')[2], "task_id") == asked["task"]


@pytest.mark.skipif(chromium() is None, reason="needs the browser Chromium")
async def test_in_a_browser_the_next_message_answers_it(
    server: LoopbackServer, tenant: LocalTenant, tmp_path: Path
) -> None:
    program = chromium()
    assert program is not None
    async with Chromium(program, tmp_path / "profile") as browser:
        await browser.look(DESKTOP)
        await browser.open(f"{server.url}login")
        await browser.write("input[name=username]", "amelia.hart")
        await browser.write("input[name=password]", tenant.password("amelia.hart"))
        await browser.press("button")
        await browser.until("document.getElementById('composer')")
        for again in (False, True):  # answered in the page where it was asked, and in one that was loaded again
            await browser.write("#text", "ask")
            await browser.enter()
            await browser.until_text("your next message answers it")
            task = "document.querySelector('#composer [name=task_id]').value"
            await browser.until(f"{task} !== ''")
            if again:
                await browser.open(await browser.run("location.href"))
                await browser.until(f"{task} !== ''")
            await browser.write("#text", "echo the laptop")
            await browser.enter()
            await browser.until("[...document.querySelectorAll('.turn')].at(-1).dataset.state === 'completed'")
            assert "the laptop" in await browser.run("[...document.querySelectorAll('.turn')].at(-1).innerText")
            assert await browser.run(task) == ""
        assert browser.complaints == []

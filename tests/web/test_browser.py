"""The page in a real browser: signed in, asked, connected, approved on the phone, answered, without a complaint."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.flows._approvals import at_the_phone, resets
from tests.flows._world import World
from tests.web._chromium import DESKTOP, PHONE, Chromium, chromium
from tests.web._stack import passkey, started

pytestmark = pytest.mark.skipif(chromium() is None, reason="needs the browser Chromium")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    yield from started(tmp_path_factory.mktemp("world"))


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Chromium]:
    program = chromium()
    assert program is not None
    async with Chromium(program, tmp_path / "profile") as started_:
        yield started_


async def test_from_signing_in_to_an_approved_answer(world: World, browser: Chromium) -> None:
    login, before = "amelia.hart", resets(world)
    await browser.look(DESKTOP)
    await browser.open(world.url("web"))
    await browser.press("a.button")
    await browser.write("input[name=username]", login)
    await browser.write("input[name=password]", world.tenant.password(login))
    await browser.press("button")
    await browser.until_text("Hello Amelia, what do you need?")
    assert await browser.run("document.cookie") == ""

    await browser.press(".example")  # an example goes to where one writes, and waits for Enter
    await browser.enter()
    await browser.until("document.querySelector('.connect button')")
    assert "Set up and use the VPN" in await browser.run("document.body.innerText")
    context = (await browser.run("location.pathname")).removeprefix("/")
    assert context.startswith("conversations/")
    assert await browser.run("document.querySelector('#earlier a[aria-current]').pathname") == f"/{context}"
    await browser.press(".connect button")
    await browser.write("input[name=username]", login)
    await browser.write("input[name=passkey]", passkey(world, login))
    await browser.press("button")
    await browser.press("button[value=allow]")
    await browser.until_text("Your account is unlocked.")
    assert await browser.run("document.querySelectorAll('.turn').length") == 1

    await browser.look(PHONE, dark=True)
    for path in ("activity", "accounts", context):
        await browser.open(f"{world.url('web')}{path}")
        assert await browser.run("document.documentElement.scrollWidth <= window.innerWidth"), path
    await browser.write("#text", "I forgot my password, please reset it")
    await browser.enter()
    await browser.until("document.querySelector('.code span')")
    code = await browser.run("document.querySelector('.code span').textContent")
    assert code in await browser.run("document.getElementById('status').textContent")
    assert resets(world) == before
    await at_the_phone(world, login, "approve", code)
    await browser.until("document.querySelectorAll('.status.completed').length == 2")
    assert resets(world) == before + 1
    assert await browser.run("document.querySelectorAll('[data-live]').length") == 0

    await browser.press(".person button")
    await browser.until_text("What do you need help with?")
    assert browser.complaints == []


async def test_a_page_that_is_loaded_again_goes_on_with_what_was_under_way(world: World, browser: Chromium) -> None:
    await browser.look(DESKTOP)
    await world.connect("oscar.lind", "directory-manage")
    await browser.open(f"{world.url('web')}login")
    await browser.write("input[name=username]", "oscar.lind")
    await browser.write("input[name=password]", world.tenant.password("oscar.lind"))
    await browser.press("button")
    await browser.write("#text", "I forgot my password, please reset it")
    await browser.enter()
    await browser.until("document.querySelector('.code span')")
    code = await browser.run("document.querySelector('.code span').textContent")
    world.stop("web")
    await browser.until_text("The connection was lost. Trying again")
    world.start("web")
    await browser.until(f"document.querySelector('.code span')?.textContent === '{code}'")
    await browser.open(await browser.run("location.href"))
    await browser.until(f"document.querySelector('.code span')?.textContent === '{code}'")
    await browser.press(".cancel button")
    await browser.until("document.querySelector('.status.canceled')")

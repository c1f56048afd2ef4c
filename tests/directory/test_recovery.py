"""Recovery: the mail, the page behind its link, and what a new password must be."""

import re

import pytest

from tests.directory._world import BASE_URL, World

FINE = "Slow-River-42-Stones"


async def link_for(world: World, login: str) -> str:
    await world.act(login, "reset_password", sendEmail="true")
    return str(world.outbox()[-1]["link"])


async def test_a_link_sets_a_password_once(world: World) -> None:
    link = await link_for(world, "amelia.hart")
    opened = await world.http.get(link)
    first = await world.http.post(link, data={"password": FINE, "repeat": FINE})
    second = await world.http.post(link, data={"password": FINE, "repeat": FINE})

    assert opened.status_code == first.status_code == 200
    assert second.status_code == 404
    user = world.user("amelia.hart")
    assert user["status"] == "ACTIVE"
    assert user["password_changed"] == user["status_changed"] > "2026-11-23T14:30"
    [event] = world.events("user.account.update_password")
    assert event["actor"]["alternateId"] == "amelia.hart@helpdesk.example"


async def test_no_password_and_no_token_is_kept_in_clear(world: World) -> None:
    link = await link_for(world, "amelia.hart")
    token = link.rpartition("/")[2]
    await world.http.post(link, data={"password": FINE, "repeat": FINE})

    world.change("DELETE FROM outbox")  # it stands for the mailbox, which has the link
    world.change("VACUUM")
    world.change("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = b"".join(path.read_bytes() for path in world.folder.glob("directory.sqlite3*"))
    assert FINE.encode() not in kept
    assert token.encode() not in kept


async def test_opening_the_link_changes_nothing(world: World) -> None:
    link = await link_for(world, "amelia.hart")
    await world.http.get(link)
    await world.http.head(link)

    assert world.status("amelia.hart") == "RECOVERY"
    assert (await world.http.get(link)).status_code == 200


async def test_a_link_expires(world: World) -> None:
    link = await link_for(world, "amelia.hart")
    world.clock.advance(60 * 60)

    assert (await world.http.post(link, data={"password": FINE, "repeat": FINE})).status_code == 404
    assert world.status("amelia.hart") == "RECOVERY"


async def test_a_newer_link_ends_an_older_one(world: World) -> None:
    older = await link_for(world, "amelia.hart")
    newer = await link_for(world, "amelia.hart")

    assert (await world.http.get(older)).status_code == 404
    assert (await world.http.get(newer)).status_code == 200


async def test_a_link_does_not_bring_back_a_closed_account(world: World) -> None:
    link = await link_for(world, "amelia.hart")
    await world.act("amelia.hart", "deactivate")

    assert (await world.http.post(link, data={"password": FINE, "repeat": FINE})).status_code == 404
    assert world.status("amelia.hart") == "DEPROVISIONED"


@pytest.mark.parametrize(
    ("password", "complaint"),
    [
        ("Short-1", "at least 12 characters"),
        ("no-upper-case-1", "upper-case"),
        ("NO-LOWER-CASE-1", "lower-case"),
        ("No-Digit-Anywhere", "digit"),
        ("Amelia-Likes-42-Cats", "part of your login"),
        ("Helpdesk-2026-Winter", "part of your login"),
        ("Password123456!", "common password"),
        ("A1" + "a" * 80, "at most 72"),
        ("", "at least 12"),
    ],
)
async def test_a_password_must_meet_the_policy(world: World, password: str, complaint: str) -> None:
    link = await link_for(world, "amelia.hart")
    response = await world.http.post(link, data={"password": password, "repeat": password})

    assert response.status_code == 422
    assert complaint in response.text
    assert world.status("amelia.hart") == "RECOVERY"


async def test_administrators_have_a_stricter_policy(world: World) -> None:
    link = await link_for(world, "adm.piotr")

    assert (
        await world.http.post(link, data={"password": "Slow-River-42", "repeat": "Slow-River-42"})
    ).status_code == 422
    assert (await world.http.post(link, data={"password": FINE, "repeat": FINE})).status_code == 200


async def test_an_earlier_password_is_refused_and_both_entries_must_agree(world: World) -> None:
    await world.http.post(await link_for(world, "amelia.hart"), data={"password": FINE, "repeat": FINE})
    link = await link_for(world, "amelia.hart")
    again = await world.http.post(link, data={"password": FINE, "repeat": FINE})
    differing = await world.http.post(link, data={"password": f"{FINE}-2", "repeat": f"{FINE}-3"})

    assert (again.status_code, differing.status_code) == (422, 422)
    assert "last 5 passwords" in again.text
    assert "differ" in differing.text


async def test_activation_lets_a_new_person_in(world: World) -> None:
    await world.act("eirik.thorsen", "activate")
    link = world.outbox()[-1]["link"]
    await world.http.post(link, data={"password": FINE, "repeat": FINE})

    assert "/activate/" in link
    assert world.status("eirik.thorsen") == "ACTIVE"


async def test_the_outbox_is_a_page_and_json(world: World) -> None:
    await link_for(world, "amelia.hart")
    page = await world.http.get(f"{BASE_URL}/outbox")
    mails = (await world.http.get(f"{BASE_URL}/outbox", headers={"Accept": "application/json"})).json()

    assert "stand-in" in page.text
    assert re.search(r'<a href="http://127\.0\.0\.1:8401/reset_password/\w{32}">', page.text)
    assert mails[0].keys() == {"id", "created", "recipient", "subject", "body", "link"}
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_pages_show_names_as_text(world: World) -> None:
    world.set_profile("amelia.hart", firstName='<script>alert(1)</script>"')
    link = await link_for(world, "amelia.hart")

    for page in (await world.http.get(f"{BASE_URL}/outbox"), await world.http.get(link)):
        assert "<script>" not in page.text


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8401", ""])
async def test_a_name_that_is_not_this_machine_s_reaches_nothing(world: World, host: str) -> None:
    """Our own choice: the outbox has no sign-in, so that a page elsewhere must not reach it by rebinding DNS."""
    response = await world.http.get(f"{BASE_URL}/outbox", headers={"Host": host})

    assert response.status_code == 421


@pytest.mark.parametrize("host", ["localhost:8401", "127.0.0.1", "[::1]:8401"])
async def test_loopback_names_reach_it(world: World, host: str) -> None:
    assert (await world.http.get(f"{BASE_URL}/outbox", headers={"Host": host})).status_code == 200


async def test_a_form_that_is_too_long_is_refused(world: World) -> None:
    link = await link_for(world, "amelia.hart")
    response = await world.http.post(link, data={"password": "x" * 5000, "repeat": "x"})

    assert response.status_code == 413


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
        ("application/x-www-form-urlencoded", b"a=1&" * 30),
        ("application/x-www-form-urlencoded", b"password=\xff"),
        ("application/json", b"{}"),
    ],
)
async def test_a_form_that_is_none_sets_nothing(world: World, media_type: str, body: bytes) -> None:
    link = await link_for(world, "amelia.hart")
    response = await world.http.post(link, content=body, headers={"Content-Type": media_type})

    assert response.status_code in {400, 422}
    assert "<h1>Choose a new password</h1>" in response.text
    assert world.user("amelia.hart")["status"] == "RECOVERY"

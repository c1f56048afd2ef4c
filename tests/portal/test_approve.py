"""`helpdesk approve`: a terminal as one of a person's devices, against the tenant itself."""

import asyncio
import json
import re
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from local.tenant.testing import COMMAND_LINE, LocalTenant
from portal.device import Devices
from portal.session import Desk, Profiles, SignIn
from tests.portal._terminal import Terminal
from tests.portal.running import Command, Done
from tests.tenant._ciba import DETAILS, MESSAGE, decide, form_token, open_phone, poll, refusal, started

T = TypeVar("T")
PENDING, DENIED = (400, "authorization_pending"), (400, "access_denied")


def play(what: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(what)


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[LocalTenant]:
    with LocalTenant(tmp_path / "tenant") as found:
        yield found


def signed_in(tenant: LocalTenant, home: Path, login: str = "amelia.hart", profile: str = "default") -> None:
    desk = Desk(tenant.issuer, tenant.client(COMMAND_LINE).client_id, tenant.api("supervisor"), "http://127.0.0.1:1/")
    name = login.replace(".", " ").title()
    Profiles(home).save(profile, SignIn(desk, tenant.user_id(login), name, "token", 0.0, None))


async def ticket(tenant: LocalTenant, login: str = "amelia.hart") -> str:
    async with tenant.http() as http:
        page = await open_phone(tenant, http, login)
        fields = {"form_token": form_token(page), "action": "enrol"}
        shown = await http.post(f"{tenant.issuer}phone", data=fields)
    found = re.search(r'class="code shown">([^<]+)<', shown.text)
    assert found is not None
    return found[1]


def enroll(tenant: LocalTenant, helpdesk: Command, *arguments: str) -> Done:
    return helpdesk("approve", "enroll", *arguments, stdin=f"{play(ticket(tenant))}\n")


@pytest.fixture
def fresh(tenant: LocalTenant, tmp_path: Path) -> Command:
    """The command of somebody who is signed in, in a terminal that is no device yet."""
    signed_in(tenant, tmp_path / "home")
    return Command(tmp_path / "state", tmp_path / "home")


@pytest.fixture
def helpdesk(tenant: LocalTenant, fresh: Command) -> Command:
    done = enroll(tenant, fresh)
    assert done.code == 0, done.err
    return fresh


def test_a_terminal_becomes_a_device_with_a_ticket_and_a_key_of_its_own(tenant: LocalTenant, fresh: Command) -> None:
    done = enroll(tenant, fresh)
    assert (done.code, done.err) == (0, "")
    assert f"{tenant.issuer}phone" in done.out
    assert "Amelia Hart can approve" in done.out
    (kept,) = (fresh.home / "devices").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    device = Devices(fresh.home).load("default")
    assert device is not None
    assert (device.issuer, device.subject) == (tenant.issuer, tenant.user_id("amelia.hart"))
    assert "PRIVATE KEY" in device.private_key
    assert "PRIVATE KEY" not in repr(device)


@pytest.mark.parametrize(("given", "words"), [("\n", "No ticket was given"), ("made-up\n", "The ticket is not good")])
def test_a_ticket_that_is_none_enrols_nothing(fresh: Command, given: str, words: str) -> None:
    done = fresh("approve", "enroll", stdin=given)
    assert done.code == 1
    assert words in done.err
    assert not (fresh.home / "devices").exists()


def test_a_ticket_is_good_once(tenant: LocalTenant, fresh: Command) -> None:
    one = play(ticket(tenant))
    assert fresh("approve", "enroll", stdin=one).code == 0
    again = fresh("approve", "enroll", "--as", "second", stdin=one)
    signed_in(tenant, fresh.home, profile="second")
    assert again.code == 3  # nobody is signed in there
    again = fresh("approve", "enroll", "--as", "second", stdin=one)
    assert again.code == 1
    assert "it was used" in again.err


@pytest.mark.requirement("E5")
def test_a_terminal_does_not_answer_for_somebody_else_than_who_is_signed_in(
    tenant: LocalTenant, fresh: Command
) -> None:
    done = fresh("approve", "enroll", stdin=play(ticket(tenant, "oscar.lind")))
    assert done.code == 1
    assert "not of Amelia Hart" in done.err
    assert not (fresh.home / "devices").exists()


def test_a_terminal_that_is_no_device_says_what_to_do(fresh: Command) -> None:
    done = fresh("approve")
    assert done.code == 1
    assert "helpdesk approve enroll" in done.err


def test_where_nothing_waits_it_says_so(helpdesk: Command) -> None:
    done = helpdesk("approve")
    assert (done.code, done.out) == (0, "Nothing waits for you.\n")
    assert helpdesk("approve", "--json").events == [{"event": "approvals", "waiting": 0}]


@pytest.mark.requirement("E7")
def test_what_waits_is_shown_whole_but_for_the_code_that_has_to_be_typed(
    tenant: LocalTenant, helpdesk: Command
) -> None:
    play(started(tenant))
    done = helpdesk("approve")
    assert done.code == 6
    for words in ("Reset your password", "Oscar Lind asks", "Reset the password", "amelia.hart", "for 5 min"):
        assert words in done.out
    assert f"action:approve at {tenant.api('password_reset')}" in done.out
    assert done.out.index("Account") < done.out.index("Action")
    assert "3f29" not in done.out  # not to be displayed
    assert "K7QF" not in done.out

    asked, end = helpdesk("approve", "--json").events
    assert (asked["event"], asked["binding_message"], asked["code"]) == ("asked", MESSAGE, "K7QF")
    assert asked["details"] == [
        {"name": "Account", "value": "amelia.hart"},
        {"name": "Action", "value": "Reset the password"},
    ]
    assert asked["expires_at"] - asked["created_at"] == 300
    assert end == {"event": "approvals", "waiting": 1}


def test_looking_decides_nothing(tenant: LocalTenant, helpdesk: Command) -> None:
    auth_req_id = play(started(tenant))
    assert helpdesk("approve").code == 6
    assert play(refusal(tenant, auth_req_id)) == PENDING


@pytest.mark.parametrize("typed", ["K7QF", "k7qf", " k7 qf "])
def test_the_code_approves(tenant: LocalTenant, helpdesk: Command, typed: str) -> None:
    auth_req_id = play(started(tenant))
    done = helpdesk("approve", "--yes", typed)
    assert (done.code, done.err) == (0, "")
    assert "Approved: Reset your password, code K7QF" in done.out
    assert play(poll(tenant, auth_req_id)).json()["authorization_details"] == DETAILS


@pytest.mark.parametrize("by_id", [False, True])
def test_a_denial_needs_no_code(tenant: LocalTenant, helpdesk: Command, by_id: bool) -> None:
    auth_req_id = play(started(tenant))
    name = helpdesk("approve", "--json").events[0]["id"] if by_id else "K7QF"
    done = helpdesk("approve", "--json", "--no", name)
    assert done.code == 0
    assert done.events[-1]["approved"] is False
    assert play(refusal(tenant, auth_req_id)) == DENIED


def test_an_id_does_not_approve(tenant: LocalTenant, helpdesk: Command) -> None:
    auth_req_id = play(started(tenant))
    name = helpdesk("approve", "--json").events[0]["id"]
    assert helpdesk("approve", "--yes", name).code == 1
    assert play(refusal(tenant, auth_req_id)) == PENDING


def test_another_code_decides_nothing(tenant: LocalTenant, helpdesk: Command) -> None:
    auth_req_id = play(started(tenant))
    for answer in ("--yes", "--no"):
        done = helpdesk("approve", answer, "AAAA")
        assert done.code == 1
        assert "Nothing with the code AAAA waits for you" in done.err
    assert play(refusal(tenant, auth_req_id)) == PENDING


@pytest.mark.requirement("E4")
def test_a_second_answer_is_told_plainly_and_changes_nothing(tenant: LocalTenant, helpdesk: Command) -> None:
    auth_req_id = play(started(tenant))
    assert helpdesk("approve", "--yes", "K7QF").code == 0
    for answer in ("--yes", "--no"):
        again = helpdesk("approve", answer, "K7QF")
        assert again.code == 1
        assert "was answered already" in again.err
    assert play(poll(tenant, auth_req_id)).status_code == 200
    assert play(refusal(tenant, auth_req_id)) == (403, "invalid_grant")


def test_the_code_of_one_request_does_not_approve_another(tenant: LocalTenant, helpdesk: Command) -> None:
    first = play(started(tenant))
    second = play(started(tenant, binding_message="Reset your factors, code Z2Z2"))
    assert helpdesk("approve", "--yes", "Z2Z2").code == 0
    assert play(refusal(tenant, first)) == PENDING
    assert play(poll(tenant, second)).status_code == 200


def test_two_requests_with_one_code_are_not_told_apart_by_guessing(tenant: LocalTenant, helpdesk: Command) -> None:
    both = [play(started(tenant)), play(started(tenant, binding_message="Reset your factors, code K7QF"))]
    done = helpdesk("approve", "--yes", "K7QF")
    assert done.code == 1
    assert "2 requests have this code" in done.err
    assert [play(refusal(tenant, one)) for one in both] == [PENDING, PENDING]


def test_yes_and_no_at_once_is_wrong_usage(helpdesk: Command) -> None:
    assert helpdesk("approve", "--yes", "AAAA", "--no", "AAAA").code == 2


@pytest.mark.requirement("E7")
def test_nothing_that_is_asked_acts_on_the_terminal_or_looks_like_a_line_of_it(
    tenant: LocalTenant, helpdesk: Command
) -> None:
    evil = [
        {
            **DETAILS[0],
            "instruction": "Your\x1b[2J own\r\nUntil  1999 \u202eevil",
            "properties": {"x": {"name": "A\nB", "value": "one\n\nAccount  ravi"}},
        }
    ]
    play(started(tenant, authorization_details=json.dumps(evil)))
    out = helpdesk("approve").out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "one Account ravi" in out
    assert not [line for line in out.splitlines() if line.startswith(("Until  1999", "Account"))]


def test_what_exactly_is_asked_has_to_be_said(tenant: LocalTenant, helpdesk: Command) -> None:
    play(started(tenant, authorization_details=None))
    assert "What exactly is asked was not said." in helpdesk("approve").out


def test_forgetting_the_key_ends_it(tenant: LocalTenant, helpdesk: Command) -> None:
    auth_req_id = play(started(tenant))
    assert helpdesk("approve", "forget").code == 0
    assert list((helpdesk.home / "devices").iterdir()) == []
    assert helpdesk("approve", "--yes", "K7QF").code == 1
    assert helpdesk("approve", "forget").code == 1
    assert play(refusal(tenant, auth_req_id)) == PENDING


def test_a_device_that_the_tenant_does_not_know_is_to_be_enrolled_again(helpdesk: Command) -> None:
    path = helpdesk.home / "devices" / "default.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"device_id": "dev_another"}))
    done = helpdesk("approve")
    assert done.code == 1
    assert "does not know this terminal any more" in done.err


def test_a_device_that_cannot_be_read_names_the_file(helpdesk: Command) -> None:
    path = helpdesk.home / "devices" / "default.json"
    path.write_text("{}")
    done = helpdesk("approve")
    assert done.code == 1
    assert str(path) in done.err


def test_a_tenant_that_is_away_is_5(tenant: LocalTenant, helpdesk: Command) -> None:
    tenant.stop()
    done = helpdesk("approve")
    assert done.code == 5
    assert "does not answer" in done.err


@pytest.mark.parametrize("path", ["/local/pushes", "/appliance-mfa/api/enroll"])
def test_a_tenant_that_pushes_to_phones_alone_says_where_to_approve(
    tenant: LocalTenant, helpdesk: Command, path: str
) -> None:
    tenant.fail(path, 404, body=json.dumps({"statusCode": 404, "error": "Not Found", "message": "Not Found"}))
    arguments = ("approve", "enroll") if path.endswith("enroll") else ("approve",)
    done = helpdesk(*arguments, stdin="a ticket\n")
    assert done.code == 1
    assert "Guardian app" in done.err


def on_screen(helpdesk: Command, *arguments: str) -> Terminal:
    return Terminal({"HELPDESK_VAR": str(helpdesk.state), "HELPDESK_HOME": str(helpdesk.home)}, *arguments)


def test_at_a_terminal_the_code_is_typed_as_the_help_desk_shows_it(tenant: LocalTenant, helpdesk: Command) -> None:
    auth_req_id = play(started(tenant))
    with on_screen(helpdesk, "approve") as terminal:
        shown = terminal.until("to leave it: ")
        assert "Reset your password, code ····" in shown
        assert "K7QF" not in shown
        terminal.type("yes")
        assert "nothing is approved" in terminal.until("to leave it: ")
        terminal.type("k7qf")
        code, said = terminal.end()
    assert code == 0
    assert "✓ Approved: Reset your password, code K7QF" in said
    assert play(poll(tenant, auth_req_id)).status_code == 200


def test_at_a_terminal_each_is_answered_by_itself_or_left(tenant: LocalTenant, helpdesk: Command) -> None:
    denied = play(started(tenant))
    left = play(started(tenant, binding_message="Reset your factors, code Z2Z2"))
    with on_screen(helpdesk, "approve") as terminal:
        terminal.until("to leave it: ")
        terminal.type("no")
        assert "✗ Denied: Reset your password" in terminal.until("to leave it: ")
        terminal.type("")
        code, said = terminal.end()
    assert code == 6
    assert "Left as it is." in said
    assert play(refusal(tenant, denied)) == DENIED
    assert play(refusal(tenant, left)) == PENDING


@pytest.mark.requirement("E4")
def test_at_a_terminal_an_answer_that_comes_too_late_is_told(tenant: LocalTenant, helpdesk: Command) -> None:
    auth_req_id = play(started(tenant))

    async def deny_on_the_page() -> httpx.Response:
        async with tenant.http() as http:
            return await decide(tenant, http, "deny")

    with on_screen(helpdesk, "approve") as terminal:
        terminal.until("to leave it: ")
        assert play(deny_on_the_page()).status_code == 200
        terminal.type("K7QF")
        code, said = terminal.end()
    assert code == 1
    assert "came too late" in said
    assert "Approved" not in said
    assert play(refusal(tenant, auth_req_id)) == DENIED


def test_it_waits_for_what_is_asked_next(tenant: LocalTenant, helpdesk: Command) -> None:
    with on_screen(helpdesk, "approve", "--wait") as terminal:
        terminal.until("nothing waits; looking again")
        auth_req_id = play(started(tenant))
        terminal.until("to leave it: ")
        terminal.type("K7QF")
        assert terminal.end()[0] == 0
    assert play(poll(tenant, auth_req_id)).status_code == 200


def test_at_a_terminal_ctrl_c_decides_nothing(tenant: LocalTenant, helpdesk: Command) -> None:
    auth_req_id = play(started(tenant))
    with on_screen(helpdesk, "approve") as terminal:
        terminal.until("to leave it: ")
        assert terminal.interrupt()[0] == 130
    assert play(refusal(tenant, auth_req_id)) == PENDING

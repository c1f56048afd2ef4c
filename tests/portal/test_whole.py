"""The command as people run it, against everything that `helpdesk up` starts."""

import asyncio
import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from portal.demo import Browser
from portal.stack import free_port_base
from shared.http import create_http_client
from shared.testing import tokens_in
from tests.portal.running import Command, until

pytestmark = pytest.mark.timeout(180)


async def sign_in(helpdesk: Command, login: str, *arguments: str) -> None:
    """Signs a person in as they would, with the command and a browser."""
    with helpdesk.start("login", "--json", *arguments) as process:
        shown = until(process, "verification" if "--browser" not in arguments else "authorization")
        async with create_http_client() as http:
            url = shown.get("verification_uri_complete") or shown["url"]
            await Browser(http).sign_in(url, login=login, password=helpdesk.password(login))
        assert until(process, "signed_in")["name"].lower().replace(" ", ".") == login
    assert process.returncode == 0


async def connect(helpdesk: Command, login: str, *arguments: str) -> list[str]:
    """Connects a person's accounts in the directory as they would; the connections."""
    connected = []
    with helpdesk.start("accounts", "connect", "--json", *arguments) as process:
        for _ in range(2):
            shown = until(process, "connect")
            async with create_http_client(keep_cookies=True) as http:
                await Browser(http).sign_in(shown["url"], login=login, password=helpdesk.passkey(login))
            connected.append(until(process, "connected")["connection"])
    assert process.returncode == 0
    return connected


async def ticket(helpdesk: Command, login: str) -> str:
    """What a terminal enrols with, from the person's page of approvals."""
    issuer = json.loads((helpdesk.state / "run" / "stack.json").read_text())["issuer"]
    async with create_http_client() as http:
        browser = Browser(http)
        page = await browser.enter(
            f"{issuer}phone",
            login=login,
            password=helpdesk.password(login),
            until=lambda page: "approvals" in page.text,
        )
        page.forms[0] = page.forms[-1]
        shown = (await browser.submit(page)).text
    return shown.rpartition(" ")[2]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Command, int]]:
    """Everything, started by the command itself; stopped by Ctrl-C, with nothing left over."""
    folder = tmp_path_factory.mktemp("world")
    helpdesk, base = Command(folder / "var", folder / "home"), free_port_base()
    with helpdesk.start("up", "--json", "--traces", "--port-base", str(base)) as process:
        try:
            until(process, "up")
            pids = [part["pid"] for part in json.loads((helpdesk.state / "run" / "stack.json").read_text())["parts"]]
            yield helpdesk, base
        finally:
            process.send_signal(signal.SIGINT)
            assert until(process, "stopped")
    assert process.returncode == 0
    assert len(pids) == 9
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    assert not (helpdesk.state / "run" / "stack.json").exists()


@pytest.fixture(scope="module")
def helpdesk(world: tuple[Command, int]) -> Command:
    return world[0]


@pytest.fixture(scope="module")
def amelia(helpdesk: Command) -> Command:
    """The command, signed in as the employee."""
    asyncio.run(sign_in(helpdesk, "amelia.hart", "--browser"))
    assert asyncio.run(connect(helpdesk, "amelia.hart")) == ["directory-read", "directory-manage"]
    return helpdesk


def test_signing_in_with_a_code_and_out_again(helpdesk: Command) -> None:
    asyncio.run(sign_in(helpdesk, "oscar.lind", "--as", "oscar"))
    waits = helpdesk("ask", "--as", "oscar", "--json", "which groups am I in?")
    assert waits.code == 6
    assert waits.events[-1]["waits_for"] == [{"kind": "connect-account", "subject": "directory-read"}]
    asyncio.run(connect(helpdesk, "oscar.lind", "--as", "oscar"))
    assert (helpdesk.home / "profiles" / "oscar.json").stat().st_mode & 0o777 == 0o600
    done = helpdesk("ask", "--as", "oscar", "which groups am I in?")
    assert done.code == 0
    assert done.out.startswith("account_lookup:\n")
    assert "IT" in done.out
    done = helpdesk("--as", "oscar", "logout")
    assert (done.code, done.out) == (0, "✓ Oscar Lind is signed out.\n")
    assert helpdesk("ask", "--as", "oscar", "which groups am I in?").code == 3


def test_an_answer_streams_as_json(amelia: Command) -> None:
    done = amelia("ask", "--json", "Is my account locked, and how do I report phishing?")
    assert (done.code, done.err) == (0, "")
    events = done.events
    assert events[0]["event"] == "begun"
    assert {event["agent"] for event in events if event["event"] == "working"} == {"password_reset", "docs_search"}
    assert {event["agent"] for event in events if event["event"] == "said"} == {"password_reset", "docs_search"}
    end = events[-1]
    assert (end["event"], end["state"], end["context_id"]) == ("ended", "completed", events[0]["context_id"])
    assert "locked" in end["answer"]
    assert "phishing" in end["answer"]


@pytest.mark.requirement("A12")
def test_no_part_keeps_a_head_that_does_not_end(helpdesk: Command) -> None:
    """Nor does a stand-in: whoever reaches its port has proved nothing yet."""
    parts = json.loads((helpdesk.state / "run" / "stack.json").read_text())["parts"]
    for part in parts:
        url = urlsplit(part["url"])
        with socket.create_connection((url.hostname, url.port), timeout=20) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ")
            for length in (30_000, 30_000, 6_000):  # no more than is read, or the answer could be lost with the rest
                connection.sendall(b"a" * length)
            assert connection.recv(100).startswith(b"HTTP/1.1 431 "), part["name"]


def test_a_question_may_come_from_standard_input(amelia: Command) -> None:
    done = amelia("ask", stdin="Which devices do I have?\n")
    assert done.code == 0
    assert "ThinkPad" in done.out


def test_a_conversation_goes_on_where_asked_to(amelia: Command) -> None:
    first = amelia("ask", "--json", "is my account locked?").events[-1]
    second = amelia("ask", "--json", "-c", "and unlock it too").events[-1]
    assert second["context_id"] == first["context_id"]
    assert second["agents"] == ["password_reset"]
    assert "unlocked" in second["answer"]
    other = amelia("ask", "--json", "which groups am I in?").events[-1]
    assert other["context_id"] != first["context_id"]
    third = amelia("ask", "--json", "--context", first["context_id"], "which devices do I have?").events[-1]
    assert third["context_id"] == first["context_id"]


def test_the_way_of_a_question_can_be_seen(amelia: Command) -> None:
    task_id = amelia("ask", "--json", "Where is the VPN guide?").events[0]["task_id"]
    written, services = threading.Event(), set[str]()
    for _ in range(100):  # agents write what they have every third of a second
        services = {event.get("service", "none yet") for event in amelia("trace", "--json", task_id).events}
        if services >= {"supervisor", "docs_search", "gateway"} or written.wait(0.1):
            break
    assert services == {"supervisor", "docs_search", "gateway"}
    shown = amelia("trace", task_id[:8])
    assert "tools/call docs___search_articles" in shown.out
    assert "VPN" not in "".join(path.read_text("utf-8") for path in (amelia.state / "traces").iterdir())


def test_what_was_done_is_told_to_whom_it_was_done_for_and_to_operators_whole(amelia: Command) -> None:
    asked = amelia("ask", "--json", "which groups am I in?").events
    told = amelia("activity", "--since", "10m", "--json")
    assert told.code == 0, told.err
    [answer] = told.events
    assert {record["agent"] for record in answer["records"]} >= {"supervisor", "account_lookup"}
    assert answer["away"] == []
    assert "read groups, account:00u" in amelia("activity").out
    assert amelia("activity", "--as", "nobody").code == 3

    story = amelia("audit", "story", str(asked[0]["task_id"]))
    assert story.out.startswith("amelia.hart asked on ")
    assert "account_lookup  read groups, account:amelia.hart" in story.out
    by_login = amelia("audit", "--person", "amelia.hart", "--action", "account:groups:read", "--json").events
    assert by_login
    assert amelia("audit", "verify").code == 0


def test_a_reset_is_left_waiting_approved_in_a_terminal_and_taken_up_again(amelia: Command) -> None:
    enrolled = amelia("approve", "enroll", stdin=asyncio.run(ticket(amelia, "amelia.hart")))
    assert enrolled.code == 0, enrolled.err

    left = amelia("ask", "--json", "--no-wait", "I forgot my password, please reset it")
    assert left.code == 6
    end = left.events[-1]
    (wait,) = end["waits_for"]
    assert (end["state"], wait["kind"]) == ("auth-required", "approval")
    asked = amelia("approve", "--json").events[0]
    assert asked["binding_message"] == f"Reset password of amelia.hart, code {wait['subject']}"
    assert {"name": "Asked for by", "value": "Amelia Hart (amelia.hart)"} in asked["details"]
    still = amelia("ask", "--no-wait", "--task", end["task_id"])
    assert still.code == 6
    assert wait["subject"] in still.out

    assert amelia("approve", "--yes", wait["subject"]).code == 0
    done = amelia("ask", "--json", "--task", end["task_id"])
    assert (done.code, done.events[-1]["state"]) == (0, "completed")
    assert "on its way" in done.events[-1]["answer"]
    assert "was answered already" in amelia("approve", "--yes", wait["subject"]).err
    again = amelia("ask", "--task", end["task_id"])
    assert again.code == 0
    assert "on its way" in again.out


def test_a_question_waits_for_its_answer_and_says_that_it_was_denied(amelia: Command) -> None:
    with amelia.start("ask", "--json", "Please reset my password") as process:
        waits = until(process, "waits")
        code = waits["waits_for"][0]["subject"]
        assert amelia("approve", "--no", code).code == 0
        end = until(process, "ended")
    assert process.returncode == 0
    assert "denied" in end["answer"]


def test_a_chat_is_one_conversation(amelia: Command) -> None:
    done = amelia(
        "chat", "--json", stdin="is my account locked?\n\nwhich groups am I in?\n/new\nwhich devices do I have?\n"
    )
    assert done.code == 0
    ends = [event for event in done.events if event["event"] == "ended"]
    contexts = [end["context_id"] for end in ends]
    assert contexts[0] == contexts[1] != contexts[2]


@pytest.mark.parametrize("text", ["\x00\x01", "x" * 100_000])
def test_what_cannot_be_asked_is_refused_in_words(amelia: Command, text: str) -> None:
    done = amelia("ask", "--json", stdin=text)
    assert done.code in {0, 1}
    last = done.events[-1]
    assert last.get("event") == "ended" or "cannot take this" in last["error"]["message"]
    assert "Traceback" not in done.err


def test_a_supervisor_that_is_away_is_5(amelia: Command, tmp_path: Path) -> None:
    home = tmp_path / "elsewhere"
    (home / "profiles").mkdir(parents=True)
    profile = json.loads((amelia.home / "profiles" / "default.json").read_text())
    profile["desk"]["url"] = "http://127.0.0.1:9/"
    (home / "profiles" / "default.json").write_text(json.dumps(profile))
    done = Command(tmp_path / "nothing", home)("ask", "hello")
    assert done.code == 5
    assert "http://127.0.0.1:9/ does not answer" in done.err


def test_a_sign_in_at_another_address_is_not_used_here(amelia: Command, tmp_path: Path) -> None:
    home = tmp_path / "elsewhere"
    (home / "profiles").mkdir(parents=True)
    profile = json.loads((amelia.home / "profiles" / "default.json").read_text())
    profile["desk"]["url"] = "http://127.0.0.1:9/"
    (home / "profiles" / "default.json").write_text(json.dumps(profile))
    done = Command(amelia.state, home)("ask", "hello")
    assert done.code == 3
    assert "You are signed in at http://127.0.0.1:9/" in done.err


def test_status_tells_of_every_part(amelia: Command) -> None:
    done = amelia("status")
    assert done.code == 0, done.out
    for part in (
        "tenant",
        "directory",
        "gateway",
        "supervisor",
        "account_lookup",
        "password_reset",
        "docs_search",
        "sign-in",
    ):
        assert f"✓  {part}" in done.out
    assert "A2A 0.3, 1.0" in done.out
    told = {finding["name"]: finding["detail"] for finding in amelia("status", "--json").events[0]["findings"]}
    for agent in ("supervisor", "account_lookup", "password_reset", "docs_search"):
        (key,) = json.loads((amelia.state / agent / "card-keys.json").read_text())["keys"]
        assert told[agent].endswith(f", signed by {key['kid']}")
    assert "Amelia Hart" in done.out


def test_status_says_what_is_wrong(amelia: Command) -> None:
    pid = _pid(amelia, "docs_search")
    os.kill(pid, signal.SIGSTOP)
    try:
        done = amelia("status", "--json")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert done.code == 1
    wrong = [finding for finding in done.events[0]["findings"] if finding["state"] == "wrong"]
    assert [finding["name"] for finding in wrong] == ["docs_search"]
    assert "docs_search.log" in wrong[0]["remedy"]


def test_ctrl_c_gives_up_in_order(amelia: Command) -> None:
    """A part hangs; the person gives up; what was begun is ended, and the next question is answered."""
    assert amelia("ask", "how do I report phishing?").code == 0  # the supervisor knows the agent's card
    pid = _pid(amelia, "docs_search")
    os.kill(pid, signal.SIGSTOP)
    try:
        with amelia.start("ask", "--json", "how do I report phishing?") as process:
            begun = until(process, "begun")
            until(process, "working")
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=30)
        assert (process.returncode, errors.strip()) == (130, "")
    finally:
        os.kill(pid, signal.SIGCONT)
    done = amelia("ask", "--json", "--context", begun["context_id"], "how do I report phishing?")
    assert done.events[-1]["state"] == "completed"


def test_a_second_start_says_that_it_runs(helpdesk: Command) -> None:
    done = helpdesk("up")
    assert done.code == 1
    assert "already runs here" in done.err


def test_a_taken_port_is_named_with_what_to_do(world: tuple[Command, int], tmp_path: Path) -> None:
    base = world[1]
    done = Command(tmp_path / "var", tmp_path / "home")("up", "--port-base", str(base))
    assert done.code == 1
    assert f"{base} (tenant)" in done.err
    assert "--port-base " in done.err
    assert not (tmp_path / "var" / "tenant").exists()


def test_secrets_are_private_and_in_no_log(helpdesk: Command) -> None:
    for path in helpdesk.state.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    logs = "".join(path.read_text() for path in (helpdesk.state / "log").iterdir())
    assert tokens_in(logs) == []
    assert helpdesk.password("amelia.hart") not in logs


def test_being_told_to_stop_while_starting_leaves_nothing(tmp_path: Path) -> None:
    helpdesk, base = Command(tmp_path / "var", tmp_path / "home"), free_port_base()
    with helpdesk.start("up", "--json", "--port-base", str(base)) as process:
        until(process, "started")
        process.send_signal(signal.SIGTERM)
        assert until(process, "stopped")
    assert process.returncode == 0
    for port in range(base, base + 7):
        socket.create_server(("127.0.0.1", port)).close()


def _pid(helpdesk: Command, part: str) -> int:
    parts = json.loads((helpdesk.state / "run" / "stack.json").read_text())["parts"]
    return int(next(found["pid"] for found in parts if found["name"] == part))

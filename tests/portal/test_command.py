"""The command where no help desk runs: its words, its exit codes, its JSON."""

import json
import resource
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.portal.running import ROOT, Command

COMMANDS = ("ask", "chat", "demo", "deploy", "doctor", "login", "logout", "status", "up")


@pytest.fixture
def helpdesk(tmp_path: Path) -> Command:
    return Command(tmp_path / "var", tmp_path / "home")


@pytest.mark.parametrize("arguments", [(), ("--help",), *((command, "--help") for command in COMMANDS)])
def test_help_comes_with_examples(helpdesk: Command, arguments: tuple[str, ...]) -> None:
    done = helpdesk(*arguments)
    assert (done.code, done.err) == (0, "")
    assert "Examples:\n" in done.out
    assert "helpdesk" in done.out.split("Examples:\n")[1]


def test_help_lists_every_command_and_the_exit_codes(helpdesk: Command) -> None:
    out = helpdesk("--help").out
    for command in COMMANDS:
        assert f"\n  {command} " in out
    assert "3 not signed in" in out


def test_help_imports_nothing_that_takes_long() -> None:
    code = "import sys; from portal.command import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"httpx", "aiohttp", "a2a", "pydantic", "rich", "strands", "jwt"} & set(done.stderr.split())


def test_help_answers_at_once() -> None:
    """A second of processor time at most, however busy this machine is: what takes long is not imported."""

    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before = spent()
    subprocess.run([sys.executable, "-m", "portal", "--help"], cwd=ROOT, capture_output=True, check=True)
    assert spent() - before < 1


def test_the_version_is_the_projects(helpdesk: Command) -> None:
    assert helpdesk("--version").out.startswith("helpdesk 0.")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("unlock",), "No such command 'unlock'"),
        (("ask", "--wrong"), "No such option"),
        (("ask",), "Say what you want to ask"),
        (("ask", "  \n "), "Say what you want to ask"),
        (("ask", "-c", "--context", "x", "hello"), "two conversations"),
        (("ask", "--task", "t", "hello"), "give it alone"),
        (("ask", "--task", "t", "-c"), "give it alone"),
        (("up", "--port-base", "0"), "--port-base"),
        (("up", "--port-base", "many"), "--port-base"),
    ],
)
def test_wrong_usage_is_2(helpdesk: Command, arguments: tuple[str, ...], words: str) -> None:
    done = helpdesk(*arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("arguments", [("ask", "hello"), ("chat",), ("logout",), ("ask", "-c", "hello")])
def test_not_signed_in_is_3_and_says_what_to_do(helpdesk: Command, arguments: tuple[str, ...]) -> None:
    done = helpdesk(*arguments)
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("helpdesk: You are not signed in: run `helpdesk login`")


@pytest.mark.parametrize("arguments", [("--json", "ask", "hello"), ("ask", "hello", "--json")])
def test_json_says_the_error_too(helpdesk: Command, arguments: tuple[str, ...]) -> None:
    done = helpdesk(*arguments)
    assert done.code == 3
    assert json.loads(done.out)["error"]["code"] == "not_signed_in"


def test_where_nothing_runs_signing_in_is_5(helpdesk: Command) -> None:
    done = helpdesk("login")
    assert done.code == 5
    assert "make run" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--issuer", "https://t.example/"), "name --client-id, --audience, --url too"),
        (
            ("--issuer", "http://t.example/", "--client-id", "c", "--audience", "a", "--url", "https://d.example/"),
            "--issuer must be an https URL",
        ),
        (
            ("--issuer", "https://t.example/", "--client-id", "c", "--audience", "a", "--url", "ftp://d.example/"),
            "--url must be an https URL",
        ),
        (("--as", "../x", "--issuer", "https://t.example/"), "name --client-id"),
    ],
)
def test_half_a_help_desk_cannot_be_signed_in_at(helpdesk: Command, arguments: tuple[str, ...], words: str) -> None:
    done = helpdesk("login", *arguments)
    assert done.code == 1
    assert words in done.err


def test_a_tenant_that_does_not_answer_is_5(helpdesk: Command) -> None:
    arguments = (
        "--issuer",
        "http://127.0.0.1:9/",
        "--client-id",
        "c",
        "--audience",
        "a",
        "--url",
        "http://127.0.0.1:9/",
    )
    done = helpdesk("login", *arguments)
    assert done.code == 5
    assert "http://127.0.0.1:9/ does not answer" in done.err


def test_status_says_that_nothing_runs(helpdesk: Command) -> None:
    done = helpdesk("status")
    assert done.code == 1
    assert "nothing runs here" in done.out
    assert "make run" in done.out
    done = helpdesk("status", "--json")
    assert json.loads(done.out)["ok"] is False


def test_colours_are_for_terminals(helpdesk: Command) -> None:
    assert "\x1b" not in helpdesk("status").out


def test_an_error_inside_is_one_line_and_whole_with_debug(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("")
    helpdesk = Command(tmp_path / "file" / "var", tmp_path / "home")
    done = helpdesk("up")
    assert done.code == 1
    assert len(done.err.splitlines()) == 1
    assert "Traceback" in helpdesk("up", "--debug").err


def test_nobody_reading_is_no_error() -> None:
    """`helpdesk --help | head -1`: the reader goes away while there is more to say."""
    command = f"{shlex.quote(sys.executable)} -m portal ask --help | head -c 1"
    done = subprocess.run(["/bin/sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("U", "")

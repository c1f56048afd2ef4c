"""The command where no help desk runs: its words, its exit codes, its JSON."""

import io
import json
import logging
import resource
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from portal.command import main

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ("ask", "chat", "demo", "login", "logout", "status", "up")


class Command:
    """Runs the command in this process, as its entry point does."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        code = main(arguments)
        out, err = self._capsys.readouterr()
        return subprocess.CompletedProcess(arguments, code, out, err)


@pytest.fixture
def helpdesk(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield Command(capsys)
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.mark.parametrize("arguments", [(), ("--help",), *((command, "--help") for command in COMMANDS)])
def test_help_comes_with_examples(helpdesk: Command, arguments: tuple[str, ...]) -> None:
    done = helpdesk(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Examples:\n" in done.stdout
    assert "helpdesk" in done.stdout.split("Examples:\n")[1]


def test_help_lists_every_command_and_the_exit_codes(helpdesk: Command) -> None:
    out = helpdesk("--help").stdout
    for command in COMMANDS:
        assert f"\n  {command} " in out
    assert "3 not signed in" in out


def test_help_imports_nothing_that_takes_long() -> None:
    code = "import sys; from portal.command import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"httpx", "aiohttp", "a2a", "pydantic", "rich", "strands", "jwt"} & set(done.stderr.split())


def test_help_answers_at_once() -> None:
    """Half a second of processor time at most, however busy this machine is."""

    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before = spent()
    subprocess.run([sys.executable, "-m", "portal", "--help"], cwd=ROOT, capture_output=True, check=True)
    assert spent() - before < 0.5


def test_the_version_is_the_projects(helpdesk: Command) -> None:
    assert helpdesk("--version").stdout.startswith("helpdesk 0.")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("unlock",), "No such command 'unlock'"),
        (("ask", "--wrong"), "No such option"),
        (("ask",), "Say what you want to ask"),
        (("ask", "  \n "), "Say what you want to ask"),
        (("ask", "-c", "--context", "x", "hello"), "two conversations"),
        (("up", "--port-base", "0"), "--port-base"),
        (("up", "--port-base", "many"), "--port-base"),
    ],
)
def test_wrong_usage_is_2(helpdesk: Command, arguments: tuple[str, ...], words: str) -> None:
    done = helpdesk(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [("ask", "hello"), ("chat",), ("logout",), ("ask", "-c", "hello")])
def test_not_signed_in_is_3_and_says_what_to_do(helpdesk: Command, arguments: tuple[str, ...]) -> None:
    done = helpdesk(*arguments)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("helpdesk: You are not signed in: run `helpdesk login`")


@pytest.mark.parametrize("arguments", [("--json", "ask", "hello"), ("ask", "hello", "--json")])
def test_json_says_the_error_too(helpdesk: Command, arguments: tuple[str, ...]) -> None:
    done = helpdesk(*arguments)
    assert done.returncode == 3
    assert json.loads(done.stdout)["error"]["code"] == "not_signed_in"


def test_where_nothing_runs_signing_in_is_5(helpdesk: Command) -> None:
    done = helpdesk("login")
    assert done.returncode == 5
    assert "make run" in done.stderr


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
    assert done.returncode == 1
    assert words in done.stderr


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
    assert done.returncode == 5
    assert "http://127.0.0.1:9/ does not answer" in done.stderr


def test_status_says_that_nothing_runs(helpdesk: Command) -> None:
    done = helpdesk("status")
    assert done.returncode == 1
    assert "nothing runs here" in done.stdout
    assert "make run" in done.stdout
    done = helpdesk("status", "--json")
    assert json.loads(done.stdout)["ok"] is False


def test_colours_are_for_terminals(helpdesk: Command) -> None:
    assert "\x1b" not in helpdesk("status").stdout


def test_an_error_inside_is_one_line_and_whole_with_debug(
    helpdesk: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HELPDESK_VAR", str(tmp_path / "file" / "var"))
    done = helpdesk("up")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" in helpdesk("up", "--debug").stderr


def test_nobody_reading_is_no_error() -> None:
    """`helpdesk --help | head -1`: the reader goes away while there is more to say."""
    command = f"{shlex.quote(sys.executable)} -m portal ask --help | head -c 1"
    done = subprocess.run(["/bin/sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("U", "")

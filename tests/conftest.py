"""What holds for every test: nothing is skipped in CI, no packet leaves this machine, no state outlives the test."""

import ipaddress
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from structlog.stdlib import ProcessorFormatter

if TYPE_CHECKING:
    from shared.testing import PostgresServer


pytest_plugins = ["tests._distribution"]

# How long an example takes, or is looked for, says something of the machine and nothing of the code.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def _shows_nothing(stats: dict[str, list[Any]]) -> int:
    """How many tests were skipped or expected to fail: in CI they count as failures."""
    return len(stats.get("skipped", [])) + len(stats.get("xfailed", [])) if os.environ.get("CI") else 0


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Says why the run fails although no test did."""
    if count := _shows_nothing(terminalreporter.stats):
        terminalreporter.write_line(f"{count} skipped or xfailed: in CI a test that shows nothing is a failure")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails a run in which a test did not show anything."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and session.exitstatus == 0 and _shows_nothing(reporter.stats):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


class LeavesThisMachineError(AssertionError):
    """A test reached for an address that is not loopback."""


def _refuse_other_hosts(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: it sees every connection of the process, whichever library makes it."""
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        sender, address = arguments
        if sender.family in {socket.AF_INET, socket.AF_INET6} and address and not _is_local(str(address[0])):
            raise LeavesThisMachineError(f"tests stay on loopback: {address}")
    elif event == "socket.getaddrinfo" and arguments[0] not in {None, ""}:
        host = arguments[0].decode() if isinstance(arguments[0], bytes) else arguments[0]
        if not _is_local(host):
            raise LeavesThisMachineError(f"tests stay on loopback: {host}")


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


sys.addaudithook(_refuse_other_hosts)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background of a shell, where SIGINT is ignored, and so in what a test starts and interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """Who sets up the log in the tests' own process has it for that test: what it writes to is closed afterwards."""
    root = logging.getLogger()
    level = root.level
    yield
    root.setLevel(level)
    root.handlers[:] = [each for each in root.handlers if not isinstance(each.formatter, ProcessorFormatter)]


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test or its child processes keep goes to a folder of its own."""
    for name in [name for name in os.environ if name.startswith("HELPDESK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HELPDESK_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("HELPDESK_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="session")
def postgres() -> "Iterator[PostgresServer]":
    """A PostgreSQL server of this run's own."""
    from shared.testing import find_postgres, postgres_server  # noqa: PLC0415 -- most tests need none

    if find_postgres() is None:
        pytest.skip("PostgreSQL is not installed: install the package postgresql")
    with postgres_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: "PostgresServer") -> str:
    """The URL of an empty database of that server."""
    postgres.clear()
    return postgres.url

"""What tests/conftest.py promises of every run, shown on runs of their own."""

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
CONFTEST = TESTS / "conftest.py"


def run(
    directory: Path, test: str, environment: dict[str, str], processes: int = 0
) -> subprocess.CompletedProcess[str]:
    """Runs pytest on one file beside our conftest."""
    (directory / "conftest.py").write_text(CONFTEST.read_text())
    (directory / "test_it.py").write_text(test)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--numprocesses={processes}",
        "--rootdir",
        str(directory),
        str(directory),
    ]
    environment = environment | {"PYTHONPATH": str(TESTS.parent)}
    return subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("processes", [0, 2], ids=["one", "several"])
@pytest.mark.parametrize(
    "test",
    [
        "import pytest\ndef test_it(): pytest.skip('no reason')\ndef test_ok(): pass\n",
        "import pytest\n@pytest.mark.xfail\ndef test_it(): assert False\n",
    ],
    ids=["skip", "xfail"],
)
def test_in_ci_a_test_that_shows_nothing_fails_the_run(tmp_path: Path, test: str, processes: int) -> None:
    assert run(tmp_path, test, {}, processes).returncode == 0
    in_ci = run(tmp_path, test, {"CI": "true"}, processes)
    assert in_ci.returncode == 1
    assert "in CI a test that shows nothing is a failure" in in_ci.stdout


@pytest.mark.parametrize(
    "act",
    [
        "socket.create_connection(('192.0.2.1', 80), timeout=1)",
        "socket.create_connection(('example.com', 80), timeout=1)",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
    ],
    ids=["address", "name", "datagram"],
)
def test_no_packet_leaves_this_machine(tmp_path: Path, act: str) -> None:
    done = run(tmp_path, f"import socket\ndef test_it():\n    {act}\n", {})
    assert done.returncode == 1
    assert "tests stay on loopback" in done.stdout


def test_loopback_is_open(tmp_path: Path) -> None:
    test = (
        "import socket\ndef test_it():\n    with socket.create_server(('127.0.0.1', 0)) as server:\n"
        "        socket.create_connection(('localhost', server.getsockname()[1]), timeout=5).close()\n"
    )
    assert run(tmp_path, test, {}).returncode == 0

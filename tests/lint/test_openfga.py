"""`dev/openfga`, as somebody meets it who has it not, or has no Go."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A copy where nothing is built."""
    shutil.copytree(ROOT / "dev" / "go", tmp_path / "dev" / "go")
    shutil.copy(ROOT / "dev" / "openfga", tmp_path / "dev" / "openfga")
    return tmp_path


def run(root: Path, *arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | ({"PATH": path} if path else {})
    command = [str(root / "dev" / "openfga"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20, check=False)


def test_it_says_what_it_does_and_where_the_program_will_be(elsewhere: Path) -> None:
    assert "Usage: dev/openfga" in run(elsewhere, "--help").stdout
    assert run(elsewhere, "--nonsense").returncode == 2
    said = run(elsewhere, "--path")
    assert said.stdout.strip().startswith(f"{elsewhere}/.tools/openfga-v")
    assert not (elsewhere / ".tools").exists()


def test_without_go_it_says_so(elsewhere: Path, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "awk", "dirname", "basename", "cat", "cksum"):
        (tools / name).symlink_to(shutil.which(name) or name)

    done = run(elsewhere, path=str(tools))

    assert done.returncode == 1
    assert "Go is not installed" in done.stderr


def test_what_is_built_is_not_built_again(elsewhere: Path) -> None:
    program = Path(run(elsewhere, "--path").stdout.strip())
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    parts = [elsewhere / "dev/go" / name for name in ("go.mod", "go.sum", "language/main.go")]
    cksum = shutil.which("cksum") or "cksum"
    content = b"".join(part.read_bytes() for part in parts)
    state = subprocess.run([cksum], input=content, capture_output=True, check=True, timeout=20)
    program.with_name("openfga.stamp").write_bytes(state.stdout)

    assert run(elsewhere).stdout.strip() == str(program)

"""Setting up: what is locked fits each machine once, what is done is not done again, and what is missing is said."""

import os
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from dev import setup

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def locked() -> dict[str, Any]:
    """Uv as uv.lock has it."""
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    return next(package for package in packages if package["name"] == "uv")


@pytest.mark.parametrize(
    ("system", "machine", "library", "part"),
    [
        ("linux", "x86_64", "glibc", "manylinux_2_17_x86_64"),
        ("linux", "aarch64", "glibc", "manylinux_2_17_aarch64"),
        ("linux", "x86_64", "", "musllinux_1_1_x86_64"),
        ("linux", "aarch64", "", "musllinux_1_1_aarch64"),
        ("darwin", "arm64", "", "macosx_11_0_arm64"),
        ("darwin", "x86_64", "", "macosx_10_12_x86_64"),
    ],
)
def test_the_lock_holds_a_file_for_each_machine(
    locked: dict[str, Any], monkeypatch: pytest.MonkeyPatch, system: str, machine: str, library: str, part: str
) -> None:
    monkeypatch.setattr("sys.platform", system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr("platform.libc_ver", lambda: (library, ""))
    first = next(wheel for wheel in locked["wheels"] if setup.fits(wheel["url"].rsplit("/", 1)[-1]))
    assert part in first["url"]
    assert first["hash"].startswith("sha256:")


def test_a_shell_that_is_led_elsewhere_does_not_lead_us_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", "/elsewhere")
    monkeypatch.setenv("UV_PROJECT_ENVIRONMENT", "/elsewhere")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("UV_CACHE_DIR", raising=False)
    made = setup.tool_environment()
    assert made["UV_PROJECT_ENVIRONMENT"] == ".venv"
    assert not {"VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE", "UV_CACHE_DIR"} & made.keys()


@pytest.mark.parametrize("home", ["", None])
def test_without_a_home_the_cache_stays_in_the_project(monkeypatch: pytest.MonkeyPatch, home: str | None) -> None:
    monkeypatch.delenv("UV_CACHE_DIR", raising=False)
    if home is None:
        monkeypatch.delenv("HOME", raising=False)
    else:
        monkeypatch.setenv("HOME", home)
    assert setup.tool_environment()["UV_CACHE_DIR"] == str(ROOT / ".tools" / "cache")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What setting up reads, in a folder with a space in its name."""
    made = tmp_path / "a copy"
    for name in ("dev/setup", "dev/setup.py", "uv.lock", "pyproject.toml", "shared/pyproject.toml"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, made / name)
    (made / "agents" / "one").mkdir(parents=True)
    shutil.copy(ROOT / "agents" / "supervisor" / "pyproject.toml", made / "agents" / "one")
    return made


def run(copy: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "dev/setup"],
        cwd=copy,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def uv_that(copy: Path, *lines: str) -> str:
    """A PATH on which `uv` is this script."""
    script = copy / "bin" / "uv"
    script.parent.mkdir()
    script.write_text("\n".join(["#!/bin/sh", '[ "$1" = --version ] && { echo "uv 0.13.9"; exit 0; }', *lines, ""]))
    script.chmod(0o755)
    return f"{script.parent}{os.pathsep}{os.environ['PATH']}"


def test_what_is_set_up_is_not_set_up_again(copy: Path) -> None:
    path = uv_that(copy, 'echo "$@" >>calls', "mkdir -p .venv/bin", "ln -sf /bin/true .venv/bin/python")
    first, second = run(copy, PATH=path), run(copy, PATH=path)
    assert "Setting up" in first.stderr
    assert (second.returncode, second.stderr) == (0, "")
    calls = (copy / "calls").read_text().splitlines()
    assert len(calls) == 1
    assert "sync" in calls[0]
    assert "--locked" in calls[0]
    (copy / "agents" / "one" / "pyproject.toml").write_text('[project]\nname = "changed"\n')
    assert run(copy, PATH=path).returncode == 0
    assert len((copy / "calls").read_text().splitlines()) == 2


def test_several_at_the_same_time_set_up_once(copy: Path) -> None:
    path = uv_that(copy, 'echo "$@" >>calls', "mkdir -p .venv/bin", "ln -sf /bin/true .venv/bin/python")
    environment = {"PATH": path}
    running = [subprocess.Popen(["/bin/sh", "dev/setup"], cwd=copy, env=environment) for _ in range(4)]
    assert [process.wait(30) for process in running] == [0, 0, 0, 0]
    assert len((copy / "calls").read_text().splitlines()) == 1


def test_what_could_not_be_set_up_is_tried_again(copy: Path) -> None:
    path = uv_that(copy, "echo 'no network' >&2", "exit 2")
    for _ in range(2):
        done = run(copy, PATH=path)
        assert done.returncode == 1
        assert "no network" in done.stderr
        assert "try again" in done.stderr


def test_a_python_that_is_too_old_is_named(copy: Path) -> None:
    old = copy / "old-python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = run(copy, PYTHON=str(old))
    assert done.returncode == 1
    assert f"PYTHON={old} is not a Python 3.11 or later" in done.stderr


def test_no_python_at_all_says_what_to_install(copy: Path) -> None:
    tools = copy / "tools"
    tools.mkdir()
    for name in ("cat", "cksum", "dirname", "sh"):
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    done = run(copy, PATH=str(tools))
    assert done.returncode == 1
    assert "apt-get install python3" in done.stderr

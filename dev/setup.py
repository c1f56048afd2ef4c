"""Finds or fetches uv, then makes `.venv` what `uv.lock` says. Standard library only; called by `dev/setup`.

uv comes, in this order, from PATH, from `.tools` (an earlier run), from PyPI as the very file that is locked,
or, where that cannot be reached (a mirror, a certificate that only pip knows of), by pip, in an environment of its
own or alone. Its version and the hashes of its files stand in `uv.lock` (group `bootstrap`) and are checked each way.
"""

import contextlib
import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
import tomllib
import urllib.request
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
STAMP = ROOT / ".venv" / "setup.stamp"
OLDEST_UV = (0, 9, 0)
"""The oldest uv on PATH that is used: it reads our lock file's revision and knows every option used below."""


def main(state: str, wanted_python: str) -> None:
    """Sets up, one process at a time.

    Args:
        state: A checksum of the lock file and of each pyproject.toml.
        wanted_python: What `PYTHON` names, or an empty string.
    """
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = f"{state}\n{wanted_python}\n"
        if STAMP.is_file() and STAMP.read_text() == stamp:  # another process did it while this one waited
            return
        STAMP.unlink(missing_ok=True)
        begun = time.monotonic()
        _say("Setting up (once, and again when uv.lock changes) ...")
        environment = tool_environment()
        _sync(_uv(environment), environment)
        STAMP.write_text(stamp)
        _say(f"Set up in {time.monotonic() - begun:.0f} s.")


def _sync(uv: Path, environment: dict[str, str]) -> None:
    # An activated environment's Python is a link into another installation: that one outlives the environment.
    python = getattr(sys, "_base_executable", None) or sys.executable
    done = subprocess.run(
        [uv, "sync", "--quiet", "--locked", "--no-progress", "--python", python], cwd=ROOT, env=environment, check=False
    )
    if done.returncode != 0:
        raise SystemExit(
            "The locked environment could not be made (uv's own words are above): "
            "mend that (a network that reaches PyPI is needed), then try again."
        )


def tool_environment() -> dict[str, str]:
    """The environment that pip and uv run in: the caller's, without what would lead them elsewhere."""
    misleading = {"PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONPATH", "UV_NO_SYNC", "UV_PYTHON", "VIRTUAL_ENV"}
    environment = {name: value for name, value in os.environ.items() if name not in misleading}
    environment |= {"UV_PROJECT_ENVIRONMENT": ".venv", "UV_PYTHON_DOWNLOADS": "never"}
    home = environment.get("HOME")
    if "UV_CACHE_DIR" not in environment and not (home and os.access(home, os.W_OK)):
        environment["UV_CACHE_DIR"] = str(TOOLS / "cache")
    return environment


def _uv(environment: dict[str, str]) -> Path:
    found = shutil.which("uv")
    if found and (version := _version(found)) and version >= OLDEST_UV:
        return Path(found)
    locked = next(
        package for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"] if package["name"] == "uv"
    )
    directory = TOOLS / f"uv-{locked['version']}"
    uv = directory / "bin" / "uv"
    if uv.is_file() and _version(uv):
        return uv
    _say(f"Fetching uv {locked['version']} ...")
    problems = []
    for fetch in (_by_download, _by_pip_in_an_environment, _by_pip_alone):
        shutil.rmtree(directory, ignore_errors=True)
        try:
            fetch(directory, locked, environment)
        except (OSError, subprocess.SubprocessError, LookupError) as error:
            problems.append(f"  {fetch.__name__.strip('_').replace('_', ' ')}: {_last_line(error)}")
            continue
        if _version(uv):
            return uv
        problems.append(f"  {fetch.__name__.strip('_').replace('_', ' ')}: what came does not run here")
    raise SystemExit(
        "uv could not be fetched from PyPI:\n"
        + "\n".join(problems)
        + "\nMend the network, or install uv yourself (https://docs.astral.sh/uv/) and try again."
    )


def _by_download(directory: Path, locked: dict[str, Any], _: dict[str, str]) -> None:
    wheel = next(wheel for wheel in locked["wheels"] if fits(wheel["url"].rsplit("/", 1)[-1]))
    with urllib.request.urlopen(wheel["url"], timeout=120) as answer:  # noqa: S310 -- an https URL of our own lock file
        content = answer.read()
    if f"sha256:{hashlib.sha256(content).hexdigest()}" != wheel["hash"]:
        raise OSError("the file that came is not the one in uv.lock")
    directory.mkdir(parents=True)
    archive = directory / "uv.whl"
    archive.write_bytes(content)
    with zipfile.ZipFile(archive) as files:
        member = next(name for name in files.namelist() if name.endswith(".data/scripts/uv"))
        (directory / "bin").mkdir()
        (directory / "bin" / "uv").write_bytes(files.read(member))
    (directory / "bin" / "uv").chmod(0o755)
    archive.unlink()


def _by_pip_in_an_environment(directory: Path, locked: dict[str, Any], environment: dict[str, str]) -> None:
    _run([sys.executable, "-I", "-m", "venv", directory], environment)
    with _requirements(locked) as requirements:
        _run([directory / "bin" / "python", "-I", "-m", "pip", "install", *_PIP, "-r", requirements], environment)


def _by_pip_alone(directory: Path, locked: dict[str, Any], environment: dict[str, str]) -> None:
    with _requirements(locked) as requirements:
        _run(
            [sys.executable, "-I", "-m", "pip", "install", *_PIP, "--target", directory, "-r", requirements],
            environment,
        )


_PIP = ("--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "--require-hashes")


@contextlib.contextmanager
def _requirements(locked: dict[str, Any]) -> Iterator[Path]:
    """A requirements file that names uv by version and by the hash of each of its wheels."""
    path = TOOLS / "uv-requirements.txt"
    hashes = " ".join(f"--hash={wheel['hash']}" for wheel in locked["wheels"])
    path.write_text(f"uv=={locked['version']} {hashes}\n")
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def fits(wheel: str) -> bool:
    """Whether a wheel of uv is for this operating system, processor and C library."""
    machine = platform.machine().lower()
    if sys.platform == "darwin":
        return "macosx" in wheel and ("arm64" if machine == "arm64" else "x86_64") in wheel
    library = "manylinux" if platform.libc_ver()[0] == "glibc" else "musllinux"
    return library in wheel and f"_{machine}." in wheel


def _run(command: Sequence[str | Path], environment: dict[str, str]) -> None:
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True, timeout=600)


def _version(uv: str | Path) -> tuple[int, ...] | None:
    """The version that this uv reports; None where it does not run."""
    try:
        said = subprocess.run([uv, "--version"], capture_output=True, text=True, timeout=60, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", said)
    return tuple(int(number) for number in found.groups()) if found else None


def _last_line(error: Exception) -> str:
    said = getattr(error, "stderr", None) or getattr(error, "stdout", None) or str(error)
    lines = [line.strip() for line in str(said).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

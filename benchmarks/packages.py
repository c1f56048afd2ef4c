"""The packages that one of the servers needs and nothing of ours may have: the SDK's SQL store stands on SQLAlchemy.

a2a-sdk imports SQLAlchemy wherever it finds it, which would make each agent larger and slower to start. So the locked
group `bench` goes into a folder of its own, which only that server is given.
"""

import shutil
import subprocess
from pathlib import Path
from typing import Final

from benchmarks.processes import ROOT

FOLDER: Final = ROOT / ".tools" / "bench"
_LOCK: Final = ROOT / "uv.lock"


def install() -> Path:
    """Makes the folder, if it is not there or older than the lock file, and names it."""
    stamp = FOLDER / "installed"
    if not stamp.exists() or stamp.stat().st_mtime < _LOCK.stat().st_mtime:
        uv = find_uv()
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        requirements = FOLDER / "requirements.txt"
        export = [uv, "export", "--quiet", "--frozen", "--only-group", "bench", "--no-hashes", "-o", str(requirements)]
        subprocess.run(export, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 -- uv
        install_ = [uv, "pip", "install", "--quiet", "--no-deps", "--target", str(FOLDER), "-r", str(requirements)]
        subprocess.run(install_, cwd=ROOT, check=True)  # noqa: S603 -- uv
        stamp.touch()
    return FOLDER


def find_uv() -> str:
    """uv, from PATH or from where `dev/setup` put it."""
    found = shutil.which("uv") or next((str(path) for path in sorted(ROOT.glob(".tools/uv-*/bin/uv"))), None)
    if found is None:
        raise SystemExit("uv was not found: run `make bench`, which fetches it.")
    return found

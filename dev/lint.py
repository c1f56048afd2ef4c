"""Runs every check of `make lint`, all of them even where one fails, and says which did."""

import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path

CHECKS = {
    "format": ["-m", "ruff", "format", "--check", "--quiet"],
    "style": ["-m", "ruff", "check", "--quiet"],
    "imports": ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command(['--no-logo'])"],
    "rules": ["-m", "dev.rules"],
}


def main() -> int:
    """Runs the checks; 1 where any failed."""
    failed = []
    for name, command in (CHECKS | {"spelling": _spelling()}).items():
        begun = time.monotonic()
        done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
        sys.stdout.write(f"{name:9} {'ok' if done.returncode == 0 else 'FAILED':7} {time.monotonic() - begun:4.1f} s\n")
        if done.returncode != 0:
            failed.append(name)
            sys.stdout.write(f"{done.stdout}{done.stderr}\n")
        sys.stdout.flush()
    if failed:
        sys.stdout.write(f"Failed: {', '.join(failed)}. `make format` mends format and some of style.\n")
    return 1 if failed else 0


def _spelling() -> list[str]:
    """The command of the spelling check, which knows English: articles in other languages say that they are."""
    articles = Path("agents/docs_search/articles").glob("*.md")
    foreign = [
        f"./{path}" for path in articles if re.search(r"^language: (?!en\b)", path.read_text("utf-8"), re.MULTILINE)
    ]
    return ["-m", "codespell_lib", "--skip", ",".join([*_skipped(), *foreign])]


def _skipped() -> list[str]:
    skip: str = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["tool"]["codespell"]["skip"]
    return skip.split(",")


if __name__ == "__main__":
    sys.exit(main())

"""Runs the command: in this process, which is quicker, or in one of its own, as people do."""

import contextlib
import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from portal.command import main

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """What it wrote with --json."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class Command:
    """The command in a world of its own.

    Attributes:
        state: What the parts keep.
        home: Who is signed in.
    """

    state: Path
    home: Path

    def __call__(self, *arguments: str, stdin: str = "") -> Done:
        """Runs it in this process, through its entry point."""
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, _logging_put_back():
            patch.setenv("HELPDESK_VAR", str(self.state))
            patch.setenv("HELPDESK_HOME", str(self.home))
            patch.setattr(sys, "stdin", io.StringIO(stdin))
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = main(arguments)
        return Done(code, out.getvalue(), err.getvalue())

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts it as a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "portal", *arguments],
            cwd=ROOT,
            env={**os.environ, "HELPDESK_VAR": str(self.state), "HELPDESK_HOME": str(self.home)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def password(self, login: str) -> str:
        """The password that the tenant made for an example person."""
        return str(json.loads((self.state / "tenant" / "users.json").read_text())[login])

    def passkey(self, login: str) -> str:
        """What the directory takes for an example person's passkey."""
        return str(json.loads((self.state / "directory" / "users.json").read_text())[login])


def until(process: subprocess.Popen[str], event: str) -> dict[str, Any]:
    """Reads the JSON lines of a started command up to the first of a kind."""
    assert process.stdout is not None
    assert process.stderr is not None
    for line in process.stdout:
        found: dict[str, Any] = json.loads(line)
        if found.get("event") == event:
            return found
    raise AssertionError(f"no {event}: {process.stderr.read()}")


@contextlib.contextmanager
def _logging_put_back() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    try:
        yield
    finally:
        root.handlers, root.level = handlers, level

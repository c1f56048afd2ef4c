"""A person at a terminal: a command in a process of its own, whose screen is read and whose keyboard is used."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
AGAIN_SECONDS = 10.0


class Terminal:
    """A running command on a terminal; used with `with`.

    Args:
        environment: What the command's process has beside this one's.
        arguments: Those of the command.
    """

    def __init__(self, environment: dict[str, str], *arguments: str) -> None:
        self._side, other = pty.openpty()
        self.screen = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "portal", *arguments],
            cwd=ROOT,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "100", **environment},
            stdin=other,
            stdout=other,
            stderr=other,
            start_new_session=True,
        )
        os.close(other)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._side)

    def until(self, words: str) -> str:
        """Reads on until these words are on the screen; all that was read for it."""
        begun = len(self.screen)
        while words not in self.screen[begun:]:
            read = self._read()
            assert read, f"no {words!r} on the screen: {self.screen[begun:]}"
        return self.screen[begun:]

    def type(self, words: str) -> None:
        """Types words, and Enter."""
        os.write(self._side, f"{words}\n".encode())

    def end(self) -> tuple[int, str]:
        """Reads on until the command has ended: its exit code, and what it said meanwhile."""
        begun = len(self.screen)
        while self._read():
            pass
        return self.process.wait(), self.screen[begun:]

    def interrupt(self) -> tuple[int, str]:
        """Presses Ctrl-C, and does what `end` does.

        It is pressed again where nothing comes of it, as a person would: a signal that comes between a question and the
        reading of its answer is not seen by Python before something is typed.
        """
        self.process.send_signal(signal.SIGINT)
        while not select.select([self._side], [], [], AGAIN_SECONDS)[0]:
            self.process.send_signal(signal.SIGINT)
        return self.end()

    def _read(self) -> str:
        try:
            read = os.read(self._side, 65536).decode()
        except OSError:  # the other side has been closed
            return ""
        self.screen += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", read)
        return read

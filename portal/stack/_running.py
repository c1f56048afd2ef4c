"""What is known of the local world that runs now: written by `helpdesk up`, read by every other command.

The lock says whether it runs; the file, which may be older, says where.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from portal._environment import state_directory


@dataclass(frozen=True, slots=True)
class RunningPart:
    """A part that was started: what it does, where it listens, where its health is asked, its process and log."""

    name: str
    about: str
    url: str
    health: str
    pid: int
    log: str


@dataclass(frozen=True, slots=True)
class Running:
    """A local world that runs.

    Attributes:
        pid: The process of `helpdesk up`.
        issuer: The issuer of all tokens.
        audience: The supervisor's API identifier.
        client_id: The command line's client.
        url: Where the supervisor listens.
        people: The file of the example people's passwords.
        parts: What runs.
    """

    pid: int
    issuer: str
    audience: str
    client_id: str
    url: str
    people: str
    parts: tuple[RunningPart, ...]

    @property
    def web(self) -> str:
        """Where the web chat is."""
        return self.part_url("web")

    def part_url(self, name: str) -> str:
        """Where a part listens."""
        return next(part.url for part in self.parts if part.name == name)


def running(state: Path | None = None) -> Running | None:
    """The local world that runs now, if one does."""
    folder = (state or state_directory()) / "run"
    try:
        with (folder / "up.lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return _read(folder / "stack.json")
    return None


@contextlib.contextmanager
def only_one(state: Path) -> Iterator[bool]:
    """Holds the lock while a local world runs; false where another process holds it."""
    folder = state / "run"
    for made in (state, folder):
        made.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(folder / "up.lock", os.O_WRONLY | os.O_CREAT, 0o600), "wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        try:
            yield True
        finally:
            (folder / "stack.json").unlink(missing_ok=True)


def describe(state: Path, what: Running) -> None:
    """Writes down what runs; whoever holds the lock does."""
    path = state / "run" / "stack.json"
    part = path.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(asdict(what), file, indent=1)
    part.replace(path)


def _read(path: Path) -> Running | None:
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        return None  # it is only starting
    return Running(**found | {"parts": tuple(RunningPart(**part) for part in found["parts"])})

"""Private files: made whole or not at all, readable by their owner only."""

import os
from collections.abc import Callable
from pathlib import Path


def private_folder(path: Path) -> Path:
    """Makes a folder that only its owner can enter."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def write_private(path: Path, text: str) -> None:
    """Writes a file that only its owner can read; a crash leaves the old one or the new one."""
    private_folder(path.parent)
    temporary = path.with_name(f"{path.name}.new")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123 -- the mode must hold from the first byte
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def keep_private(path: Path, text: str) -> None:
    """Writes a private file, unless it says the same already."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write_private(path, text)


def read_or_write(path: Path, make_text: Callable[[], str]) -> str:
    """What the file holds; it is made the first time."""
    if not path.exists():
        write_private(path, f"{make_text().strip()}\n")
    return path.read_text(encoding="utf-8").strip()

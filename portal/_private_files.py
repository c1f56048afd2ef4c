"""Files with secrets, one for each profile: their owner's alone, and written whole."""

import os
import re
from pathlib import Path

from shared.errors import ConfigurationError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


def private_file(folder: Path, profile: str) -> Path:
    """A profile's file in a folder.

    Raises:
        ConfigurationError: the profile's name is none.
    """
    if not _NAME.fullmatch(profile):
        raise ConfigurationError(
            "A profile's name is up to 64 letters, digits and . _ @ -, and starts with a letter or a digit."
        )
    return folder / f"{profile}.json"


def write_private(path: Path, text: str) -> None:
    """Writes a file so that a reader sees the old text or the new one."""
    part = path.with_suffix(f".{os.getpid()}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)

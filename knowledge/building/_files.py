"""The files of a knowledge base's folder: which are read, and that nothing outside it is."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from knowledge._errors import DocumentUnreadable
from knowledge._model import Unreadable
from knowledge.building._readers import READERS

_OTHER_DOCUMENTS: Final = frozenset(
    {
        ".adoc",
        ".doc",
        ".docx",
        ".epub",
        ".odp",
        ".ods",
        ".odt",
        ".one",
        ".ppt",
        ".pptx",
        ".rst",
        ".rtf",
        ".xls",
        ".xlsx",
    }
)
"""Whoever keeps these in the folder may think that they are searched, and is told that they are not."""


@dataclass(frozen=True, slots=True)
class Files:
    """What a folder holds.

    Attributes:
        documents: The files that can be read, by their paths below the folder, in order.
        unreadable: Documents of other kinds, and folders that cannot be entered.
        others: How many other files there are: pictures, style sheets.
    """

    documents: Sequence[str]
    unreadable: Sequence[Unreadable]
    others: int


def find_files(folder: Path) -> Files:
    """Looks through a folder and its subfolders; what is hidden, and links to folders, are passed over."""
    documents: list[str] = []
    unreadable: list[Unreadable] = []
    others = 0

    def note(error: OSError) -> None:
        name = os.path.relpath(str(error.filename), folder)
        unreadable.append(Unreadable(printable(name), f"it cannot be opened ({error.strerror})"))

    for root, folders, names in os.walk(folder, onerror=note):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for file in (name for name in names if not name.startswith(".")):
            path = (Path(root) / file).relative_to(folder).as_posix()
            suffix = suffix_of(file)
            if suffix in _OTHER_DOCUMENTS:
                reason = f"it is a {suffix} file: save it as Markdown, HTML, text or PDF"
                unreadable.append(Unreadable(printable(path), reason))
            elif suffix not in READERS:
                others += 1
            elif path != printable(path):
                unreadable.append(Unreadable(printable(path), "its name is not UTF-8 text"))
            else:
                documents.append(path)
    return Files(sorted(documents), unreadable, others)


def read_file(folder: Path, name: str, most_bytes: int) -> bytes:
    """A file's content.

    Raises:
        DocumentUnreadable: It cannot be opened, is none of this folder, or is too large.
    """
    file = folder / name
    try:
        if file.is_symlink() and not file.resolve().is_relative_to(folder.resolve()):
            raise DocumentUnreadable("it is a link that leads out of the folder")
        # Not blocking: a named pipe would otherwise be waited for, for ever.
        with os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                raise DocumentUnreadable("it is not a regular file")
            content = opened.read(most_bytes + 1)
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
        raise DocumentUnreadable(f"it cannot be opened ({getattr(error, 'strerror', None) or error})") from error
    if len(content) > most_bytes:
        raise DocumentUnreadable(f"it is larger than {most_bytes // 1024 // 1024} MB")
    return content


def suffix_of(name: str) -> str:
    """The suffix of a file's name, in lower case."""
    return PurePosixPath(name).suffix.lower()


def printable(name: str) -> str:
    """A path as text: bytes that are not UTF-8, and line ends, are shown as escapes."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)

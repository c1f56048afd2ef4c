"""From a folder of documents to an index file.

A build reads only what has changed since the index that is there (by content), and writes a whole new file beside it
that then takes its place: readers of the old one are not disturbed, and the same folder always gives the same bytes.
"""

import contextlib
import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from knowledge._errors import DocumentUnreadable, IndexUnusable
from knowledge._model import Article, BuildReport, Unreadable
from knowledge._open import connect_read_only
from knowledge._storage import FORMAT, Stream, read_article
from knowledge._words import Word
from knowledge.building._documents import Collection, Document
from knowledge.building._invert import write_index
from knowledge.building._markdown import Defaults, parse_markdown

Reader = Callable[..., Article]
"""`reader(text, *, stem, defaults) -> Article`; raises `DocumentUnreadable`."""

READERS: Final[Mapping[str, Reader]] = {".md": parse_markdown, ".markdown": parse_markdown, ".txt": parse_markdown}

MAX_BYTES: Final = 4 * 1024 * 1024


def build_index(
    folder: Path,
    path: Path,
    *,
    defaults: Defaults | None = None,
    readers: Mapping[str, Reader] = READERS,
    progress: Callable[[int, int], None] | None = None,
) -> BuildReport:
    """Makes the index of a folder, or brings it up to date.

    Args:
        folder: Searched with its subfolders; hidden files are passed over.
        path: The index file; its folder is made if it is missing.
        defaults: What holds where a document's front matter is silent.
        readers: By file suffix, lower case.
        progress: Called with (files done, files in all).

    Raises:
        NotADirectoryError: `folder` is none.
        OSError: The index cannot be written.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder")
    defaults = defaults or Defaults()
    former = _former(path)
    collection = Collection()
    unreadable: list[Unreadable] = []
    parsed = 0
    files = sorted(_files(folder, readers))
    for done, name in enumerate(files, 1):
        try:
            digest, text = _read(folder, name, defaults)
            if (document := former.get(name, digest)) is None:
                article = readers[Path(name).suffix.lower()](text, stem=Path(name).stem, defaults=defaults)
                document = Document.of(article, name, digest)
                parsed += 1
            collection.add(document)
        except DocumentUnreadable as error:
            unreadable.append(Unreadable(name, str(error)))
        if progress is not None:
            progress(done, len(files))
    kept = collection.digests()
    written = kept != former.digests or not former.exists
    if written:
        _replace(path, collection)
    return BuildReport(
        articles=len(kept),
        parsed=parsed,
        removed=len(former.digests.keys() - kept.keys()),
        written=written,
        unreadable=tuple(unreadable),
    )


class _Former:
    """The index that was there, if any that this version can read."""

    def __init__(self, connection: sqlite3.Connection | None) -> None:
        self.exists = connection is not None
        self.digests: dict[str, bytes] = {}
        self._documents: dict[str, tuple[str, str, bytes, bytes]] = {}
        self._words: list[Word] = []
        if connection is None:
            return
        rows = connection.execute(
            "SELECT surface, terms.term FROM words JOIN terms ON terms.id = words.term ORDER BY words.id"
        )
        self._words = [Word(*row) for row in rows]
        rows = connection.execute(
            "SELECT path, digest, slug, about, sections, words FROM articles JOIN streams USING (id)"
        )
        for path, digest, slug, about, sections, words in rows:
            self.digests[path] = digest
            self._documents[path] = slug, about, sections, words

    def get(self, path: str, digest: bytes) -> Document | None:
        """The document as it was indexed, if its content is the same."""
        if self.digests.get(path) != digest:
            return None
        slug, about, sections, words = self._documents[path]
        return Document.carried_over(
            path, digest, read_article(slug, about), sections=sections, stream=Stream.unpack(words), words=self._words
        )


def _former(path: Path) -> _Former:
    try:
        with contextlib.closing(connect_read_only(path)) as connection:
            return _Former(connection)
    except (IndexUnusable, sqlite3.Error):
        return _Former(None)


def _files(folder: Path, readers: Mapping[str, Reader]) -> Iterator[str]:
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith(".") and Path(name).suffix.lower() in readers:
                yield (Path(root) / name).relative_to(folder).as_posix()


def _read(folder: Path, name: str, defaults: Defaults) -> tuple[bytes, str]:
    file = folder / name
    if file.is_symlink() and not file.resolve().is_relative_to(folder.resolve()):
        raise DocumentUnreadable("it is a link that leads out of the folder")
    try:
        if file.stat().st_size > MAX_BYTES:
            raise DocumentUnreadable(f"it is larger than {MAX_BYTES // 1024 // 1024} MB")
        content = file.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise DocumentUnreadable(f"it cannot be opened ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise DocumentUnreadable("it is not UTF-8 text") from error
    digest = hashlib.blake2b(content, digest_size=16, key=f"{FORMAT} {defaults}".encode()[:64]).digest()
    return digest, text


def _replace(path: Path, collection: Collection) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    os.close(handle)
    try:
        write_index(Path(name), collection)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

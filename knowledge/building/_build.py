"""From a folder of documents to an index file.

A build reads only what has changed since the index that is there (by content), and writes a whole new file beside it
that then takes its place: readers of the old one are not disturbed, and the same folder always gives the same bytes.
"""

import contextlib
import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Self

from knowledge._embeddings import Embedder
from knowledge._errors import DocumentUnreadable, IndexUnusable
from knowledge._model import Article, BuildReport, Unreadable
from knowledge._open import connect_read_only
from knowledge._storage import FORMAT, Stream, read_article
from knowledge._words import Word
from knowledge.building._apart import SECONDS, Apart
from knowledge.building._documents import Collection, Document
from knowledge.building._embedding import Embedding
from knowledge.building._files import find_files, printable, read_file, suffix_of
from knowledge.building._front import Defaults
from knowledge.building._invert import write_index
from knowledge.building._readers import READERS


def build_index(
    folder: Path,
    path: Path,
    *,
    defaults: Defaults | None = None,
    progress: Callable[[int, int], None] | None = None,
    seconds_apart: float = SECONDS,
    embedder: Embedder | None = None,
) -> BuildReport:
    """Makes the index of a folder, or brings it up to date.

    Args:
        folder: Searched with its subfolders; hidden files are passed over.
        path: The index file; its folder is made if it is missing.
        defaults: What holds where a document does not say.
        progress: Called with (files done, files in all).
        seconds_apart: How long one HTML or PDF file may take; they are read in a process of their own.
        embedder: A model that makes vectors of the articles; those of another that the index has are not kept. Where
            it fails, the index is made without the rest of them.

    Raises:
        NotADirectoryError: `folder` is none.
        OSError: The index cannot be written.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder")
    files = find_files(folder)
    embedding = Embedding(embedder)
    former = _former(path, embedding.name)
    collection = Collection()
    unreadable = list(files.unreadable)
    parsed = 0
    with _Reading(folder, defaults or Defaults(), seconds_apart) as reading:
        for done, name in enumerate(files.documents, 1):
            try:
                content, digest = reading.content(name)
                if (document := former.get(name, digest)) is None:
                    document = Document.of(reading.article(name, content), name, digest)
                    parsed += 1
                collection.add(embedding.complete(document))
            except DocumentUnreadable as error:
                unreadable.append(Unreadable(printable(name), str(error)))
            if progress is not None:
                progress(done, len(files.documents))
    kept = collection.digests()
    written = kept != former.digests or not former.exists or embedding.has_changed(former.embeddings)
    if written:
        _replace(path, collection, embedding.name)
    return BuildReport(
        articles=len(kept),
        parsed=parsed,
        removed=len(former.digests.keys() - kept.keys()),
        written=written,
        unreadable=tuple(sorted(unreadable, key=lambda file: file.path)),
        others=files.others,
        embedded=embedding.embedded,
        embedding_problem=embedding.problem,
    )


class _Reading:
    """Reads the files of a folder, each as its kind is read."""

    def __init__(self, folder: Path, defaults: Defaults, seconds_apart: float) -> None:
        self._folder = folder
        self._defaults = defaults
        self._key = f"{FORMAT} {defaults}".encode()[:64]
        self._apart = Apart(seconds_apart)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._apart.__exit__()

    def content(self, name: str) -> tuple[bytes, bytes]:
        """A file's content, and its digest."""
        content = read_file(self._folder, name, READERS[suffix_of(name)].most_bytes)
        return content, hashlib.blake2b(content, digest_size=16, key=self._key).digest()

    def article(self, name: str, content: bytes) -> Article:
        """What a file holds."""
        reader = READERS[suffix_of(name)]
        if reader.is_apart:
            return self._apart.read(suffix_of(name), content, path=name, defaults=self._defaults)
        return reader.read(content, name, self._defaults)


class _Former:
    """The index that was there, if any that this version can read."""

    def __init__(self, connection: sqlite3.Connection | None, embeddings: str = "") -> None:
        self.exists = connection is not None
        self.embeddings = ""
        self.digests: dict[str, bytes] = {}
        self._documents: dict[str, tuple[str, str, bytes, bytes, bytes]] = {}
        self._words: list[Word] = []
        if connection is None:
            return
        rows = connection.execute(
            "SELECT surface, terms.term FROM words JOIN terms ON terms.id = words.term ORDER BY words.id"
        )
        self._words = [Word(*row) for row in rows]
        rows = connection.execute(
            "SELECT path, digest, slug, about, sections, words, packed FROM articles JOIN streams USING (id)"
            " LEFT JOIN vectors USING (id)"
        )
        ((self.embeddings,),) = connection.execute("SELECT value FROM meta WHERE name = 'embeddings'")
        for path, digest, slug, about, sections, words, vectors in rows:
            self.digests[path] = digest
            kept = vectors or b"" if self.embeddings == embeddings else b""
            self._documents[path] = slug, about, sections, words, kept

    def get(self, path: str, digest: bytes) -> Document | None:
        """The document as it was indexed, if its content is the same."""
        if self.digests.get(path) != digest:
            return None
        slug, about, sections, words, vectors = self._documents[path]
        article, stream = read_article(slug, about), Stream.unpack(words)
        return Document.carried_over(
            path, digest, article, sections=sections, stream=stream, words=self._words, vectors=vectors
        )


def _former(path: Path, embeddings: str) -> _Former:
    try:
        with contextlib.closing(connect_read_only(path)) as connection:
            return _Former(connection, embeddings)
    except (IndexUnusable, sqlite3.Error, ValueError):
        return _Former(None)


def _replace(path: Path, collection: Collection, embeddings: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    os.close(handle)
    try:
        write_index(Path(name), collection, embeddings)
        Path(name).replace(path)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, sqlite3.Error):
            raise OSError(f"the index cannot be written ({error})") from error
        raise

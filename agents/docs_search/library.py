"""The knowledge base as the tools see it."""

import asyncio
import functools
import sqlite3
from pathlib import Path
from typing import Protocol, Self, TypeVar

from knowledge import Article, Filters, IndexUnusable, KnowledgeIndex, SearchResult
from knowledge.building import build_index
from shared.errors import ConfigurationError, UpstreamUnavailable
from shared.telemetry import get_logger

_log = get_logger()
_T = TypeVar("_T")

PART = "knowledge base"


class Library(Protocol):
    """What the tools need of a knowledge base, wherever it is.

    All methods raise `UpstreamUnavailable` where it cannot be reached, and return only what `filters` lets through.
    """

    async def search(self, question: str, *, filters: Filters) -> SearchResult:
        """The articles that fit, best first; none where nothing does."""
        ...

    async def article(self, slug: str, *, filters: Filters) -> Article | None:
        """One article, or None."""
        ...

    async def recent(self, *, filters: Filters, limit: int) -> list[Article]:
        """The articles updated last, newest first."""
        ...


class LocalLibrary:
    """A knowledge base whose index is a file here; searched in threads, so that nobody waits for anybody's search."""

    def __init__(self, index: KnowledgeIndex) -> None:
        self._index = index

    @classmethod
    def open(cls, folder: Path, index: Path) -> Self:
        """Brings the index up to date with the folder, and opens it.

        Raises:
            ConfigurationError: The folder cannot be read, or the index cannot be written or holds no article.
        """
        try:
            report = build_index(folder, index)
            opened = KnowledgeIndex(index)
        except (OSError, sqlite3.Error, IndexUnusable) as error:
            raise ConfigurationError(
                f"KNOWLEDGE_INDEX cannot be made from KNOWLEDGE_FOLDER ({error}): "
                "let the process read the one and write the other."
            ) from error
        for file in report.unreadable:
            _log.warning("article_unreadable", path=file.path, reason=file.reason)
        if not report.articles:
            opened.close()
            raise ConfigurationError("KNOWLEDGE_FOLDER holds no article that can be read: put Markdown files there.")
        _log.info("knowledge_base_opened", articles=report.articles, parsed=report.parsed, written=report.written)
        return cls(opened)

    async def search(self, question: str, *, filters: Filters) -> SearchResult:
        """The articles that fit, best first; none where nothing does."""
        return await _in_thread(functools.partial(self._index.search, question, filters=filters))

    async def article(self, slug: str, *, filters: Filters) -> Article | None:
        """One article, or None."""
        return await _in_thread(functools.partial(self._index.article, slug, filters=filters))

    async def recent(self, *, filters: Filters, limit: int) -> list[Article]:
        """The articles updated last, newest first."""
        return await _in_thread(functools.partial(self._index.recent, filters=filters, limit=limit))

    async def aclose(self) -> None:
        """Lets go of the index."""
        self._index.close()


async def _in_thread(work: "functools.partial[_T]") -> _T:
    try:
        return await asyncio.to_thread(work)
    except IndexUnusable as error:
        raise UpstreamUnavailable(PART, detail=str(error)) from error

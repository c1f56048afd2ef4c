"""The index, open for questions."""

import contextlib
import json
import os
import sqlite3
import threading
from array import array
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from knowledge._confidence import confidence
from knowledge._embeddings import Embedder, Questions, in_fused_order, likeness
from knowledge._errors import IndexUnusable
from knowledge._lexicon import Lexicon
from knowledge._model import Article, Filters, Hit, SearchResult
from knowledge._open import connect_read_only
from knowledge._question import Question, read_question
from knowledge._quote import best_passage
from knowledge._rank import Matches, Scored, Scorer, find_candidates
from knowledge._storage import read_article, read_numbers
from knowledge._synonyms import Synonyms
from knowledge._words import fold, searchable, split_words

FITS: Final = 0.5
"""The least confidence with which an article counts as fitting; calibrated on the development questions."""

MAX_QUESTION: Final = 2000
"""Characters of a question that are read."""

_ALSO: Final = 0.2
"""Where an article fits, others are worth naming with this share of the confidence that is asked for."""

_DOUBTFUL: Final = 0.2
"""The share of its score that an article keeps where it is quite uncertain that it fits."""

_OTHER_LANGUAGE: Final = 0.7
_MASKS: Final = 32


class KnowledgeIndex:
    """An index file, searched by any number of threads at once.

    A file that a build has put in its place meanwhile is taken up with the next call.
    """

    def __init__(self, path: Path, *, embedder: Embedder | None = None) -> None:
        """Opens the index.

        Args:
            path: The file.
            embedder: The model that made the index's vectors, to put what was found in a better order. Where the index
                has those of another or none, or the model is away, the order is that of the words.

        Raises:
            IndexUnusable: There is none, it is damaged, or another version wrote it.
        """
        self._path = path
        self._lock = threading.Lock()
        self._closed = False
        self._questions = Questions(embedder) if embedder is not None else None
        self._edition = _Edition(path)

    def search(
        self, question: str, *, filters: Filters | None = None, limit: int = 5, least: float = FITS
    ) -> SearchResult:
        """The articles that fit a question, best first, each with its best passage; none where nothing fits.

        Args:
            question: In plain words; what is longer than `MAX_QUESTION` characters is cut.
            filters: What an article must be to be found at all.
            limit: How many articles at most.
            least: The least confidence with which an article counts as fitting.

        Raises:
            IndexUnusable: The file was damaged since it was opened.
        """
        with self._using() as (edition, database):
            asked = _Asked(question[:MAX_QUESTION], filters or Filters(), limit, least, self._questions)
            return edition.search(database, asked)

    def article(self, slug: str, *, filters: Filters | None = None) -> Article | None:
        """One article with its sections, or None if there is none that the filter lets through."""
        with self._using() as (edition, database):
            row = database.execute("SELECT id, slug, about, sections FROM articles WHERE slug = ?", (slug,)).fetchone()
            if row is None or not edition.allows(database, row[0], filters or Filters()):
                return None
            return read_article(*row[1:])

    def recent(self, *, filters: Filters | None = None, limit: int = 10) -> list[Article]:
        """The articles that were updated last, newest first, without their sections."""
        found: list[Article] = []
        with self._using() as (edition, database):
            rows = database.execute("SELECT id, slug, about FROM articles ORDER BY updated DESC, slug")
            for number, slug, about in rows:
                if len(found) == limit:
                    break
                if edition.allows(database, number, filters or Filters()):
                    found.append(read_article(slug, about))
        return found

    def __len__(self) -> int:
        """How many articles it holds."""
        return self._edition.count

    def close(self) -> None:
        """Lets go of the file; searches under way finish."""
        with self._lock:
            self._closed = True
            self._edition.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def _using(self) -> Iterator["tuple[_Edition, sqlite3.Connection]"]:
        edition = self._current()
        database = edition.take()
        try:
            yield edition, database
        except sqlite3.DatabaseError as error:
            raise IndexUnusable(f"the index at {self._path} cannot be read: {error}") from error
        finally:
            edition.give_back(database)

    def _current(self) -> "_Edition":
        with self._lock:
            if self._closed:
                raise IndexUnusable("the index has been closed")
            if (signature := _signature(self._path)) is not None and signature != self._edition.signature:
                with contextlib.suppress(IndexUnusable):  # what is open goes on being served
                    former, self._edition = self._edition, _Edition(self._path)
                    former.close()
            return self._edition


def _signature(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 -- asked for with each search, and Path.stat takes four times as long
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a search was asked; `vectors` where there is a model."""

    text: str
    filters: Filters
    limit: int
    least: float
    vectors: Questions | None


class _Edition:
    """One state of the index file, with the connections to it."""

    def __init__(self, path: Path) -> None:
        self.signature = _signature(path)
        self._path = path
        self._lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        self._masks: OrderedDict[Filters, bytes] = OrderedDict()
        database = connect_read_only(path)
        try:
            meta = dict(database.execute("SELECT name, value FROM meta"))
            self.count = int(meta["count"])
            title, aliases, heading, body = json.loads(meta["averages"])
            self._averages = (title, aliases, heading, body)
            self._languages: list[str] = json.loads(meta["languages"])
            self._audiences: list[str] = json.loads(meta["audiences"])
            self._owners: list[str] = json.loads(meta["owners"])
            self._article_owners = read_numbers(meta["article_owners"])
            self._article_languages = read_numbers(meta["article_languages"])
            self._article_audiences = read_numbers(meta["article_audiences"])
            self._article_updated = read_numbers(meta["article_updated"])
            self._embeddings: str = meta["embeddings"]
            self._synonyms = Synonyms(json.loads(meta["synonyms"]))
        except (sqlite3.DatabaseError, KeyError, ValueError) as error:
            database.close()
            raise IndexUnusable(f"the index at {path} is damaged: delete it and build it again") from error
        self._idle.append(database)

    def take(self) -> sqlite3.Connection:
        """A connection that nobody else uses."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return connect_read_only(self._path)

    def give_back(self, database: sqlite3.Connection) -> None:
        """Keeps the connection for the next one."""
        with self._lock:
            if not self._closed:
                self._idle.append(database)
                return
        database.close()

    def close(self) -> None:
        """Closes the connections; those in use, when they are given back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for database in idle:
            database.close()

    def allows(self, database: sqlite3.Connection, article: int, filters: Filters) -> bool:
        """Whether the filter lets an article through."""
        return filters == Filters() or bool(self._mask(database, filters)[article])

    def search(self, database: sqlite3.Connection, asked: "_Asked") -> SearchResult:
        """What fits, best first."""
        lexicon = Lexicon(database)
        question = read_question(
            asked.text, lexicon, languages=self._languages, synonyms=self._synonyms, count=self.count
        )
        concepts = question.concepts
        allowed = None if asked.filters == Filters() else self._mask(database, asked.filters)
        candidates = find_candidates(database, concepts, allowed)
        matches: dict[int, list[tuple[int, float]]] = {}
        strengths: dict[int, list[tuple[int, float]]] = {}
        for position, concept in enumerate(concepts):
            for term, strength in concept.terms.items():
                strengths.setdefault(term, []).append((position, strength))
        for word, term in lexicon.words_of(strengths):
            matches[word] = strengths[term]
        scored = Scorer(concepts, matches, self._averages).score_all(database, candidates)
        scored = self._prefer_language(scored, question)
        judged = [(found, confidence(concepts, found, self.count)) for found in scored[: 2 * asked.limit]]
        fitting = sorted(judged, key=lambda pair: -pair[0].score * (_DOUBTFUL + (1 - _DOUBTFUL) * pair[1]))
        if max((sure for _, sure in fitting[: asked.limit]), default=0.0) < asked.least:
            fitting = []
        fitting = [(found, sure) for found, sure in fitting if sure >= asked.least * _ALSO]
        if asked.vectors is not None and len(fitting) > 1 and asked.vectors.name == self._embeddings:
            fitting = self._by_likeness(database, fitting, asked.vectors.vector(asked.text))
        fitting = fitting[: asked.limit]
        surfaces = self._surfaces(database, matches)
        return SearchResult(
            hits=tuple(self._hit(database, found, sure, surfaces, asked.filters) for found, sure in fitting),
            corrections=question.corrections,
        )

    def _prefer_language(self, scored: Sequence[Scored], question: Question) -> list[Scored]:
        if len(self._languages) <= 1:
            return list(scored)
        number = self._languages.index(question.language)
        adjusted = [
            found
            if self._article_languages[found.article] == number
            else replace(found, score=found.score * _OTHER_LANGUAGE)
            for found in scored
        ]
        return sorted(adjusted, key=lambda found: (-found.score, found.article))

    @staticmethod
    def _by_likeness(
        database: sqlite3.Connection, fitting: Sequence[tuple[Scored, float]], question: bytes | None
    ) -> list[tuple[Scored, float]]:
        if question is None:
            return list(fitting)
        rows = database.execute(
            "SELECT id, packed FROM vectors WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps([found.article for found, _ in fitting]),),
        )
        likenesses = {article: likeness(question, packed) for article, packed in rows}
        order = in_fused_order([likenesses.get(found.article) for found, _ in fitting])
        return [fitting[place] for place in order]

    def _surfaces(self, database: sqlite3.Connection, matches: Matches) -> dict[str, float]:
        rows = database.execute(
            "SELECT id, surface FROM words WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(matches)),)
        )
        return {surface: max(strength for _, strength in matches[word]) for word, surface in rows}

    def _hit(
        self, database: sqlite3.Connection, found: Scored, sure: float, surfaces: Mapping[str, float], filters: Filters
    ) -> Hit:
        slug, about, sections = database.execute(
            "SELECT slug, about, sections FROM articles WHERE id = ?", (found.article,)
        ).fetchone()
        article = read_article(slug, about, sections)
        section = article.sections[found.section]

        def fit(text: str) -> float:
            words = {fold(word) for word in split_words(searchable(text))}
            return sum(surfaces.get(word, 0.0) for word in words)

        return Hit(
            article=article.slug,
            title=article.title,
            section=section.heading,
            anchor=section.anchor,
            quote=best_passage(section.text, fit),
            score=round(found.score, 4),
            confidence=round(sure, 4),
            updated=article.updated,
            language=article.language,
            audience=article.audience,
            owner=article.owner,
            related=tuple(self._titles(database, article.related, filters)),
        )

    def _titles(
        self, database: sqlite3.Connection, slugs: Sequence[str], filters: Filters
    ) -> Iterator[tuple[str, str]]:
        rows = database.execute(
            "SELECT id, slug, about FROM articles WHERE slug IN (SELECT value FROM json_each(?))",
            (json.dumps(list(slugs)),),
        )
        found = {
            slug: read_article(slug, about).title
            for number, slug, about in rows
            if self.allows(database, number, filters)
        }
        return ((slug, found[slug]) for slug in slugs if slug in found)

    def _mask(self, database: sqlite3.Connection, filters: Filters) -> bytes:
        with self._lock:
            if (mask := self._masks.get(filters)) is not None:
                self._masks.move_to_end(filters)
                return mask
        mask = self._make_mask(database, filters)
        with self._lock:
            self._masks[filters] = mask
            while len(self._masks) > _MASKS:
                self._masks.popitem(last=False)
        return mask

    def _make_mask(self, database: sqlite3.Connection, filters: Filters) -> bytes:
        mask = bytearray(b"\x01") * self.count
        for wanted, names, column in (
            (filters.audiences, self._audiences, self._article_audiences),
            (filters.languages, self._languages, self._article_languages),
            (filters.owners, self._owners, self._article_owners),
        ):
            if wanted:
                passes = bytes(name in wanted for name in names)
                mask = bytearray(kept & passes[value] for kept, value in zip(mask, column, strict=True))
        if filters.updated_since is not None:
            day = filters.updated_since.toordinal()
            mask = bytearray(kept & (value >= day) for kept, value in zip(mask, self._article_updated, strict=True))
        for tag in filters.tags:
            row = database.execute("SELECT articles FROM tags WHERE tag = ?", (tag.casefold(),)).fetchone()
            tagged = set(read_numbers(row[0]) if row else array("I"))
            mask = bytearray(kept & (number in tagged) for number, kept in enumerate(mask))
        return bytes(mask)

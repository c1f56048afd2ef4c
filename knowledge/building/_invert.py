"""From documents to postings: which term is where, and how much it counts there."""

import contextlib
import json
import os
import sqlite3
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from knowledge._model import Article
from knowledge._spelling import gram_keys
from knowledge._storage import FORMAT, INDEXES, SCHEMA, Stream, numbers, pack_about, pack_postings
from knowledge._weights import IMPACT_STEPS, Lengths, increments, saturate
from knowledge._words import phrase_words
from knowledge.building._documents import Collection

_SPELLABLE = range(3, 25)


def write_index(path: Path, collection: Collection, embeddings: str) -> None:
    """Writes the index of a collection to a new file; `embeddings` names what made its vectors, if anything did."""
    articles = [article for _, _, article, _ in collection.documents]
    languages = _by_count(article.language for article in articles)
    averages = _average_lengths(collection)
    inversion = _Inversion(collection, languages, averages)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.executescript("PRAGMA page_size = 4096; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + SCHEMA)
        database.execute("BEGIN")
        database.executemany("INSERT INTO articles VALUES (?, ?, ?, ?, ?, ?, ?)", _articles(collection))
        database.executemany("INSERT INTO streams VALUES (?, ?)", enumerate(collection.streams))
        database.executemany("INSERT INTO vectors VALUES (?, ?)", collection.vectors.items())
        database.executemany("INSERT INTO terms VALUES (?, ?, ?, ?)", inversion.terms())
        database.executemany("INSERT INTO words VALUES (?, ?, ?, ?, ?)", inversion.words())
        database.executemany("INSERT INTO grams VALUES (?, ?)", _grams(collection))
        database.executemany("INSERT INTO tags VALUES (?, ?)", _tags(articles))
        meta = _meta(articles, languages, averages) | {"embeddings": embeddings}
        database.executemany("INSERT INTO meta VALUES (?, ?)", sorted(meta.items()))
        database.execute("COMMIT")
        database.executescript(f"{INDEXES} PRAGMA user_version = {FORMAT};")
    with path.open("rb") as file:
        os.fsync(file.fileno())


class _Inversion:
    """The postings of a collection, and what is known of each word."""

    def __init__(self, collection: Collection, languages: Sequence[str], averages: Lengths) -> None:
        self._collection = collection
        self._names = sorted({word.term for word in collection.words})
        numbered = {term: number for number, term in enumerate(self._names)}
        self._term_of = [numbered[word.term] for word in collection.words]
        self._articles = [array("I") for _ in self._names]
        self._impacts = [bytearray() for _ in self._names]
        self._word_articles = [0] * len(self._term_of)
        self._word_languages = [0] * len(self._term_of)
        for number, blob in enumerate(collection.streams):
            language = 1 << languages.index(collection.documents[number][2].language)
            self._add(number, Stream.unpack(blob), language, averages)

    def terms(self) -> Iterator[tuple[int, str, int, bytes]]:
        """The rows of `terms`."""
        for number, name in enumerate(self._names):
            articles = self._articles[number]
            yield number, name, len(articles), pack_postings(articles, self._impacts[number])

    def words(self) -> Iterator[tuple[int, str, int, int, int]]:
        """The rows of `words`."""
        for word, number in self._collection.words.items():
            known = self._word_articles[number], self._word_languages[number]
            yield number, word.surface, self._term_of[number], *known

    def _add(self, number: int, stream: Stream, language: int, averages: Lengths) -> None:
        fields = _fields(stream)
        frequencies: dict[int, float] = {}
        for words, increment in zip(fields, increments(stream.lengths(), averages), strict=True):
            for word in words:
                term = self._term_of[word]
                frequencies[term] = frequencies.get(term, 0.0) + increment
        for term, frequency in frequencies.items():
            self._articles[term].append(number)
            self._impacts[term].append(max(1, round(saturate(frequency) * IMPACT_STEPS)))
        for word in set().union(*fields):
            self._word_articles[word] += 1
            self._word_languages[word] |= language


def _fields(stream: Stream) -> tuple[Sequence[int], list[int], list[int], list[int]]:
    heading = [word for _, words, _ in stream.sections for word in words]
    body = [word for _, _, words in stream.sections for word in words]
    return stream.title, [word for alias in stream.aliases for word in alias], heading, body


def _average_lengths(collection: Collection) -> Lengths:
    totals = [0, 0, 0, 0]
    for blob in collection.streams:
        for number, length in enumerate(Stream.unpack(blob).lengths()):
            totals[number] += length
    count = max(1, len(collection.streams))
    title, aliases, heading, body = (round(total / count, 3) for total in totals)
    return title, aliases, heading, body


def _articles(collection: Collection) -> Iterator[tuple[int, str, str, bytes, str, str, bytes]]:
    for number, (path, digest, article, sections) in enumerate(collection.documents):
        yield number, article.slug, path, digest, article.updated.isoformat(), pack_about(article), sections


def _grams(collection: Collection) -> Iterator[tuple[str, bytes]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    seen: set[str] = set()
    for word, number in collection.words.items():
        if word.surface in seen or len(word.surface) not in _SPELLABLE or not word.surface.isalpha():
            continue
        seen.add(word.surface)
        for key in gram_keys(word.surface):
            found[key].append(number)
    return ((key, numbers(found[key])) for key in sorted(found))


def _tags(articles: Iterable[Article]) -> Iterator[tuple[str, bytes]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for number, article in enumerate(articles):
        for tag in dict.fromkeys(tag.casefold() for tag in article.tags):
            found[tag].append(number)
    return ((tag, numbers(found[tag])) for tag in sorted(found))


def _meta(articles: Sequence[Article], languages: Sequence[str], averages: Lengths) -> dict[str, str | bytes]:
    audiences = _by_count(article.audience for article in articles)
    owners = _by_count(article.owner for article in articles)
    numbered_owners = {owner: number for number, owner in enumerate(owners)}
    return {
        "count": str(len(articles)),
        "averages": json.dumps(averages),
        "audiences": json.dumps(audiences),
        "languages": json.dumps(languages),
        "owners": json.dumps(owners),
        "article_audiences": numbers(audiences.index(article.audience) for article in articles),
        "article_languages": numbers(languages.index(article.language) for article in articles),
        "article_owners": numbers(numbered_owners[article.owner] for article in articles),
        "article_updated": numbers(article.updated.toordinal() for article in articles),
        "synonyms": json.dumps([phrases for article in articles for phrases in _synonyms(article)]),
    }


def _synonyms(article: Article) -> Iterator[list[list[tuple[str, str]]]]:
    """The groups of an article: each phrase as its words and their terms."""
    for group in article.synonyms:
        phrases = [phrase_words(phrase, article.language) for phrase in group]
        yield [[(word.surface, word.term) for word in phrase] for phrase in phrases if phrase]


def _by_count(names: Iterable[str]) -> list[str]:
    """The different names, the most frequent first."""
    counts = Counter(names)
    return sorted(counts, key=lambda name: (-counts[name], name))

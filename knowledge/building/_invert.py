"""From documents to postings: which term is where, and how much it counts there."""

import contextlib
import json
import os
import sqlite3
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from knowledge._model import Article
from knowledge._spelling import gram_keys
from knowledge._storage import FORMAT, INDEXES, SCHEMA, Stream, numbers, pack_about, pack_postings
from knowledge._weights import IMPACT_STEPS, increments, saturate
from knowledge._words import content_words
from knowledge.building._documents import Collection

_SPELLABLE = range(3, 25)


def write_index(path: Path, collection: Collection) -> None:
    """Writes the index of a collection to a new file."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.executescript("PRAGMA page_size = 4096; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + SCHEMA)
        database.execute("BEGIN")
        _write_articles(database, collection)
        terms = {term: number for number, term in enumerate(sorted({word.term for word in collection.words}))}
        term_of = [terms[word.term] for word in collection.words]
        averages = _average_lengths(collection)
        inversion = _Inversion(len(terms), len(term_of))
        for number, blob in enumerate(collection.streams):
            inversion.add(number, Stream.unpack(blob), term_of, averages)
        database.executemany(
            "INSERT INTO terms VALUES (?, ?, ?, ?)",
            (
                (
                    number,
                    term,
                    len(inversion.articles[number]),
                    pack_postings(inversion.articles[number], inversion.impacts[number]),
                )
                for term, number in terms.items()
            ),
        )
        database.executemany(
            "INSERT INTO words VALUES (?, ?, ?, ?)",
            (
                (number, word.surface, term_of[number], inversion.word_articles[number])
                for word, number in collection.words.items()
            ),
        )
        database.executemany("INSERT INTO grams VALUES (?, ?)", _grams(collection))
        articles = [article for _, _, article, _ in collection.documents]
        database.executemany("INSERT INTO tags VALUES (?, ?)", _tags(articles))
        database.executemany("INSERT INTO meta VALUES (?, ?)", sorted(_meta(articles, averages).items()))
        database.execute("COMMIT")
        database.executescript(f"{INDEXES} PRAGMA user_version = {FORMAT};")
    with path.open("rb") as file:
        os.fsync(file.fileno())


class _Inversion:
    """Postings in the making."""

    def __init__(self, terms: int, words: int) -> None:
        self.articles = [array("I") for _ in range(terms)]
        self.impacts = [bytearray() for _ in range(terms)]
        self.word_articles = [0] * words

    def add(
        self, number: int, stream: Stream, term_of: Sequence[int], averages: tuple[float, float, float, float]
    ) -> None:
        fields = _fields(stream)
        lengths = (len(fields[0]), len(fields[1]), len(fields[2]), len(fields[3]))
        frequencies: dict[int, float] = {}
        for words, increment in zip(fields, increments(lengths, averages), strict=True):
            for word in words:
                term = term_of[word]
                frequencies[term] = frequencies.get(term, 0.0) + increment
        for term, frequency in frequencies.items():
            self.articles[term].append(number)
            self.impacts[term].append(max(1, round(saturate(frequency) * IMPACT_STEPS)))
        for word in set().union(*fields):
            self.word_articles[word] += 1


def _fields(stream: Stream) -> tuple[Sequence[int], Sequence[int], list[int], list[int]]:
    heading = [word for _, words, _ in stream.sections for word in words]
    body = [word for _, _, words in stream.sections for word in words]
    return stream.title, stream.aliases, heading, body


def _average_lengths(collection: Collection) -> tuple[float, float, float, float]:
    totals = [0, 0, 0, 0]
    for blob in collection.streams:
        for number, words in enumerate(_fields(Stream.unpack(blob))):
            totals[number] += len(words)
    count = max(1, len(collection.streams))
    return totals[0] / count, totals[1] / count, totals[2] / count, totals[3] / count


def _write_articles(database: sqlite3.Connection, collection: Collection) -> None:
    database.executemany(
        "INSERT INTO articles VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (number, article.slug, path, digest, article.updated.isoformat(), pack_about(article), sections)
            for number, (path, digest, article, sections) in enumerate(collection.documents)
        ),
    )
    database.executemany("INSERT INTO streams VALUES (?, ?)", enumerate(collection.streams))


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


def _meta(articles: Sequence[Article], averages: Sequence[float]) -> dict[str, str | bytes]:
    audiences = sorted({article.audience for article in articles})
    languages = sorted({article.language for article in articles})
    return {
        "count": str(len(articles)),
        "averages": json.dumps([round(average, 3) for average in averages]),
        "audiences": json.dumps(audiences),
        "languages": json.dumps(languages),
        "article_audiences": numbers(audiences.index(article.audience) for article in articles),
        "article_languages": numbers(languages.index(article.language) for article in articles),
        "article_updated": numbers(article.updated.toordinal() for article in articles),
        "synonyms": json.dumps(sorted(_synonyms(articles))),
    }


def _synonyms(articles: Iterable[Article]) -> Iterator[list[list[str]]]:
    """Groups of phrases, each phrase as its terms."""
    for article in articles:
        for group in article.synonyms:
            phrases = [[word.term for word in content_words(phrase, article.language)] for phrase in group]
            yield [phrase for phrase in phrases if phrase]

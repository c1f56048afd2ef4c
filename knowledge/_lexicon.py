"""The words of an index, asked for while a question is read."""

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from knowledge._spelling import allowed_edits, distance, is_exchange, lookup_keys, shared_needed
from knowledge._storage import read_numbers

_SHORT: Final = 3
_CLOSER_LOOK: Final = 200
_FAMILY: Final = 24


@dataclass(frozen=True, slots=True)
class Term:
    """A stem of the index: its number, and how many articles have it."""

    number: int
    name: str
    articles: int


@dataclass(frozen=True, slots=True)
class Near:
    """A word of the index near one that it does not hold."""

    surface: str
    term: Term
    edits: int


class Lexicon:
    """Look-ups in one index, over one connection."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def terms(self, names: Iterable[str]) -> list[Term]:
        """Those of the stems that the index has."""
        rows = self._database.execute(
            "SELECT id, term, articles FROM terms WHERE term IN (SELECT value FROM json_each(?))",
            (json.dumps(list(names)),),
        )
        return [Term(*row) for row in rows]

    def written(self, surfaces: Iterable[str]) -> list[tuple[str, Term]]:
        """Those of the words that some article has as they are written, with their terms."""
        rows = self._database.execute(
            "SELECT surface, terms.id, terms.term, terms.articles FROM words JOIN terms ON terms.id = words.term"
            " WHERE surface IN (SELECT value FROM json_each(?)) ORDER BY words.id",
            (json.dumps(list(surfaces)),),
        )
        return [(surface, Term(number, name, articles)) for surface, number, name, articles in rows]

    def family(self, stem: str, longest: int) -> list[Term]:
        """Terms of words that begin with a stem and are at most `longest` letters long."""
        rows = self._database.execute(
            "SELECT DISTINCT terms.id, terms.term, terms.articles FROM words JOIN terms ON terms.id = words.term"
            " WHERE surface >= ? AND surface < ? AND length(surface) <= ? LIMIT ?",
            (stem, stem + "\U0010ffff", longest, _FAMILY),
        )
        return [Term(*row) for row in rows]

    def near(self, word: str) -> list[Near]:
        """Words within the allowed number of edits, the nearest and then the most usual first."""
        limit = allowed_edits(word)
        if not limit:
            return []
        rows = self._database.execute(
            "SELECT words FROM grams WHERE key IN (SELECT value FROM json_each(?))", (json.dumps(lookup_keys(word)),)
        )
        shared: Counter[int] = Counter()
        for (numbers,) in rows:
            shared.update(read_numbers(numbers))
        needed = shared_needed(word)
        candidates = [number for number, count in shared.most_common(_CLOSER_LOOK) if count >= needed]
        found = [
            (edits, surface[0] != word[0], -usual, Near(surface, Term(number, name, articles), edits))
            for surface, usual, number, name, articles in self._words(candidates)
            if (edits := distance(word, surface, limit)) <= limit and (len(word) > _SHORT or is_exchange(word, surface))
        ]
        return [near for *_, near in sorted(found, key=lambda item: item[:3])]

    def words_of(self, terms: Collection[int]) -> Iterator[tuple[int, int]]:
        """(word, term) for each word of the terms."""
        return self._database.execute(
            "SELECT id, term FROM words WHERE term IN (SELECT value FROM json_each(?))", (json.dumps(list(terms)),)
        )

    def _words(self, numbers: Iterable[int]) -> Iterator[tuple[str, int, int, str, int]]:
        return self._database.execute(
            "SELECT surface, words.articles, terms.id, terms.term, terms.articles FROM words"
            " JOIN terms ON terms.id = words.term WHERE words.id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(numbers)),),
        )

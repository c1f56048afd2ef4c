"""The words of an index, asked for while a question is read."""

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from knowledge._spelling import allowed_edits, distance, is_plausible, lookup_keys, shared_needed, sounds_alike
from knowledge._storage import read_numbers

ANY_LANGUAGE: Final = (1 << 62) - 1

_CLOSER_LOOK: Final = 48
_FAMILY: Final = 24


@dataclass(frozen=True, slots=True)
class Term:
    """A stem of the index: its number, and how many articles have it."""

    number: int
    name: str
    articles: int


@dataclass(frozen=True, slots=True)
class Near:
    """A word of the index near one that it does not hold; being of another language costs as much as an edit."""

    surface: str
    edits: int
    cost: int


class Lexicon:
    """Look-ups in one index, over one connection. A language is given as its bit in `words.languages`."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def terms(self, names: Iterable[str], language: int) -> list[Term]:
        """Those of the stems that words of the language have."""
        rows = self._database.execute(
            "SELECT DISTINCT terms.id, terms.term, terms.articles FROM terms JOIN words ON words.term = terms.id"
            " WHERE terms.term IN (SELECT value FROM json_each(?)) AND words.languages & ?",
            (json.dumps(list(names)), language),
        )
        return [Term(*row) for row in rows]

    def written(self, surfaces: Iterable[str]) -> list[tuple[str, Term, int]]:
        """Those of the words that some article has as they are written, with their terms and languages."""
        rows = self._database.execute(
            "SELECT surface, terms.id, terms.term, terms.articles, languages FROM words"
            " JOIN terms ON terms.id = words.term"
            " WHERE surface IN (SELECT value FROM json_each(?)) ORDER BY words.id",
            (json.dumps(list(surfaces)),),
        )
        return [
            (surface, Term(number, name, articles), languages) for surface, number, name, articles, languages in rows
        ]

    def family(self, stem: str, longest: int) -> list[Term]:
        """Terms of words that begin with a stem and are at most `longest` letters long."""
        rows = self._database.execute(
            "SELECT DISTINCT terms.id, terms.term, terms.articles FROM words JOIN terms ON terms.id = words.term"
            " WHERE surface >= ? AND surface < ? AND length(surface) <= ? LIMIT ?",
            (stem, stem + "\U0010ffff", longest, _FAMILY),
        )
        return [Term(*row) for row in rows]

    def near(self, word: str, language: int) -> list[Near]:
        """Words within the allowed number of edits: the nearest first, then the most usual."""
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
            (edits + (not languages & language), surface[0] != word[0], -articles, surface, edits)
            for surface, articles, languages in self._words(candidates)
            if (edits := _edits(word, surface, limit))
        ]
        return [Near(surface, edits, cost) for cost, *_, surface, edits in sorted(found)]

    def words_of(self, terms: Collection[int]) -> Iterator[tuple[int, int]]:
        """(word, term) for each word of the terms."""
        return self._database.execute(
            "SELECT id, term FROM words WHERE term IN (SELECT value FROM json_each(?))", (json.dumps(list(terms)),)
        )

    def _words(self, numbers: Iterable[int]) -> Iterator[tuple[str, int, int]]:
        return self._database.execute(
            "SELECT surface, articles, languages FROM words WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(numbers)),),
        )


def _edits(word: str, surface: str, limit: int) -> int:
    """How many edits lead to another word that may have been meant; 0 where it was not."""
    edits = distance(word, surface, limit)
    if 0 < edits <= limit and is_plausible(word, surface, edits):
        return edits
    return int(edits > 0 and sounds_alike(word, surface))

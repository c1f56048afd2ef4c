"""The words that specifications have, and which of them a word of a message may stand for."""

import re
from collections.abc import Collection, Iterable

from shared.models.offline._everyday import SYNONYMS
from shared.models.offline._words import stem

SYNONYM_FACTOR = 0.7
TYPO_FACTOR = 0.85
ABBREVIATION_FACTOR = 0.7
ROOT_FACTOR = 0.75
SHORTEST_TYPO = 4  # letters
SHORTEST_EXCHANGE = 6  # letters, below which one letter for another makes another word: "line" is not "link"
SHORTEST_ROOT = 4
LONGEST_ENDING = 6
FEWEST_LEFT_OUT = 3  # letters that an abbreviation leaves out
LONGEST_WORD = 24
MOST_REMEMBERED = 20_000
_ABBREVIATION = re.compile(r"[b-df-hj-np-tv-z]{3,5}$")  # consonants alone

Match = tuple[str, float]
"""A known term, and how surely it is what is meant (0 to 1)."""

_SYNONYMS: dict[str, frozenset[str]] = {}
for _group in SYNONYMS:
    _stems = frozenset(stem(word) for word in _group)
    for _stem in _stems:
        _SYNONYMS[_stem] = _SYNONYMS.get(_stem, frozenset()) | (_stems - {_stem})
_REPRESENTATIVES = {one: min(group | {one}) for one, group in _SYNONYMS.items()}


def representative(term: str) -> str:
    """One term for all that mean the same."""
    return _REPRESENTATIVES.get(term, term)


class Vocabulary:
    """Finds the known terms that a term may stand for: itself, a synonym, or what it is a misspelling or a form of."""

    def __init__(self, terms: Collection[str]) -> None:
        self._terms = frozenset(terms)
        self._misspelt = _misspelt(term for term in self._terms if len(term) >= SHORTEST_TYPO and term.isalpha())
        self._remembered: dict[str, tuple[Match, ...]] = {}

    def __contains__(self, term: str) -> bool:
        return term in self._terms

    def match(self, term: str) -> tuple[Match, ...]:
        """The known terms, the surest first; none where nothing like it is known."""
        found = self._remembered.get(term)
        if found is None:
            if len(self._remembered) >= MOST_REMEMBERED:
                self._remembered.clear()
            found = self._remembered[term] = tuple(self._find(term))
        return found

    def has_like(self, term: str) -> bool:
        """Whether the term is known as it is, or by a synonym."""
        return term in self._terms or any(synonym in self._terms for synonym in _SYNONYMS.get(term, ()))

    def _find(self, term: str) -> list[Match]:
        found: dict[str, float] = {term: 1.0} if term in self._terms else {}
        for synonym in sorted(_SYNONYMS.get(term, ())):
            if synonym in self._terms:
                found.setdefault(synonym, SYNONYM_FACTOR)
        if found or not term.isalpha() or len(term) > LONGEST_WORD:
            return list(found.items())
        if _ABBREVIATION.match(term):
            return [(other, ABBREVIATION_FACTOR) for other in sorted(self._terms) if _abbreviates(term, other)]
        found = dict.fromkeys(sorted(self._corrections(term)), TYPO_FACTOR)
        for other in sorted(self._terms):
            if _same_root(term, other):
                found.setdefault(other, ROOT_FACTOR)
        return list(found.items())

    def _corrections(self, term: str) -> set[str]:
        """Known words of which a letter is missing, superfluous or swapped; in a longer one it may also be another."""
        if len(term) < SHORTEST_TYPO:
            return set()
        return {
            other
            for variant in _deletions(term)
            for other in self._misspelt.get(variant, ())
            if other[0] == term[0] and abs(len(other) - len(term)) <= 1
            if len(other) != len(term) or len(term) >= SHORTEST_EXCHANGE or sorted(other) == sorted(term)
        }


def _abbreviates(short: str, term: str) -> bool:
    """Whether the letters are those of the term in order: "dept" of "department"."""
    if len(term) < len(short) + FEWEST_LEFT_OUT or term[0] != short[0] or not term.isalpha():
        return False
    rest = iter(term)
    return all(letter in rest for letter in short)


def _same_root(term: str, other: str) -> bool:
    shorter, longer = sorted((term, other), key=len)
    return len(shorter) >= SHORTEST_ROOT and longer.startswith(shorter) and len(longer) - len(shorter) <= LONGEST_ENDING


def _deletions(term: str) -> set[str]:
    """The term, and the term with any one letter left out (symmetric delete spelling correction)."""
    return {term} | {term[:index] + term[index + 1 :] for index in range(len(term))}


def _misspelt(terms: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for term in terms:
        for variant in _deletions(term):
            found.setdefault(variant, set()).add(term)
    return found

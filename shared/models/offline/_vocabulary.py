"""The words that specifications have, and which of them a word of a message may stand for."""

import re
from collections.abc import Collection, Mapping

from shared.models.offline._domains import DOMAINS
from shared.models.offline._everyday import SYNONYMS
from shared.models.offline._kinds import KINDS
from shared.models.offline._lexicon import IRREGULAR
from shared.models.offline._words import is_frequent, stem

SYNONYM_FACTOR = 0.7
BESIDE_FACTOR = 0.5  # for a synonym of a word that is known itself
KIND_FACTOR = 0.7
TYPO_FACTOR = 0.85
ABBREVIATION_FACTOR = 0.7
ROOT_FACTOR = 0.75
SHORTEST_TYPO = 4  # letters
SHORTEST_EXCHANGE = 6  # letters, below which one letter for another makes another word: "line" is not "link"
SHORTEST_ROOT = 5
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
_KINDS: dict[str, tuple[str, ...]] = {}
for _names, _members in KINDS:
    for _member in _members:
        _KINDS[stem(_member)] = _KINDS.get(stem(_member), ()) + tuple(stem(name) for name in _names)
_DOMAINS: dict[str, frozenset[str]] = {}
for _domain, _members in DOMAINS.items():
    for _member in _members:
        _DOMAINS[stem(_member)] = _DOMAINS.get(stem(_member), frozenset()) | {_domain}
_REPRESENTATIVES = {one: min(group | {one}) for one, group in _SYNONYMS.items()}


def representative(term: str) -> str:
    """One term for all that mean the same."""
    return _REPRESENTATIVES.get(term, term)


def domains_of(term: str) -> frozenset[str]:
    """The fields that a word is of."""
    return _DOMAINS.get(term, frozenset())


class Vocabulary:
    """Finds the known terms that a term may stand for: itself, a synonym, or what it is a misspelling or a form of."""

    def __init__(self, terms: Collection[str]) -> None:
        self._terms = frozenset(terms)
        self._misspelt = _misspelt(
            {
                **{term: term for term in self._terms if len(term) >= SHORTEST_TYPO and term.isalpha()},
                **{form: stem(form) for form in IRREGULAR if stem(form) in self._terms},
            }
        )
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

    def match_name(self, term: str) -> tuple[Match, ...]:
        """What a word that is written as a name may stand for: a name is no misspelling of another word."""
        found = self.match(term)
        return found if term in self._terms or term in _KINDS else ()

    def has_like(self, term: str) -> bool:
        """Whether the term is known as it is, or by a synonym."""
        return term in self._terms or any(synonym in self._terms for synonym in _SYNONYMS.get(term, ()))

    def _find(self, term: str) -> list[Match]:
        if term in self._terms:
            found = {term: 1.0}
            found.update((synonym, BESIDE_FACTOR) for synonym in self._known(_SYNONYMS.get(term, ())))
            for kind in self._known(_KINDS.get(term, ())):
                found.setdefault(kind, KIND_FACTOR)
            return list(found.items())
        found = dict.fromkeys(self._known(_SYNONYMS.get(term, ())), SYNONYM_FACTOR)
        for kind in self._known(_KINDS.get(term, ())):
            found.setdefault(kind, KIND_FACTOR)
        if not term.isalpha() or len(term) > LONGEST_WORD or is_frequent(term):
            return list(found.items())
        for other in sorted(self._terms):
            if _same_root(term, other):
                found.setdefault(other, ROOT_FACTOR)
        if not found and _ABBREVIATION.match(term):
            full = (other for other in sorted(self._terms) if _abbreviates(term, other))
            found = dict.fromkeys(full, ABBREVIATION_FACTOR)
        return list((found or dict.fromkeys(sorted(self._corrections(term)), TYPO_FACTOR)).items())

    def _known(self, terms: Collection[str]) -> list[str]:
        return sorted(term for term in terms if term in self._terms)

    def _corrections(self, term: str) -> set[str]:
        """Known words of which a letter is missing, superfluous or swapped; in a longer one it may also be another."""
        if len(term) < SHORTEST_TYPO:
            return set()
        return {
            meant
            for variant in _deletions(term)
            for other, meant in self._misspelt.get(variant, ())
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


def _misspelt(forms: Mapping[str, str]) -> dict[str, set[tuple[str, str]]]:
    """What each form of a term looks like with a letter left out."""
    found: dict[str, set[tuple[str, str]]] = {}
    for form, term in forms.items():
        for variant in _deletions(form):
            found.setdefault(variant, set()).add((form, term))
    return found

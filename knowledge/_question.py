"""What a question asks about: its concepts, each with the terms of the index that may stand for it.

A word is looked for as it is, under the stem that each of the index's languages gives it. Then it may also stand as a
synonym that a document names, joined with its neighbour ("wi fi"), or as another word of its family (print, printer).
A word that the index does not hold is taken for a misspelt one, or for two written as one.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from knowledge._lexicon import Lexicon, Term
from knowledge._stopwords import ASKING
from knowledge._words import fold, guess_language, is_stopword, split_compounds, stem

AS_WRITTEN: Final = 1.0
JOINED: Final = 0.95
MISSPELT: Final = (0.0, 0.9, 0.75)
SYNONYM: Final = 0.8
TWO_IN_ONE: Final = 0.8
FAMILY: Final = 0.55
"""How much a match counts, by how a term came to stand for a word."""

ASKING_SHARE: Final = 0.25
"""How much of its weight a word keeps that asks more than it says (show, guide, problem)."""

_MAX_WORDS: Final = 24
_MAX_CORRECTIONS: Final = 3
_FAMILY_STEM: Final = 4
_FAMILY_LONGER: Final = 5
_FAMILY_SHORTER: Final = 3
_SPLIT_PART: Final = 4


@dataclass(slots=True)
class Concept:
    """A word of a question.

    Attributes:
        terms: The numbers of the terms that may stand for it, each with how much a match counts, from 0 to 1.
        weight: How much the word says: the rarer, the more.
    """

    surface: str
    terms: dict[int, float] = field(default_factory=dict)
    weight: float = 0.0
    articles: int = 0

    def allow(self, term: Term, strength: float) -> None:
        """Lets a term stand for the word."""
        if strength > self.terms.get(term.number, 0.0):
            self.terms[term.number] = strength


@dataclass(frozen=True, slots=True)
class Question:
    """A question, read."""

    concepts: Sequence[Concept]
    corrections: tuple[tuple[str, str], ...]
    language: str | None


def read_question(
    text: str, lexicon: Lexicon, *, languages: Sequence[str], synonyms: "Synonyms", count: int
) -> Question:
    """Finds the concepts of a question.

    Args:
        text: As the person wrote it.
        lexicon: The words of the index.
        languages: Those that the index has articles in.
        synonyms: Those that its documents name.
        count: How many articles it has.
    """
    compounds = split_compounds(text)
    words = [word for joined, parts in compounds for word in (parts or (joined,))]
    language = guess_language(words, languages)
    grammar = [language] if language else languages
    kept = [(i, word) for i, word in enumerate(words) if not is_stopword(fold(word), grammar)][:_MAX_WORDS]
    concepts: dict[str, Concept] = {}
    by_position: dict[int, Concept] = {}
    stems: dict[int, list[str]] = {}
    corrections: list[tuple[str, str]] = []
    for position, word in kept:
        surface = fold(word)
        stems[position] = list(dict.fromkeys(stem(word, known) for known in languages)) or [surface]
        concept = by_position[position] = concepts.setdefault(surface, Concept(surface))
        for term in lexicon.terms(stems[position]):
            concept.allow(term, AS_WRITTEN)
            concept.articles = max(concept.articles, term.articles)
    _allow_joined(compounds, words, by_position, lexicon)
    for concept in concepts.values():
        if not concept.terms:
            corrections += _allow_misspelt(concept, lexicon) or _allow_two_in_one(concept, lexicon)
    synonyms.allow({position: stems[position] for position, _ in kept}, by_position, lexicon)
    for position, word in kept:
        _allow_family(by_position[position], word, stems[position], lexicon)
    merged = _merge(list(concepts.values()))
    for concept in merged:
        concept.weight = math.log(1 + (count - concept.articles + 0.5) / (concept.articles + 0.5))
        if concept.surface in ASKING:
            concept.weight *= ASKING_SHARE
    return Question(merged, tuple(corrections), language)


class Synonyms:
    """Groups of phrases that mean the same, as the documents name them; a phrase is a tuple of terms."""

    def __init__(self, groups: Sequence[Sequence[Sequence[str]]]) -> None:
        self._others: dict[tuple[str, ...], list[str]] = {}
        for group in groups:
            for phrase in group:
                others = [other[0] for other in group if len(other) == 1 and list(other) != list(phrase)]
                self._others.setdefault(tuple(phrase), []).extend(others)
        self._longest = max(map(len, self._others), default=0)

    def allow(self, stems: Mapping[int, Sequence[str]], concepts: Mapping[int, Concept], lexicon: Lexicon) -> None:
        """Lets the single-word synonyms of each phrase in the question stand for the phrase's words."""
        positions = sorted(stems)
        found: list[tuple[Concept, list[str]]] = []
        for start in range(len(positions)):
            for length in range(1, min(self._longest, len(positions) - start) + 1):
                run = positions[start : start + length]
                for phrase in _spellings([stems[position] for position in run]):
                    if others := self._others.get(phrase):
                        found.extend((concepts[position], others) for position in run)
        terms = {term.name: term for term in lexicon.terms({name for _, names in found for name in names})}
        for concept, names in found:
            known = [terms[name] for name in names if name in terms]
            for term in known:
                concept.allow(term, SYNONYM)
            if not concept.articles:
                concept.articles = max((term.articles for term in known), default=0)


def _spellings(stems: Sequence[Sequence[str]]) -> set[tuple[str, ...]]:
    """The phrase in each language: the first stem of each word, the second of each, and so on."""
    return {
        tuple(alternatives[min(i, len(alternatives) - 1)] for alternatives in stems)
        for i in range(max(map(len, stems), default=0))
    }


def _allow_joined(
    compounds: Sequence[tuple[str, tuple[str, ...]]],
    words: Sequence[str],
    concepts: Mapping[int, Concept],
    lexicon: Lexicon,
) -> None:
    wanted: list[tuple[str, tuple[int, ...]]] = []
    position = 0
    for joined, parts in compounds:
        if parts:
            wanted.append((fold(joined), tuple(range(position, position + len(parts)))))
        position += len(parts) or 1
    wanted += [(fold(words[i] + words[i + 1]), (i, i + 1)) for i in range(len(words) - 1)]
    known: dict[str, list[Term]] = {}
    for surface, term in lexicon.written({surface for surface, _ in wanted}):
        known.setdefault(surface, []).append(term)
    for surface, positions in wanted:
        for concept in (concepts[i] for i in positions if i in concepts):
            for term in known.get(surface, ()):
                concept.articles = max(concept.articles, term.articles if not concept.terms else 0)
                concept.allow(term, JOINED)


def _allow_misspelt(concept: Concept, lexicon: Lexicon) -> list[tuple[str, str]]:
    near = lexicon.near(concept.surface)[:_MAX_CORRECTIONS]
    for found in near:
        if found.edits == near[0].edits:
            concept.allow(found.term, MISSPELT[found.edits])
            concept.articles = max(concept.articles, found.term.articles)
    return [(concept.surface, near[0].surface)] if near else []


def _allow_two_in_one(concept: Concept, lexicon: Lexicon) -> list[tuple[str, str]]:
    word = concept.surface
    cuts = range(_SPLIT_PART, len(word) - _SPLIT_PART + 1)
    halves = [(word[:cut], word[cut:]) for cut in cuts]
    halves += [(first[:-1], second) for first, second in halves if first.endswith("s") and len(first) > _SPLIT_PART]
    known = dict(lexicon.written({half for pair in halves for half in pair}))
    for first, second in halves:
        if first in known and second in known:
            for half in (first, second):
                concept.allow(known[half], TWO_IN_ONE)
            concept.articles = min(known[first].articles, known[second].articles)
            return [(word, f"{first} {second}")]
    return []


def _allow_family(concept: Concept, word: str, stems: Sequence[str], lexicon: Lexicon) -> None:
    surface = fold(word)
    if not surface.isalpha() or len(surface) < _FAMILY_STEM:
        return
    root = min((found for found in stems if surface.startswith(found)), key=len, default=surface)
    shorter = [surface[:length] for length in range(max(_FAMILY_STEM, len(root) - _FAMILY_SHORTER), len(root))]
    relatives = [term for _, term in lexicon.written(shorter)]
    if len(root) >= _FAMILY_STEM:
        relatives += lexicon.family(root, len(root) + _FAMILY_LONGER)
    for term in relatives:
        concept.allow(term, FAMILY)
    if not concept.articles:
        concept.articles = max((term.articles for term in relatives), default=0)


def _merge(concepts: Sequence[Concept]) -> list[Concept]:
    """Words that the same term stands for at full strength (lock, locked) are one concept."""
    merged: dict[int, Concept] = {}
    kept = []
    for concept in concepts:
        exact = [term for term, strength in concept.terms.items() if strength == AS_WRITTEN]
        if any(term in merged for term in exact):
            continue
        kept.append(concept)
        merged.update(dict.fromkeys(exact, concept))
    return kept

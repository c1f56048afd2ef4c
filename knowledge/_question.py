"""What a question asks about: its concepts, each with the terms of the index that may stand for it.

A word is looked for as it is written, and under its stem in the language of the question. Then it may also stand as a
synonym that a document names, joined with its neighbour ("wi fi"), or as another word of its family (print, printer).
A word that the index does not hold is taken for a misspelt one, or for two written as one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from knowledge._lexicon import Lexicon, Term
from knowledge._stopwords import ASKING
from knowledge._synonyms import Synonyms
from knowledge._weights import (
    AS_WRITTEN,
    ASKING_SHARE,
    FAMILY,
    FOREIGN,
    JOINED,
    SYNONYM,
    TWO_IN_ONE,
    misspelt,
    rarity,
)
from knowledge._words import fold, is_stopword, split_compounds, stem

_MAX_WORDS: Final = 24
_MAX_CORRECTIONS: Final = 3
_FAMILY_STEM: Final = 4
_FAMILY_LONGER: Final = 5
_FAMILY_SHORTER: Final = 3
_SPLIT_PART: Final = 4
_KNOWN_WORD: Final = 0.6
_USUAL_LANGUAGE: Final = 0.5


@dataclass(slots=True)
class Concept:
    """A word of a question.

    Attributes:
        terms: The numbers of the terms that may stand for it, each with how much a match counts, from 0 to 1.
        articles: How many articles have the word, or what it was taken for.
        weight: How much the word says: the rarer, the more.
    """

    surface: str
    terms: dict[int, float] = field(default_factory=dict)
    articles: int = 0
    weight: float = 0.0

    def allow(self, term: Term, strength: float) -> None:
        """Lets a term stand for the word."""
        if strength > self.terms.get(term.number, 0.0):
            self.terms[term.number] = strength


@dataclass(frozen=True, slots=True)
class Question:
    """A question, read."""

    concepts: Sequence[Concept]
    corrections: tuple[tuple[str, str], ...]
    language: str


def read_question(text: str, lexicon: Lexicon, *, languages: Sequence[str], synonyms: Synonyms, count: int) -> Question:
    """Finds the concepts of a question.

    Args:
        text: As the person wrote it.
        lexicon: The words of the index.
        languages: Those that the index has articles in, that of the most articles first.
        synonyms: Those that its documents name.
        count: How many articles it has.
    """
    reading = _Reading(text, lexicon, languages)
    reading.allow_as_written()
    reading.allow_joined()
    corrections = reading.allow_misspelt()
    reading.allow_synonyms(synonyms)
    reading.allow_family()
    concepts = _merge(list(reading.concepts.values()))
    for concept in concepts:
        concept.weight = rarity(concept.articles, count)
        if concept.surface in ASKING:
            concept.weight *= ASKING_SHARE
    return Question(concepts, tuple(corrections), reading.language)


class _Reading:
    """A question being read: its words by position, and what each may mean."""

    def __init__(self, text: str, lexicon: Lexicon, languages: Sequence[str]) -> None:
        self._lexicon = lexicon
        self._languages = languages
        self._compounds = split_compounds(text)
        self._words = [word for joined, parts in self._compounds for word in (parts or (joined,))]
        self.language = self._find_language()
        self._bit = 1 << languages.index(self.language) if self.language else 0
        self.concepts: dict[str, Concept] = {}
        self._at: dict[int, Concept] = {}
        for position, word in enumerate(self._words):
            surface = fold(word)
            if len(self._at) < _MAX_WORDS and not is_stopword(surface, self.language):
                self._at[position] = self.concepts.setdefault(surface, Concept(surface))

    def allow_as_written(self) -> None:
        """By the word itself in any language, and by its stem in the question's."""
        stems = {position: stem(self._words[position], self.language) for position in self._at}
        known = {term.name: term for term in self._lexicon.terms(set(stems.values()), self._bit)}
        for position, concept in self._at.items():
            if (term := known.get(stems[position])) is not None:
                self._take(concept, term, AS_WRITTEN)
        for surface, term, languages in self._lexicon.written(self.concepts):
            self._take(self.concepts[surface], term, AS_WRITTEN if languages & self._bit else FOREIGN)

    def allow_joined(self) -> None:
        """By what two neighbours, or the parts of a hyphenated word, are together."""
        wanted: list[tuple[str, tuple[int, ...]]] = []
        position = 0
        for joined, parts in self._compounds:
            if parts:
                wanted.append((fold(joined), tuple(range(position, position + len(parts)))))
            position += len(parts) or 1
        words = self._words
        wanted += [(fold(words[i] + words[i + 1]), (i, i + 1)) for i in range(len(words) - 1)]
        known: dict[str, list[Term]] = {}
        for surface, term, _ in self._lexicon.written({surface for surface, _ in wanted}):
            known.setdefault(surface, []).append(term)
        for surface, positions in wanted:
            for concept in (self._at[i] for i in positions if i in self._at):
                for term in known.get(surface, ()):
                    self._take(concept, term, JOINED)

    def allow_misspelt(self) -> list[tuple[str, str]]:
        """What an unknown word was probably meant to be; returns what was read as what."""
        corrections: list[tuple[str, str]] = []
        for concept in self.concepts.values():
            if max(concept.terms.values(), default=0.0) <= FOREIGN:
                corrections += self._near(concept) or self._two_in_one(concept)
        return corrections

    def allow_synonyms(self, synonyms: Synonyms) -> None:
        """By what the documents say means the same."""
        stems = {
            position: [fold(self._words[position]), *(stem(self._words[position], known) for known in self._languages)]
            for position in self._at
        }
        for position, term in synonyms.find(stems, self._lexicon):
            concept = self._at[position]
            concept.allow(term, SYNONYM)
            concept.articles = concept.articles or term.articles

    def allow_family(self) -> None:
        """By longer and shorter words of the same beginning."""
        for position, concept in self._at.items():
            surface = concept.surface
            if not surface.isalpha() or len(surface) < _FAMILY_STEM:
                continue
            root = stem(self._words[position], self.language)
            root = root if surface.startswith(root) else surface
            shorter = [surface[:length] for length in range(max(_FAMILY_STEM, len(root) - _FAMILY_SHORTER), len(root))]
            relatives = [term for _, term, _ in self._lexicon.written(shorter)]
            if len(root) >= _FAMILY_STEM:
                relatives += self._lexicon.family(root, len(root) + _FAMILY_LONGER)
            for term in relatives:
                concept.allow(term, FAMILY)
            concept.articles = concept.articles or max((term.articles for term in relatives), default=0)

    def _find_language(self) -> str:
        """The one whose grammar the question has, and in which its words are known; in doubt, that of most articles."""
        surfaces = {fold(word) for word in self._words}
        votes = [float(sum(is_stopword(word, language) for word in surfaces)) for language in self._languages]
        votes[:1] = [vote + _USUAL_LANGUAGE for vote in votes[:1]]
        for _, _, languages in self._lexicon.written(surfaces):
            for number in range(len(votes)):
                votes[number] += _KNOWN_WORD * (languages >> number & 1)
        return self._languages[votes.index(max(votes))] if votes else ""

    @staticmethod
    def _take(concept: Concept, term: Term, strength: float) -> None:
        concept.articles = max(concept.articles, term.articles)
        concept.allow(term, strength)

    def _near(self, concept: Concept) -> list[tuple[str, str]]:
        near = self._lexicon.near(concept.surface, self._bit)[:_MAX_CORRECTIONS]
        edits = {found.surface: found.edits for found in near if found.cost == near[0].cost}
        for surface, term, _ in self._lexicon.written(edits):
            self._take(concept, term, misspelt(concept.surface, edits[surface]))
        return [(concept.surface, near[0].surface)] if near else []

    def _two_in_one(self, concept: Concept) -> list[tuple[str, str]]:
        word = concept.surface
        cuts = range(_SPLIT_PART, len(word) - _SPLIT_PART + 1)
        halves = [(word[:cut], word[cut:]) for cut in cuts]
        halves += [(first[:-1], second) for first, second in halves if first.endswith("s") and len(first) > _SPLIT_PART]
        known = {
            surface: term for surface, term, _ in self._lexicon.written({half for pair in halves for half in pair})
        }
        for first, second in halves:
            if first in known and second in known:
                for half in (first, second):
                    concept.allow(known[half], TWO_IN_ONE)
                concept.articles = min(known[first].articles, known[second].articles)
                return [(word, f"{first} {second}")]
        return []


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

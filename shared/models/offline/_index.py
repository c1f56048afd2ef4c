"""How well each tool fits a text, from the words of the tools' specifications alone.

Three measures, added: how much of what the text says the tool's specification knows (each word weighed by how few
tools know it), how near the text is to one of the tool's examples, and whether the text is put the way the
examples are ("how do I …", "show me my …").
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from shared.models.offline._lexicon import SYNONYMS
from shared.models.offline._specification import Tool
from shared.models.offline._words import COMMON_WEIGHT, Word, compounds, split_words, stem

NAME_WEIGHT = 1.0
TAG_WEIGHT = 1.0
EXAMPLE_WEIGHT = 0.8
PROSE_WEIGHT = 0.6
ARGUMENT_WEIGHT = 0.4

SYNONYM_FACTOR = 0.7
TYPO_FACTOR = 0.8
PREFIX_FACTOR = 0.65
SHORTEST_TYPO = 5
SHORTEST_PREFIX = 4
LONGEST_ENDING = 6

COVERAGE_SHARE = 0.55
EXAMPLE_SHARE = 0.45
SHAPE_SHARE = 0.15

_SYNONYM_STEMS: dict[str, frozenset[str]] = {}
for _group in SYNONYMS:
    _stems = frozenset(stem(word) for word in _group)
    for _stem in _stems:
        _SYNONYM_STEMS[_stem] = _SYNONYM_STEMS.get(_stem, frozenset()) | (_stems - {_stem})


@dataclass(frozen=True, slots=True)
class Fit:
    """How well one tool fits one text.

    Attributes:
        tool: The tool.
        evidence: The weight of the words that speak for the tool; 1 is one telling word.
        coverage: The share (0 to 1) of what the text says that speaks for the tool.
        example: The likeness (0 to 1) to the nearest example.
        shape: The share (0 to 1) of the text's turns of phrase that the tool's examples have.
    """

    tool: Tool
    evidence: float
    coverage: float
    example: float
    shape: float

    @property
    def score(self) -> float:
        """The measures, added."""
        return COVERAGE_SHARE * self.coverage + EXAMPLE_SHARE * self.example + SHAPE_SHARE * self.shape


@dataclass(slots=True)
class _Profile:
    """One tool's words: weight by term, its examples as vectors, its turns of phrase."""

    terms: dict[str, float] = field(default_factory=dict)
    examples: list[dict[str, float]] = field(default_factory=list)
    shapes: set[str] = field(default_factory=set)


class ToolIndex:
    """The specifications of a set of tools, made ready for comparing texts with them. Immutable once built."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        self.tools = tuple(tools)
        self._profiles = [_profile(tool) for tool in self.tools]
        known = Counter(term for profile in self._profiles for term in profile.terms)
        self._rarity = {term: _rarity(count, len(self.tools)) for term, count in known.items()}
        phrases = Counter(shape for profile in self._profiles for shape in profile.shapes)
        self._shape_rarity = {shape: _rarity(count, len(self.tools)) for shape, count in phrases.items()}
        self._misspellings = _misspellings(term for term in known if len(term) >= SHORTEST_TYPO and term.isalpha())
        self._matches: dict[str, tuple[tuple[str, float], ...]] = {}

    def fits(self, text: str | tuple[Word, ...]) -> list[Fit]:
        """How well each tool fits, in the tools' own order."""
        words = split_words(text) if isinstance(text, str) else text
        query = self._query(words)
        shapes = _shapes(words)
        total = sum(weight for weight, _ in query.values())
        return [
            self._fit(tool, profile, query, total, shapes)
            for tool, profile in zip(self.tools, self._profiles, strict=True)
        ]

    def knows(self, term: str) -> bool:
        """Whether any tool's specification has the word, or one that stands for it."""
        return bool(self._match(term))

    def _fit(
        self,
        tool: Tool,
        profile: _Profile,
        query: Mapping[str, tuple[float, tuple[tuple[str, float], ...]]],
        total: float,
        shapes: Sequence[str],
    ) -> Fit:
        evidence = 0.0
        for weight, matches in query.values():
            best = max(
                (factor * self._rarity[term] * _saturated(profile.terms.get(term, 0.0)) for term, factor in matches),
                default=0.0,
            )
            evidence += weight * best
        found = sum(self._shape_rarity[shape] for shape in shapes if shape in profile.shapes)
        return Fit(
            tool=tool,
            evidence=evidence,
            coverage=evidence / total if total else 0.0,
            example=max((self._likeness(query, example) for example in profile.examples), default=0.0),
            shape=found / len(shapes) if shapes else 0.0,
        )

    def _likeness(
        self, query: Mapping[str, tuple[float, tuple[tuple[str, float], ...]]], example: Mapping[str, float]
    ) -> float:
        """The cosine of the two texts' weighted words."""
        dot = norm = 0.0
        for weight, matches in query.values():
            rarity = max((self._rarity[term] for term, _ in matches), default=1.0)
            mine = weight * (0.5 + 0.5 * rarity)
            norm += mine * mine
            dot += mine * max((factor * self._term_weight(term, example) for term, factor in matches), default=0.0)
        length = math.sqrt(norm * sum(self._term_weight(term, example) ** 2 for term in example))
        return dot / length if length else 0.0

    def _term_weight(self, term: str, example: Mapping[str, float]) -> float:
        weight = example.get(term, 0.0)
        return weight * (0.5 + 0.5 * self._rarity.get(term, 1.0)) if weight else 0.0

    def _query(self, words: tuple[Word, ...]) -> dict[str, tuple[float, tuple[tuple[str, float], ...]]]:
        """The text's terms: weight, and the known terms that each may stand for."""
        query: dict[str, tuple[float, tuple[tuple[str, float], ...]]] = {}
        joined = compounds(words)
        consumed: set[int] = set()
        for index, compound in joined.items():
            if compound in self._rarity:
                query[compound] = (1.0, ((compound, 1.0),))
                consumed.update(
                    part for part in (index, index + 1) if words[part].stem not in self._rarity or words[part].joined
                )
        for index, word in enumerate(words):
            if index in consumed or not word.weight:
                continue
            matches = self._match(word.stem)
            query.setdefault(word.stem, (word.weight, matches))
        return query

    def _match(self, term: str) -> tuple[tuple[str, float], ...]:
        found = self._matches.get(term)
        if found is None:
            if len(self._matches) > 50_000:  # noqa: PLR2004 -- a bound on what strangers' words may occupy
                self._matches.clear()
            found = self._matches[term] = tuple(self._find(term))
        return found

    def _find(self, term: str) -> list[tuple[str, float]]:
        found: dict[str, float] = {}
        if term in self._rarity:
            found[term] = 1.0
        for synonym in _SYNONYM_STEMS.get(term, ()):
            if synonym in self._rarity:
                found.setdefault(synonym, SYNONYM_FACTOR)
        if not found and term.isalpha():
            for other in self._rarity:
                if _same_root(term, other):
                    found[other] = PREFIX_FACTOR
            for other in self._corrections(term):
                found.setdefault(other, TYPO_FACTOR)
        return list(found.items())

    def _corrections(self, term: str) -> set[str]:
        if len(term) < SHORTEST_TYPO - 1:
            return set()
        return {
            other
            for variant in _deletions(term)
            for other in self._misspellings.get(variant, ())
            if other[0] == term[0] and abs(len(other) - len(term)) <= 1
        }


def _profile(tool: Tool) -> _Profile:
    profile = _Profile()
    _add(profile.terms, tool.title, NAME_WEIGHT)
    _add(profile.terms, tool.prose, PROSE_WEIGHT)
    for tag in tool.tags:
        _add(profile.terms, tag, TAG_WEIGHT)
    for name, schema in tool.properties.items():
        _add(profile.terms, name.replace("_", " "), ARGUMENT_WEIGHT)
        for choice in schema.get("enum") or ():
            _add(profile.terms, str(choice), ARGUMENT_WEIGHT)
    for example in tool.examples:
        words = split_words(example)
        terms = _terms(words)
        for term, weight in terms.items():
            profile.terms[term] = profile.terms.get(term, 0.0) + EXAMPLE_WEIGHT * weight
        profile.examples.append(terms)
        profile.shapes.update(_shapes(words))
    for tag in tool.tags:
        profile.examples.append(_terms(split_words(tag)))
    return profile


def _add(terms: dict[str, float], text: str, weight: float) -> None:
    for term, share in _terms(split_words(text)).items():
        terms[term] = terms.get(term, 0.0) + weight * share


def _terms(words: tuple[Word, ...]) -> dict[str, float]:
    terms: dict[str, float] = {}
    for word in words:
        if word.weight:
            terms[word.stem] = word.weight
    for index, compound in compounds(words).items():
        if words[index + 1].joined or words[index + 1].weight == 0:
            terms[compound] = 1.0
    return terms


def _shapes(words: tuple[Word, ...]) -> tuple[str, ...]:
    """Pairs of neighbouring words of which one carries grammar or asking, not the subject."""
    stems = [word.stem for word in words]
    return tuple(
        f"{first} {second}"
        for index, (first, second) in enumerate(pairwise(stems))
        if words[index].weight <= COMMON_WEIGHT
    )


def _rarity(count: int, tools: int) -> float:
    """1 for a word that one tool knows, falling to near 0 for one that all know."""
    return math.log(1 + (tools - count + 0.5) / (count + 0.5)) / math.log(1 + (tools - 0.5) / 1.5)


def _saturated(weight: float) -> float:
    return weight / (weight + 0.25) if weight else 0.0


def _same_root(term: str, other: str) -> bool:
    shorter, longer = sorted((term, other), key=len)
    return (
        len(shorter) >= SHORTEST_PREFIX and longer.startswith(shorter) and len(longer) - len(shorter) <= LONGEST_ENDING
    )


def _deletions(term: str) -> set[str]:
    """The term, and the term with any one letter left out (symmetric delete spelling correction)."""
    return {term} | {term[:index] + term[index + 1 :] for index in range(len(term))}


def _misspellings(terms: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for term in terms:
        for variant in _deletions(term):
            found.setdefault(variant, set()).add(term)
    return found

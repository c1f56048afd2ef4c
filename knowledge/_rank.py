"""Which articles fit a question, in two stages.

First, candidates from the postings, rarest terms first, within a fixed budget of work, so that the time does not grow
with the corpus. Then each candidate is scored exactly from its own words: the whole article and its best section by
BM25F, words of the question that stand together, and how much of the title was asked for.
"""

import heapq
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, islice
from typing import Final

from knowledge._question import Concept
from knowledge._storage import Stream, read_postings
from knowledge._weights import IMPACT_STEPS, Lengths, increments, saturate

_BUDGET: Final = 12_000
"""How many postings are read, all terms of a question together."""

_CHAMPIONS: Final = 1_500
"""How many postings of a term are read when the budget is used up: those of greatest impact."""

_CANDIDATES: Final = 48

_SECTION_SHARE: Final = 0.45
_TOGETHER: Final = 0.6
_TITLE_ASKED: Final = 0.5
_NEIGHBOURS: Final = 2
_SECTION_LENGTH: Final = 60.0
_HEADING_WEIGHT: Final = 1.6

Matches = Mapping[int, Sequence[tuple[int, float]]]
"""By word: the concepts (by position in the question) that it stands for, and how much a match counts."""


Found = Sequence[tuple[int, Sequence[tuple[int, float]]]]
"""Words of the question in a field: the position of each, and the concepts that it stands for."""


@dataclass(frozen=True, slots=True)
class Name:
    """What an article or a section is called, so far as the question has it.

    Attributes:
        asked: The share of the name's words that the question has.
        weight: What the question's words say that are in it.
        length: How many words it has.
    """

    asked: float
    weight: float
    length: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for an article.

    Attributes:
        section: How strongly each concept of the question is matched in its best section, from 0 to 1.
        subject: And in what says what it is about: title, aliases, tags, headings.
        names: Each of these that has a word of the question.
    """

    section: Sequence[float]
    subject: Sequence[float]
    names: Sequence[Name]


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate with its score, its best section's number, and what speaks for it."""

    article: int
    score: float
    section: int
    evidence: Evidence


def find_candidates(database: sqlite3.Connection, concepts: Sequence[Concept], allowed: bytes | None) -> list[int]:
    """The articles that the postings speak for most.

    Args:
        database: The index.
        concepts: The question's.
        allowed: A 1 for each article that may be found; None where all may.
    """
    strengths: dict[int, float] = {}
    for concept in concepts:
        for term, strength in concept.terms.items():
            strengths[term] = max(strengths.get(term, 0.0), strength * concept.weight)
    rows = database.execute(
        "SELECT id, articles, postings FROM terms WHERE id IN (SELECT value FROM json_each(?)) ORDER BY articles",
        (json.dumps(list(strengths)),),
    )
    found: dict[int, float] = {}
    get = found.get
    left = sum(strengths.values())
    budget = _BUDGET
    for term, count, postings in rows:
        if count > _CHAMPIONS and _is_decided(found, left):
            break
        left -= strengths[term]
        articles, impacts = read_postings(postings)
        pairs: Iterable[tuple[int, int]] = zip(articles, impacts, strict=True)
        if allowed is not None:
            pairs = compress(pairs, map(allowed.__getitem__, articles))
        taken = max(budget, _CHAMPIONS)
        budget = max(0, budget - count)
        factor = strengths[term] / IMPACT_STEPS
        for article, impact in islice(pairs, taken):
            found[article] = get(article, 0.0) + impact * factor
    return heapq.nlargest(_CANDIDATES, found, key=found.__getitem__)


def _is_decided(found: Mapping[int, float], left: float) -> bool:
    """Whether no article that has only the terms that are left could be a candidate."""
    return len(found) > _CANDIDATES and heapq.nlargest(_CANDIDATES, found.values())[-1] >= left


class Scorer:
    """Scores articles for one question."""

    def __init__(self, concepts: Sequence[Concept], matches: Matches, averages: Lengths) -> None:
        self._weights = [concept.weight for concept in concepts]
        self._total = sum(self._weights) or 1.0
        self._matches = matches
        self._averages = averages

    def score_all(self, database: sqlite3.Connection, candidates: Sequence[int]) -> list[Scored]:
        """Scores candidates, best first."""
        wanted = json.dumps(list(candidates))
        rows = database.execute("SELECT id, words FROM streams WHERE id IN (SELECT value FROM json_each(?))", (wanted,))
        scored = [self.score(article, Stream.unpack(words)) for article, words in rows]
        return sorted(scored, key=lambda found: (-found.score, found.article))

    def score(self, article: int, stream: Stream) -> Scored:
        """Scores one article."""
        title, aliases, heading, body = increments(stream.lengths(), self._averages)
        in_title = self._find(stream.title)
        whole = self._tally()
        whole.count(in_title, title)
        names = [(in_title, len(stream.title))]
        given = [in_title]
        for alias in stream.aliases:
            if in_alias := self._find(alias):
                whole.count(in_alias, aliases)
                names.append((in_alias, len(alias)))
                given.append(in_alias)
        subject = list(whole.strengths)
        best, best_score, best_section = 0, -1.0, whole.strengths
        for number, heading_words, body_words in stream.sections:
            in_heading, in_body = self._find(heading_words), self._find(body_words)
            if not in_heading and not in_body:
                continue
            section = self._tally()
            if in_heading:
                names.append((in_heading, len(heading_words)))
                whole.count(in_heading, heading)
                section.count(in_heading, _HEADING_WEIGHT)
                subject = list(map(max, subject, section.strengths))
            whole.count(in_body, body)
            section.count(in_body, 1 / (0.4 + 0.6 * len(body_words) / _SECTION_LENGTH))
            score = section.score() + _TOGETHER * (self._together(in_heading) + self._together(in_body))
            if score > best_score:
                best, best_score, best_section = number, score, section.strengths
        score = whole.score() + _SECTION_SHARE * max(0.0, best_score)
        score += _TOGETHER * max(map(self._together, given))
        score += _TITLE_ASKED * self._asked(in_title, len(stream.title)) * self._total / max(1, len(self._weights))
        named = [self._name(found, length) for found, length in names if found]
        return Scored(article, score, best, Evidence(best_section, subject, named))

    def _find(self, words: Sequence[int]) -> Found:
        """The words of the question among some words: where, and what each stands for."""
        matches = self._matches
        return [(position, matches[word]) for position, word in enumerate(words) if word in matches]

    def _tally(self) -> "_Tally":
        size = len(self._weights)
        return _Tally(self._weights, [0.0] * size, [0.0] * size)

    def _name(self, found: Found, length: int) -> Name:
        strengths: dict[int, float] = {}
        for _, match in found:
            for concept, strength in match:
                strengths[concept] = max(strengths.get(concept, 0.0), strength)
        weight = sum(self._weights[concept] * strength for concept, strength in strengths.items())
        return Name(self._asked(found, length), weight, length)

    @staticmethod
    def _asked(in_title: Found, length: int) -> float:
        """The share of a title's words that the question has."""
        return sum(max(strength for _, strength in match) for _, match in in_title) / max(1, length)

    def _together(self, found: Found) -> float:
        """The weight of neighbours in the question that are neighbours here too, each pair once."""
        if len(found) < 2:  # noqa: PLR2004 -- a pair
            return 0.0
        pairs: dict[tuple[int, int], float] = {}
        before: list[tuple[int, int, float]] = []
        for position, match in found:
            for concept, strength in match:
                for at, other, other_strength in before:
                    if position - at <= _NEIGHBOURS and abs(concept - other) == 1:
                        pair = (min(concept, other), max(concept, other))
                        gain = strength * other_strength * min(self._weights[concept], self._weights[other])
                        pairs[pair] = max(pairs.get(pair, 0.0), gain)
                before.append((position, concept, strength))
            del before[:-4]
        return sum(pairs.values())


@dataclass(slots=True)
class _Tally:
    """What has been counted of each concept: its weighted frequency, and its strongest match."""

    weights: Sequence[float]
    frequencies: list[float]
    strengths: list[float]

    def count(self, found: Found, increment: float) -> None:
        for _, match in found:
            for concept, strength in match:
                self.frequencies[concept] += increment * strength
                self.strengths[concept] = max(self.strengths[concept], strength)

    def score(self) -> float:
        pairs = zip(self.weights, self.frequencies, strict=True)
        return sum(weight * saturate(frequency) for weight, frequency in pairs if frequency)

"""Which articles fit a question, in two stages.

First, candidates from the postings, rarest terms first, within a fixed budget of work, so that the time does not grow
with the corpus. Then each candidate is scored exactly from its own words: the whole article and its best section by
BM25F, words of the question that stand together, and how much of the title was asked for.
"""

import heapq
import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from knowledge._question import Concept
from knowledge._storage import Stream, read_postings
from knowledge._weights import IMPACT_STEPS, Lengths, increments, saturate

_BUDGET: Final = 40_000
_CHAMPIONS: Final = 2_000
_CANDIDATES: Final = 48

_SECTION_SHARE: Final = 0.45
_TOGETHER: Final = 0.6
_TITLE_ASKED: Final = 0.5
_NEIGHBOURS: Final = 2
_SECTION_LENGTH: Final = 60.0
_HEADING_WEIGHT: Final = 1.6

Matches = Mapping[int, Sequence[tuple[int, float]]]
"""By word: the concepts (by position in the question) that it stands for, and how much a match counts."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """How strongly each concept of the question is matched, from 0 to 1.

    Attributes:
        anywhere: In the whole article.
        section: In its best section.
        subject: In what says what the article is about: title, aliases, tags, headings.
    """

    anywhere: Sequence[float]
    section: Sequence[float]
    subject: Sequence[float]


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate with its score, its best section's number, and what speaks for it."""

    article: int
    score: float
    section: int
    evidence: Evidence


def find_candidates(database: sqlite3.Connection, concepts: Sequence[Concept], allowed: bytes | None) -> list[int]:
    """The articles that the postings speak for most; `allowed` has a 1 for each article that may be found."""
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
    budget = _BUDGET
    for term, count, postings in rows:
        articles, impacts = read_postings(postings)
        taken = count if count <= budget else max(budget, _CHAMPIONS)
        budget = max(0, budget - taken)
        factor = strengths[term] / IMPACT_STEPS
        for article, impact in zip(articles[:taken], impacts, strict=False):
            found[article] = get(article, 0.0) + impact * factor
    if allowed is not None:
        found = {article: score for article, score in found.items() if allowed[article]}
    return heapq.nlargest(_CANDIDATES, found, key=found.__getitem__)


class Scorer:
    """Scores articles for one question."""

    def __init__(self, concepts: Sequence[Concept], matches: Matches, averages: Lengths) -> None:
        self._weights = [concept.weight for concept in concepts]
        self._total = sum(self._weights) or 1.0
        self._matches = matches
        self._averages = averages

    def score_all(self, database: sqlite3.Connection, candidates: Sequence[int]) -> list[Scored]:
        """Scores candidates, best first."""
        rows = database.execute(
            "SELECT id, words FROM streams WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(candidates)),),
        )
        scored = [self.score(article, Stream.unpack(words)) for article, words in rows]
        return sorted(scored, key=lambda found: (-found.score, found.article))

    def score(self, article: int, stream: Stream) -> Scored:
        """Scores one article."""
        title, aliases, heading, body = increments(stream.lengths(), self._averages)
        whole = self._tally()
        whole.count(stream.title, title)
        whole.count(stream.aliases, aliases)
        subject = list(whole.strengths)
        best, best_score, best_section = 0, -1.0, whole.strengths
        for number, heading_words, body_words in stream.sections:
            whole.count(heading_words, heading)
            section = self._tally()
            section.count(heading_words, _HEADING_WEIGHT)
            subject = list(map(max, subject, section.strengths))
            whole.count(body_words, body)
            section.count(body_words, 1 / (0.4 + 0.6 * len(body_words) / _SECTION_LENGTH))
            score = section.score() + _TOGETHER * (self._together(heading_words) + self._together(body_words))
            if score > best_score:
                best, best_score, best_section = number, score, section.strengths
        score = whole.score() + _SECTION_SHARE * max(0.0, best_score)
        score += _TOGETHER * (self._together(stream.title) + self._together(stream.aliases))
        score += _TITLE_ASKED * self._asked(stream.title) * self._total / max(1, len(self._weights))
        return Scored(article, score, best, Evidence(whole.strengths, best_section, subject))

    def _tally(self) -> "_Tally":
        size = len(self._weights)
        return _Tally(self._matches, self._weights, [0.0] * size, [0.0] * size)

    def _asked(self, title: Sequence[int]) -> float:
        """The share of a title's words that the question has."""
        matches = self._matches
        return sum(max(strength for _, strength in matches[word]) for word in title if word in matches) / max(
            1, len(title)
        )

    def _together(self, words: Sequence[int]) -> float:
        """The weight of neighbours in the question that are neighbours here too, each pair once."""
        found: dict[tuple[int, int], float] = {}
        before: list[tuple[int, int, float]] = []
        for position, word in enumerate(words):
            if word not in self._matches:
                continue
            for concept, strength in self._matches[word]:
                for at, other, other_strength in before:
                    if position - at <= _NEIGHBOURS and abs(concept - other) == 1:
                        pair = (min(concept, other), max(concept, other))
                        gain = strength * other_strength * min(self._weights[concept], self._weights[other])
                        found[pair] = max(found.get(pair, 0.0), gain)
                before.append((position, concept, strength))
            del before[:-4]
        return sum(found.values())


@dataclass(slots=True)
class _Tally:
    """What has been counted of each concept: its weighted frequency, and its strongest match."""

    matches: Matches
    weights: Sequence[float]
    frequencies: list[float]
    strengths: list[float]

    def count(self, words: Sequence[int], increment: float) -> None:
        for word in words:
            if word in self.matches:
                for concept, strength in self.matches[word]:
                    self.frequencies[concept] += increment * strength
                    self.strengths[concept] = max(self.strengths[concept], strength)

    def score(self) -> float:
        pairs = zip(self.weights, self.frequencies, strict=True)
        return sum(weight * saturate(frequency) for weight, frequency in pairs if frequency)

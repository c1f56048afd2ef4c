"""How good the search is on a set of questions: how often the right article is first, among five, or rightly none."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from knowledge import KnowledgeIndex

ARTICLES: Final = Path(__file__).parents[2] / "agents" / "docs_search" / "articles"
QUESTIONS: Final = Path(__file__).parent / "questions.yaml"


@dataclass(frozen=True, slots=True)
class Question:
    """A question, its kind, and the articles that answer it; none where nothing does."""

    text: str
    kind: str
    articles: tuple[str, ...]

    @property
    def is_held_out(self) -> bool:
        """Whether it belongs to the third that nothing may be tuned on."""
        return hashlib.blake2b(self.text.encode(), digest_size=8).digest()[0] % 3 == 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the search found for a question: the articles in order."""

    question: Question
    found: tuple[str, ...]
    confidence: float

    @property
    def is_first(self) -> bool:
        """A right article is the first."""
        return bool(self.found) and self.found[0] in self.question.articles

    @property
    def is_among_five(self) -> bool:
        """A right article is among the first five."""
        return any(article in self.question.articles for article in self.found[:5])

    @property
    def is_rightly_nothing(self) -> bool:
        """Nothing fits, and nothing was found."""
        return not self.question.articles and not self.found


@dataclass(frozen=True, slots=True)
class Scores:
    """Shares from 0 to 1."""

    answerable: int
    unanswerable: int
    hit_at_1: float
    hit_at_5: float
    nothing_fits: float


def read_questions() -> list[Question]:
    """All questions of the set."""
    rows = yaml.safe_load(QUESTIONS.read_text(encoding="utf-8"))
    return [Question(text, kind, tuple(articles)) for text, kind, articles in rows]


def ask(index: KnowledgeIndex, questions: Iterable[Question]) -> list[Outcome]:
    """Asks all questions."""
    outcomes = []
    for question in questions:
        hits = index.search(question.text).hits
        outcomes.append(Outcome(question, tuple(hit.article for hit in hits), hits[0].confidence if hits else 0.0))
    return outcomes


def score(outcomes: Sequence[Outcome]) -> Scores:
    """The shares over all outcomes."""
    answerable = [outcome for outcome in outcomes if outcome.question.articles]
    unanswerable = [outcome for outcome in outcomes if not outcome.question.articles]
    return Scores(
        answerable=len(answerable),
        unanswerable=len(unanswerable),
        hit_at_1=_share(outcome.is_first for outcome in answerable),
        hit_at_5=_share(outcome.is_among_five for outcome in answerable),
        nothing_fits=_share(outcome.is_rightly_nothing for outcome in unanswerable),
    )


def _share(values: Iterable[bool]) -> float:
    counted = list(values)
    return sum(counted) / len(counted) if counted else 1.0

"""How good the search is on labelled questions: how often the right article is first, among five, or rightly none.

    python -m benchmarks.knowledge_questions             # the shares, the failures of the tuning split
    python -m benchmarks.knowledge_questions --held-out  # the failures of the held-out split as well

The set is `tests/knowledge/questions.yaml`. A hash of each question decides whether it is held out. Whoever tunes the
search, or writes the articles, looks at the tuning split alone.
"""

import argparse
import hashlib
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from benchmarks.processes import ROOT
from benchmarks.report import table
from knowledge import KnowledgeIndex
from knowledge.building import build_index

ARTICLES: Final = ROOT / "agents" / "docs_search" / "articles"
QUESTIONS: Final = ROOT / "tests" / "knowledge" / "questions.yaml"
TARGETS: Final = (0.85, 0.95, 0.90)
"""The least shares of hits at 1, hits at 5, and of rightly nothing."""

_HELD_OUT: Final = 3


@dataclass(frozen=True, slots=True)
class Question:
    """A question, its kind, and the articles that answer it; none where nothing does."""

    text: str
    kind: str
    articles: tuple[str, ...]

    @property
    def is_held_out(self) -> bool:
        """Whether it belongs to the third that nothing may be tuned on."""
        return hashlib.blake2b(self.text.encode(), digest_size=8).digest()[0] % _HELD_OUT == 0


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
    def is_right(self) -> bool:
        """It is as it should be: a right article first, or rightly none."""
        return self.is_first if self.question.articles else not self.found


@dataclass(frozen=True, slots=True)
class Scores:
    """Shares from 0 to 1, and of how many questions."""

    answerable: int
    unanswerable: int
    hit_at_1: float
    hit_at_5: float
    nothing_fits: float

    def meets(self, targets: Sequence[float] = TARGETS) -> bool:
        """Whether no share is below its target."""
        shares = (self.hit_at_1, self.hit_at_5, self.nothing_fits)
        return all(share >= target for share, target in zip(shares, targets, strict=True))


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


def score(outcomes: Iterable[Outcome], *, held_out: bool | None = None, kind: str | None = None) -> Scores:
    """The shares over all outcomes, or over those of one split or kind."""
    chosen = [
        outcome
        for outcome in outcomes
        if (held_out is None or outcome.question.is_held_out == held_out)
        and (kind is None or outcome.question.kind == kind)
    ]
    answerable = [outcome for outcome in chosen if outcome.question.articles]
    unanswerable = [outcome for outcome in chosen if not outcome.question.articles]
    return Scores(
        answerable=len(answerable),
        unanswerable=len(unanswerable),
        hit_at_1=_share([outcome.is_first for outcome in answerable]),
        hit_at_5=_share([outcome.is_among_five for outcome in answerable]),
        nothing_fits=_share([not outcome.found for outcome in unanswerable]),
    )


def _share(values: Sequence[bool]) -> float:
    return sum(values) / len(values) if values else 1.0


def show(outcomes: Sequence[Outcome], *, held_out: bool) -> None:
    """Prints the shares by kind and split, and the failures; those of the held-out split only where it is asked for."""
    kinds = list(dict.fromkeys(outcome.question.kind for outcome in outcomes))
    header = ["questions", "tuning", "hit@1", "hit@5", "nothing", "held out", "hit@1", "hit@5", "nothing"]
    rows = [
        [
            kind or "all",
            *(cell for split in (False, True) for cell in _cells(score(outcomes, held_out=split, kind=kind))),
        ]
        for kind in [*kinds, None]
    ]
    print(f"{table(header, rows)}\n\nnothing: that nothing fits, and rightly so\n\nfailures")
    for outcome in outcomes:
        question = outcome.question
        if not outcome.is_right and (held_out or not question.is_held_out):
            right = ", ".join(question.articles) or "nothing"
            found = ", ".join(outcome.found) or "nothing"
            print(f"  {question.text!r}: {found} ({outcome.confidence:.2f}), not {right}")


def _cells(scores: Scores) -> list[str]:
    answerable = [f"{scores.hit_at_1:.1%}", f"{scores.hit_at_5:.1%}"] if scores.answerable else ["", ""]
    nothing = f"{scores.nothing_fits:.1%}" if scores.unanswerable else ""
    return [str(scores.answerable + scores.unanswerable), *answerable, nothing]


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.knowledge_questions", description="The search.")
    parser.add_argument("--held-out", action="store_true", help="print the failures of the held-out split as well")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="helpdesk-eval-") as folder:
        path = Path(folder) / "index.sqlite3"
        build_index(ARTICLES, path)
        with KnowledgeIndex(path) as index:
            show(ask(index, read_questions()), held_out=options.held_out)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""How sure it is that an article is about the question.

A logistic regression of things that do not grow with the corpus, fitted on the development part of
`tests/knowledge/questions.yaml`: how much of the question is met, how rare that is, how many of its words stand
together in one section or say what the article is about, how many telling words are nowhere in it, and whether a
question of one word names the article's subject.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Final

from knowledge._question import Concept
from knowledge._rank import Scored
from knowledge._weights import rarity

_DENSITY: Final = 3.1
_REACH: Final = 1.9
_TOGETHER: Final = 1.6
_SUBJECT: Final = 0.8
_MISSING: Final = -1.0
_KEYWORD: Final = 1.7
_BIAS: Final = -5.1

_MOST_DENSITY: Final = 2.0
_LEAST_REACH: Final = 0.05
_MOST_WORDS: Final = 3
_MOST_MISSING: Final = 4
_MATCHED: Final = 0.5
_TELLING: Final = 0.3
_WHOLLY: Final = 0.8


def confidence(concepts: Sequence[Concept], found: Scored, count: int) -> float:
    """From 0 to 1; with 0.5 the article is as likely to answer the question as not.

    Args:
        concepts: The question's.
        found: The article's score, and what speaks for it.
        count: How many articles the index has.
    """
    total = sum(concept.weight for concept in concepts)
    if not total:
        return 0.0
    rarest = rarity(0, count)
    evidence = found.evidence
    telling = [concept.weight > _TELLING * rarest for concept in concepts]
    missing = sum(tells and strength < _MATCHED for tells, strength in zip(telling, evidence.anywhere, strict=True))
    is_its_keyword = sum(telling) <= 1 and _share(concepts, evidence.subject) > _WHOLLY
    logit = (
        _BIAS
        + _DENSITY * min(_MOST_DENSITY, found.score / total)
        + _REACH * math.log(_LEAST_REACH + found.score / rarest)
        + _TOGETHER * _matched(map(max, evidence.section, evidence.subject))
        + _SUBJECT * _matched(evidence.subject)
        + _MISSING * min(_MOST_MISSING, missing)
        + _KEYWORD * is_its_keyword
    )
    return 1 / (1 + math.exp(-logit))


def _share(concepts: Sequence[Concept], strengths: Sequence[float]) -> float:
    """The share of the question that is matched; common words count for more than in the ranking."""
    weights = [math.sqrt(concept.weight) for concept in concepts]
    return sum(weight * strength for weight, strength in zip(weights, strengths, strict=True)) / sum(weights)


def _matched(strengths: Iterable[float]) -> int:
    return min(_MOST_WORDS, sum(strength > _MATCHED for strength in strengths))

"""How sure it is that an article is about the question.

A logistic regression of things that do not grow with the corpus, fitted on the development part of
`tests/knowledge/questions.yaml`: how much of the question is met, how rare that is, how many of its words stand
together in one section or say what the article is about, whether all do, and how many telling words are nowhere.
"""

import math
from collections.abc import Sequence
from typing import Final

from knowledge._question import Concept
from knowledge._rank import Scored

_DENSITY: Final = 2.5
_REACH: Final = 2.2
_WORDS: Final = 1.8
_MISSING: Final = -0.8
_WHOLE: Final = 1.1
_BIAS: Final = -3.35

_MOST_DENSITY: Final = 2.0
_LEAST_REACH: Final = 0.05
_MOST_WORDS: Final = 3
_MOST_MISSING: Final = 4
_MATCHED: Final = 0.5
_TELLING: Final = 0.3
_WHOLLY: Final = 0.9


def confidence(concepts: Sequence[Concept], found: Scored, count: int) -> float:
    """From 0 to 1; with 0.5 the article is as likely to answer the question as not.

    Args:
        concepts: The question's.
        found: The article's score.
        count: How many articles the index has.
    """
    total = sum(concept.weight for concept in concepts)
    if not total:
        return 0.0
    rarest = math.log(1 + 2 * count)
    density = min(_MOST_DENSITY, found.score / total)
    reach = math.log(_LEAST_REACH + found.score / rarest)
    evidence = found.evidence
    matched = list(map(max, evidence.section, evidence.subject))
    words = sum(strength > _MATCHED for strength in matched)
    missing = sum(
        concept.weight > _TELLING * rarest and strength < _MATCHED
        for concept, strength in zip(concepts, evidence.anywhere, strict=True)
    )
    logit = (
        _BIAS
        + _DENSITY * density
        + _REACH * reach
        + _WORDS * min(_MOST_WORDS, words)
        + _MISSING * min(_MOST_MISSING, missing)
        + _WHOLE * (_share(concepts, matched) > _WHOLLY)
    )
    return 1 / (1 + math.exp(-logit))


def _share(concepts: Sequence[Concept], matched: Sequence[float]) -> float:
    """The share of the question that is matched; common words count for more than in the ranking."""
    weights = [math.sqrt(concept.weight) for concept in concepts]
    return sum(weight * strength for weight, strength in zip(weights, matched, strict=True)) / sum(weights)

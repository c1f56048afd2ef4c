"""How sure it is that an article is about the question.

A logistic regression of things that do not grow with the corpus, fitted on the tuning part of
`tests/knowledge/questions.yaml`, over the articles as they are and over the same without aliases, tags and synonyms, as
a new knowledge base has them. It looks at how much of the question is met, how rare that is, how many of its words
stand together, and whether it has a whole name: a title, an alias or a heading, which a question on another subject
that happens to share some words has not. A single telling word is a keyword: whatever has it is what was looked for.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Final

from knowledge._question import Concept
from knowledge._rank import Scored
from knowledge._weights import rarity

_DENSITY: Final = 2.3
_REACH: Final = 2.6
_TOGETHER: Final = 0.18
_WHOLE_NAME: Final = 1.0
_WHOLE_PHRASE: Final = 0.56
_HALF_NAME: Final = -1.6
_NAME: Final = 1.7
_KEYWORD: Final = 2.5
_BIAS: Final = -1.18

_MOST_DENSITY: Final = 2.0
_LEAST_REACH: Final = 0.05
_MOST_WORDS: Final = 3
_MOST_NAMED: Final = 2.0
_MATCHED: Final = 0.5
_WHOLLY: Final = 0.8
_NEARLY: Final = 0.7
_HALF: Final = 0.45
_TELLING: Final = 0.3


def confidence(concepts: Sequence[Concept], found: Scored, count: int) -> float:
    """From 0 to 1; with 0.5 the article is as likely to answer the question as is needed to show it.

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
    names = evidence.names

    def said_by(least: float) -> float:
        """How much the question says with a name that it has so much of."""
        return min(_MOST_NAMED, max((name.weight for name in names if name.asked >= least), default=0.0) / rarest)

    logit = (
        _BIAS
        + _DENSITY * min(_MOST_DENSITY, found.score / total)
        + _REACH * math.log(_LEAST_REACH + found.score / rarest)
        + _TOGETHER * _matched(map(max, evidence.section, evidence.subject))
        + _WHOLE_NAME * said_by(_WHOLLY)
        + _HALF_NAME * said_by(_HALF)
        + _WHOLE_PHRASE * any(name.asked > _NEARLY and name.length > 1 for name in names)
        + _KEYWORD * (len(concepts) == 1 and total > _TELLING * rarest and evidence.section[0] > _WHOLLY)
        + _NAME * max((name.asked * name.weight for name in names), default=0.0) / total
    )
    return 1 / (1 + math.exp(-logit))


def _matched(strengths: Iterable[float]) -> int:
    return min(_MOST_WORDS, sum(strength > _MATCHED for strength in strengths))

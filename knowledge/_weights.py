"""The numbers of the ranking, in one place; tuned on the development part of `tests/knowledge/questions.yaml` alone.

The first stage is BM25F (Robertson, Zaragoza, "The Probabilistic Relevance Framework", 2009, §3.4 and §3.6): a term's
frequencies in the fields, weighted and normalised by field length, are added before they are saturated.
"""

import math
from typing import Final

FIELD_WEIGHTS: Final = (4.5, 4.5, 4.0, 1.0)
"""Of title, aliases and tags, headings, body."""

FIELD_LENGTH: Final = (0.5, 0.4, 0.4, 0.3)
"""How much a field's length counts against it, from 0 to 1 (BM25F's b)."""

SATURATION: Final = 2.5
"""How soon further occurrences stop to matter (BM25F's k1)."""

IMPACT_STEPS: Final = 255
"""An article's saturated frequency of a term is kept in one byte."""


Lengths = tuple[float, float, float, float]
"""How many words the four fields have."""


def increments(lengths: Lengths, averages: Lengths) -> tuple[float, ...]:
    """What one occurrence in each field adds to a term's weighted frequency, in an article with these field lengths."""
    return tuple(
        weight / (1 - b + b * length / average) if average else weight
        for weight, b, length, average in zip(FIELD_WEIGHTS, FIELD_LENGTH, lengths, averages, strict=True)
    )


def saturate(frequency: float) -> float:
    """From a weighted frequency to a share of the term's weight, from 0 to 1."""
    return frequency / (SATURATION + frequency)


FEW: Final = 60
"""In fewer articles than these, how many have a word says little: they are weighed as if there were so many."""


def rarity(articles: int, count: int) -> float:
    """How much a word says that so many of all articles have: the rarer, the more."""
    return math.log(1 + (max(count, FEW) - articles + 0.5) / (articles + 0.5))


AS_WRITTEN: Final = 1.0
FOREIGN: Final = 0.7
JOINED: Final = 0.95
SYNONYM: Final = 0.6
TWO_IN_ONE: Final = 0.4
FAMILY: Final = 0.5
"""How much a match counts, by how a term came to stand for a word of the question."""

ASKING_SHARE: Final = 0.3
"""How much of its weight a word keeps that asks more than it says (show, guide, problem)."""


def misspelt(word: str, edits: int) -> float:
    """How much a match counts if the word was misspelt: a short word may well be another."""
    return 1.0 - min(0.5, edits**2 * 1.2 / len(word))

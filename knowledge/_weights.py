"""The numbers of the ranking, in one place; tuned on the development part of `tests/knowledge/questions.yaml` alone.

The first stage is BM25F (Robertson, Zaragoza, "The Probabilistic Relevance Framework", 2009, §3.4 and §3.6): a term's
frequencies in the fields, weighted and normalised by field length, are added before they are saturated.
"""

from typing import Final

FIELD_WEIGHTS: Final = (4.0, 3.0, 2.0, 1.0)
"""Of title, aliases and tags, headings, body."""

FIELD_LENGTH: Final = (0.4, 0.3, 0.3, 0.6)
"""How much a field's length counts against it, from 0 to 1 (BM25F's b)."""

SATURATION: Final = 1.6
"""How soon further occurrences stop to matter (BM25F's k1)."""

IMPACT_STEPS: Final = 255
"""An article's saturated frequency of a term is kept in one byte."""


def increments(lengths: tuple[int, int, int, int], averages: tuple[float, float, float, float]) -> tuple[float, ...]:
    """What one occurrence in each field adds to a term's weighted frequency, in an article with these field lengths."""
    return tuple(
        weight / (1 - b + b * length / average) if average else weight
        for weight, b, length, average in zip(FIELD_WEIGHTS, FIELD_LENGTH, lengths, averages, strict=True)
    )


def saturate(frequency: float) -> float:
    """From a weighted frequency to a share of the term's weight, from 0 to 1."""
    return frequency / (SATURATION + frequency)

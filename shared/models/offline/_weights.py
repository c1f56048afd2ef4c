"""How much each measure of a tool's fit weighs: learnt from the labelled set, for whatever tools there are.

A conditional logit: each tool has a score, the sum of its measures by these weights; "none of them" has one too; and
the odds of two are the exponential of their scores' difference. `python -m benchmarks.learn_routing` fits the weights
to the tuning split and says how well they do on what they were not fitted to (ADR 0010).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.models.offline._mood import Mood


@dataclass(frozen=True, slots=True)
class Measures:
    """What speaks for one tool.

    Attributes:
        evidence: Words that its specification has, each in the proportion in which it has them.
        pairs: Pairs of words that stand together in its specification alone.
        likeness: To the nearest of its examples and tags.
        shape: Turns of phrase that its examples have.
        mood: The logarithm of its share in the way that the text is put.
        field: Words that no specification has, and that are of the fields that its own words are of.
        likelihood: The logarithm of how likely the text is among what was said for it, of all alternatives.
        nearness: To the nearest few of what was said for it.
    """

    evidence: float
    pairs: float
    likeness: float
    shape: float
    mood: float
    field: float
    likelihood: float
    nearness: float


@dataclass(frozen=True, slots=True)
class Against:
    """What speaks for no tool at all.

    Attributes:
        mood: How the text is put.
        unknown: Things that no specification knows.
        known: Words that some specification has: they speak against it.
        far: Words of fields that no tool's own words are of.
        likelihood: The logarithm of how likely the text is among what is said elsewhere, of all alternatives.
        nearness: To the nearest few of what is said elsewhere.
        scarcity: Of the tools' examples: where there are few, it says little that none is like the text.
    """

    mood: Mood
    unknown: float
    known: float
    far: float
    likelihood: float
    nearness: float
    scarcity: float


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of what is measured."""

    evidence: float
    pairs: float
    likeness: float
    shape: float
    mood: float
    field: float
    likelihood: float
    nearness: float
    none: Mapping[Mood, float]
    unknown: float
    known: float
    far: float
    none_likelihood: float
    none_nearness: float
    scarcity: float

    def tool(self, measures: Measures) -> float:
        """A tool's score."""
        return (
            self.evidence * measures.evidence
            + self.pairs * measures.pairs
            + self.likeness * measures.likeness
            + self.shape * measures.shape
            + self.mood * measures.mood
            + self.field * measures.field
            + self.likelihood * measures.likelihood
            + self.nearness * measures.nearness
        )

    def no_tool(self, against: Against) -> float:
        """The score of none of the tools."""
        return (
            self.none[against.mood]
            + self.unknown * against.unknown
            + self.known * against.known
            + self.far * against.far
            + self.none_likelihood * against.likelihood
            + self.none_nearness * against.nearness
            + self.scarcity * against.scarcity
        )


WEIGHTS = Weights(
    evidence=1.46,
    pairs=1.87,
    likeness=3.29,
    shape=0.51,
    mood=1.91,
    field=3.01,
    likelihood=0.31,
    nearness=2.44,
    none={
        Mood.ORDER: 2.72,
        Mood.HOW: 1.26,
        Mood.PERMISSION: 1.07,
        Mood.QUESTION: 1.56,
        Mood.OWN: 0.61,
        Mood.STATEMENT: 1.86,
    },
    unknown=-0.39,
    known=-0.44,
    far=1.60,
    none_likelihood=0.39,
    none_nearness=3.41,
    scarcity=-2.86,
)

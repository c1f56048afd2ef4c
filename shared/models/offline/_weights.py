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
    """

    evidence: float
    pairs: float
    likeness: float
    shape: float
    mood: float
    field: float


@dataclass(frozen=True, slots=True)
class Against:
    """What speaks for no tool at all.

    Attributes:
        mood: How the text is put.
        unknown: Things that no specification knows.
        known: Words that some specification has: they speak against it.
        far: Words of fields that no tool's own words are of.
    """

    mood: Mood
    unknown: float
    known: float
    far: float


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of what is measured."""

    evidence: float
    pairs: float
    likeness: float
    shape: float
    mood: float
    field: float
    none: Mapping[Mood, float]
    unknown: float
    known: float
    far: float

    def tool(self, measures: Measures) -> float:
        """A tool's score."""
        return (
            self.evidence * measures.evidence
            + self.pairs * measures.pairs
            + self.likeness * measures.likeness
            + self.shape * measures.shape
            + self.mood * measures.mood
            + self.field * measures.field
        )

    def no_tool(self, against: Against) -> float:
        """The score of none of the tools."""
        return (
            self.none[against.mood]
            + self.unknown * against.unknown
            + self.known * against.known
            + self.far * against.far
        )


WEIGHTS = Weights(
    evidence=3.4,
    pairs=3.5,
    likeness=3.6,
    shape=2.4,
    mood=2.7,
    field=2.8,
    none={
        Mood.ORDER: 2.0,
        Mood.HOW: 1.2,
        Mood.PERMISSION: 0.8,
        Mood.QUESTION: 2.0,
        Mood.OWN: 0.3,
        Mood.STATEMENT: 1.0,
    },
    unknown=0.8,
    known=-0.8,
    far=1.5,
)

"""What has been said before: by those who wanted each tool, and by those who wanted something else altogether.

The first stands on the tools' cards, as examples and tags. The second is in `elsewhere.txt`: what people ask for in
the rest of their lives, so that "none of the tools" is known by more than what no tool knows.

Two measures are taken of a text against both. How likely it is among what was said for each tool, by its words and by
pairs of neighbouring ones (naive Bayes, by how many of the texts have each); and how near it is to the nearest few.
"""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from shared.models.offline._profile import topics_of
from shared.models.offline._specification import Tool
from shared.models.offline._vocabulary import representative
from shared.models.offline._words import Word, split_words, terms_of

ELSEWHERE = Path(__file__).with_name("elsewhere.txt")
NEAREST = 3
COMMON = 1 / 25  # of the texts: what is in more of them makes none nearer
LEAST_LENGTH = 1.0
MANY = 40  # examples of a tool, which outweigh by themselves what is said elsewhere of the same things
LEAST_LIKELY = -8.0  # the logarithm below which it makes no difference how unlikely a text is
PRIOR = 0.3  # texts that are imagined beside those that were said
UNSEEN = 0.006  # of the imagined ones, those that have a word which none of the real ones has

Features = frozenset[str]


@dataclass(frozen=True, slots=True)
class Memory:
    """What a text recalls: of each tool, and last of none of them.

    Attributes:
        likelihood: The logarithm of how likely the text is for it, of all alternatives; 0 is certain.
        nearness: To the nearest texts (0 to 1).
    """

    likelihood: tuple[float, ...]
    nearness: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """Something said elsewhere: its features, and the words that say what it is about."""

    features: Features
    words: tuple[str, ...]

    def is_about(self, topics: Collection[str]) -> bool:
        """Whether it is for a tool after all: half of its words or more are what the tools are for."""
        return bool(self.words) and 2 * sum(word in topics for word in self.words) >= len(self.words)


class Experience:
    """What was said for each of a set of tools, and for none.

    Attributes:
        scarcity: 1 where the tools have no examples, 0 where one of them has many.
    """

    def __init__(self, tools: Sequence[Tool]) -> None:
        self.scarcity = 1.0 - min(1.0, max((len(tool.examples) for tool in tools), default=0) / MANY)
        topics = frozenset(term for tool in tools if len(tool.examples) < MANY for term in topics_of(tool))
        said = [tuple(_features(split_words(text)) for text in (*tool.examples, *tool.tags)) for tool in tools]
        said.append(tuple(one.features for one in _said_elsewhere() if not one.is_about(topics)))
        total = sum(map(len, said))
        counts = Counter(feature for texts in said for text in texts for feature in text)
        self._rates = _rates(said)
        self._squares = {
            feature: math.log(1 + total / count) ** 2 if count <= COMMON * total else 0.0
            for feature, count in counts.items()
        }
        self._unknown = math.log(1 + total) ** 2
        self._alternatives = len(said)
        self._texts: list[tuple[int, float]] = []
        self._with: dict[str, list[int]] = {}
        for place, texts in enumerate(said):
            for text in texts:
                for feature in text:
                    self._with.setdefault(feature, []).append(len(self._texts))
                length = math.sqrt(sum(self._squares[feature] for feature in text))
                self._texts.append((place, max(LEAST_LENGTH, length)))

    def recall(self, words: tuple[Word, ...], meant: Mapping[str, str]) -> Memory:
        """Compares a text with all that was said; `meant` is what words stand for that nobody said."""
        features = sorted({self._known(feature, meant) for feature in _features(words)})
        return Memory(self._likelihood(features), self._nearness(features))

    def _known(self, feature: str, meant: Mapping[str, str]) -> str:
        """A pair as it is; a word that nobody said as the known one that it stands for."""
        return feature if feature in self._with else representative(meant.get(feature, feature))

    def _likelihood(self, features: Sequence[str]) -> tuple[float, ...]:
        known = [self._rates[feature] for feature in features if feature in self._rates]
        sums = [sum(rates) for rates in zip(*known, strict=True)] if known else [0.0] * self._alternatives
        most = max(sums)
        total = most + math.log(sum(math.exp(one - most) for one in sums))
        return tuple(max(LEAST_LIKELY, one - total) for one in sums)

    def _nearness(self, features: Sequence[str]) -> tuple[float, ...]:
        shared: dict[int, float] = {}
        length = 0.0
        for feature in features:
            square = self._squares.get(feature, self._unknown)
            length += square
            if not square:
                continue
            for number in self._with.get(feature, ()):
                shared[number] = shared.get(number, 0.0) + square
        nearest: list[list[float]] = [[] for _ in range(self._alternatives)]
        for number, value in shared.items():
            place, theirs = self._texts[number]
            nearest[place].append(value / theirs)
        length = math.sqrt(length) or 1.0
        return tuple(sum(sorted(values)[-NEAREST:]) / (NEAREST * length) for values in nearest)


def _rates(said: Sequence[Sequence[Features]]) -> dict[str, tuple[float, ...]]:
    """For each feature, by alternative, the logarithm of the share of its texts that have it."""
    counts = [Counter(feature for text in texts for feature in text) for texts in said]
    return {
        feature: tuple(
            math.log((count[feature] + UNSEEN) / (len(texts) + PRIOR))
            for count, texts in zip(counts, said, strict=True)
        )
        for feature in {feature for count in counts for feature in count}
    }


@cache
def _said_elsewhere() -> tuple[_Elsewhere, ...]:
    lines = ELSEWHERE.read_text(encoding="utf-8").splitlines()
    said = [split_words(line) for line in lines if line and not line.startswith("#")]
    return tuple(
        _Elsewhere(_features(words), tuple(term.text for term in terms_of(words) if term.weight == 1.0))
        for words in said
    )


def _features(words: tuple[Word, ...]) -> Features:
    """The terms of a text, one for all that mean the same, and each two words that stand together."""
    stems = ["<", *(word.stem for word in words), ">"]
    return frozenset(
        (*(representative(term.text) for term in terms_of(words)), *(f"{one} {two}" for one, two in pairwise(stems)))
    )

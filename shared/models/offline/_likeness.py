"""How near a text is to the examples and the tags of each tool."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from shared.models.offline._specification import Tool
from shared.models.offline._vocabulary import Match
from shared.models.offline._words import Term, split_words, terms_of

TAG_LIKENESS = 0.75  # a tag is not a whole request
PRESENT = 0.5  # the share of a tag's words that a text must have, for the tag to be in it

Query = Mapping[str, tuple[float, tuple[Match, ...]]]
"""A text's terms: the weight of each, and the known terms that it may stand for."""


@dataclass(frozen=True, slots=True)
class _Text:
    """An example or a tag: whose it is, its weighted terms' length and sum, and whether it counts only if present."""

    tool: int
    length: float
    total: float
    is_tag: bool


@dataclass(frozen=True, slots=True)
class Nearness:
    """For each tool, the likeness to the nearest example or tag, and the text's terms that make up tags of it."""

    likeness: list[float]
    in_tags: list[set[str]]


class Likeness:
    """The examples and tags of a set of tools, by their terms."""

    def __init__(self, tools: Sequence[Tool], weight: Callable[[Term], float]) -> None:
        self._tools = len(tools)
        texts = [
            (place, text, is_tag)
            for place, tool in enumerate(tools)
            for text, is_tag in (*((one, False) for one in tool.examples), *((one, True) for one in tool.tags))
        ]
        # A tag of which all but one word is grammar ("out of office") is not recognised by that word.
        texts = [
            (place, text, is_tag)
            for place, text, is_tag in texts
            if not is_tag or len(split_words(text)) == 1 or len(terms_of(split_words(text))[:2]) > 1
        ]
        vectors = [{term.text: weight(term) for term in terms_of(split_words(text))} for _, text, _ in texts]
        counts = Counter(term for vector in vectors for term in vector)
        self._rarity = {
            term: math.log(1 + len(vectors) / count) / math.log(1 + len(vectors)) for term, count in counts.items()
        }
        self._texts: list[_Text] = []
        self._by_term: dict[str, list[tuple[int, float]]] = {}
        for number, ((place, _, is_tag), vector) in enumerate(zip(texts, vectors, strict=True)):
            weighed = {term: value * self._rarity[term] for term, value in vector.items()}
            length = math.sqrt(sum(value * value for value in weighed.values()))
            self._texts.append(_Text(place, length, sum(weighed.values()), is_tag))
            for term, value in weighed.items():
                self._by_term.setdefault(term, []).append((number, value))

    def near(self, query: Query) -> Nearness:
        """Compares a text with every example and tag (cosine of the weighted terms)."""
        dots: dict[int, float] = {}
        shared: dict[int, float] = {}
        by: dict[int, set[str]] = {}
        norm = 0.0
        for said, (weight, matches) in query.items():
            mine = weight * max((self._rarity.get(term, 1.0) for term, _ in matches), default=1.0)
            norm += mine * mine
            nearest: dict[int, float] = {}
            for term, factor in matches:
                for number, theirs in self._by_term.get(term, ()):
                    nearest[number] = max(nearest.get(number, 0.0), factor * theirs)
            for number, theirs in nearest.items():
                dots[number] = dots.get(number, 0.0) + mine * theirs
                shared[number] = shared.get(number, 0.0) + theirs
                by.setdefault(number, set()).add(said)
        likeness = [0.0] * self._tools
        in_tags: list[set[str]] = [set() for _ in range(self._tools)]
        for number, dot in dots.items():
            text = self._texts[number]
            if text.is_tag and shared[number] < PRESENT * text.total:
                continue
            cosine = dot / (math.sqrt(norm) * text.length)
            likeness[text.tool] = max(likeness[text.tool], cosine * (TAG_LIKENESS if text.is_tag else 1.0))
            if text.is_tag and len(by[number]) > 1:
                in_tags[text.tool] |= by[number]
        return Nearness(likeness, in_tags)

"""How well each tool fits a text, from the words of the tools' specifications alone.

Six measures, added: whether the text has a word that the tool is tagged with, how much of what the text says speaks
for the tool (each word for the tools whose specifications have it, in the proportion in which they have it), pairs of
words that stand together in a specification too, how near the text is to one of the tool's examples or tags, whether
it has the examples' turns of phrase ("show me my …"), and whether it is put as they are (as an order, as a question
how, …).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from shared.models.offline._likeness import Likeness, Query
from shared.models.offline._mood import Mood, mood_of
from shared.models.offline._profile import (
    denied_name,
    joined_of,
    make_profile,
    orders_of,
    pairs_of,
    shared_moods,
    shared_shapes,
    shared_weights,
    topics_of,
    turns_of_phrase,
)
from shared.models.offline._specification import Tool
from shared.models.offline._vocabulary import Match, Vocabulary
from shared.models.offline._words import DENIAL, Term, Word, denied_of, is_frequent, split_words, stem, terms_of

TOPIC_SHARE = 0.12
COVERAGE_SHARE = 0.52
PAIR_SHARE = 0.15
EXAMPLE_SHARE = 0.26
SHAPE_SHARE = 0.2
MOOD_SHARE = 0.28

TOPIC_WEIGHT = 0.43  # of a word that is common in English, and yet a tag or the name of a tool
FREQUENT_WEIGHT = 0.52  # of an everyday word that a specification has, and is not tagged with
UNKNOWN_NAME_WEIGHT = 0.25  # a name says which one, not what kind of thing
IN_TAG_AFFINITY = 0.4  # of a word that makes up a tag together with others of the text
ASIDE_FACTOR = 0.85  # for what only qualifies an unknown thing
DENIED_FACTOR = 0.5  # for what is said not to be or to work: what is said is the denial
ASIDE_REACH = 3  # words, from the preposition
_ASIDE_PREPOSITIONS = frozenset({"in", "on", "at", "of", "about", "near", "behind", "from", "by", "under"})


@dataclass(frozen=True, slots=True)
class Fit:
    """How well one tool fits one text.

    Attributes:
        tool: The tool.
        topic: The weight of the most telling word that the tool is named by or tagged with.
        evidence: The weight of the words that speak for the tool; 1 is one telling word.
        coverage: The share (0 to 1) of what the text says that speaks for the tool.
        pairs: The number of pairs of words that only this tool's specification has, shared ones in part.
        likeness: To the nearest example or tag (0 to 1).
        shape: The share (0 to 1) of the text's turns of phrase that the tool's examples have.
        mood: The share (0 to 1) that the tool has in the way that the text is put.
    """

    tool: Tool
    topic: float
    evidence: float
    coverage: float
    pairs: float
    likeness: float
    shape: float
    mood: float

    @property
    def score(self) -> float:
        """The measures, added."""
        return (
            TOPIC_SHARE * self.topic
            + COVERAGE_SHARE * self.coverage
            + PAIR_SHARE * min(1.0, self.pairs)
            + EXAMPLE_SHARE * self.likeness
            + SHAPE_SHARE * self.shape
            + MOOD_SHARE * self.mood
        )


class ToolIndex:
    """The specifications of a set of tools, made ready for comparing texts with them."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        self.tools = tuple(tools)
        profiles = [make_profile(tool) for tool in self.tools]
        self._terms = shared_weights([profile.terms for profile in profiles])
        self._pairs = shared_weights([profile.pairs for profile in profiles])
        self._shapes = shared_shapes(profiles)
        self._moods = shared_moods(self.tools)
        self._topics_of = [frozenset(topics_of(tool)) for tool in self.tools]
        self._topics = frozenset(term for topics in self._topics_of for term in topics)
        self.orders = orders_of(self.tools)
        self._written_as_one = joined_of(self.tools)
        self._vocabulary = Vocabulary(self._terms)
        self._likeness = Likeness(self.tools, self._weight)

    def fits(self, text: str, mood: Mood | None = None) -> list[Fit]:
        """How well each tool fits, in the tools' own order; `mood` is how the text is put, if not as it seems."""
        words = split_words(text)
        query = self._query(words)
        near = self._likeness.near(query)
        evidence = [0.0] * len(self.tools)
        for said, (weight, matches) in query.items():
            for place, value in enumerate(self._affinity(matches)):
                evidence[place] += weight * (max(value, IN_TAG_AFFINITY) if said in near.in_tags[place] else value)
        total = sum(weight for weight, _ in query.values())
        terms = [(_canonical(term, query), self._weight(term)) for term in self._terms_of(words)]
        pairs = self._sum(self._pairs, pairs_of(terms))
        turns = turns_of_phrase(words)
        shapes = self._sum(self._shapes, dict.fromkeys(turns, 1.0))
        mood = mood or mood_of(words)
        return [
            Fit(
                tool=tool,
                topic=_topic(query, self._topics_of[place]),
                evidence=evidence[place],
                coverage=evidence[place] / total if total else 0.0,
                pairs=pairs[place],
                likeness=near.likeness[place],
                shape=shapes[place] / len(turns) if turns else 0.0,
                mood=self._moods[place][mood],
            )
            for place, tool in enumerate(self.tools)
        ]

    def knows(self, term: str) -> bool:
        """Whether any tool's specification has the word, or one that it may stand for."""
        return bool(self._vocabulary.match(term))

    def names(self, term: str) -> bool:
        """Whether a specification has this very word."""
        return term in self._vocabulary

    def _query(self, words: tuple[Word, ...]) -> Query:
        """The text's terms: weight, and the known terms that each may stand for."""
        said = [
            (term, () if term.proper and term.text not in self._terms else self._vocabulary.match(term.text))
            for term in self._terms_of(words)
        ]
        query: dict[str, tuple[float, tuple[Match, ...]]] = {}
        foreign_head = False
        any_foreign = any(_is_foreign(words, *one) for one in said)
        for (term, matches), following in zip(said, [*said[1:], None], strict=False):
            foreign = _is_foreign(words, term, matches)
            if not matches:
                weight = min(term.weight, UNKNOWN_NAME_WEIGHT) if term.proper else term.weight
            elif foreign_head and _is_aside(words, term):
                weight = self._weight(term) * ASIDE_FACTOR  # "the heating in our office"
            elif following and following[0].word == term.word + 1 and _is_foreign(words, *following):
                weight = self._weight(term) * ASIDE_FACTOR  # "the share price"
            elif any_foreign and term.text not in self._topics and (term.weight < 1.0 or is_frequent(term.text)):
                weight = self._weight(term) * ASIDE_FACTOR  # "order me a pizza"
            else:
                weight = self._weight(term)
            foreign_head = foreign_head or foreign
            if query.get(term.text, (0.0,))[0] < weight:
                query[term.text] = (weight, matches)
        for term in denied_of([term for term, _ in said]):
            name = denied_name(term)
            if name in self._vocabulary:
                query[name] = (term.weight, ((name, 1.0),))
                denied = term.text.removeprefix(DENIAL).strip()
                weight, matches = query.get(denied, (0.0, ()))
                query[denied] = (weight * DENIED_FACTOR, matches)
        return query

    def _terms_of(self, words: tuple[Word, ...]) -> list[Term]:
        """The terms of a text; two are one, or one two, where a specification writes them so."""
        found: list[Term] = []
        skip = False
        terms = terms_of(words)
        for term, following in zip(terms, [*terms[1:], None], strict=False):
            if skip:
                skip = False
            elif term.parts:
                found.extend([term] if self._vocabulary.has_like(term.text) else term.parts)
            elif following is not None and following.word == term.word + 1 and self._is_one(words, term, following):
                found.append(Term(stem(words[term.word].word + words[following.word].word), 1.0, term.word))
                skip = True
            elif term.text in self._written_as_one and term.text not in self._vocabulary:
                parts = terms_of(split_words(self._written_as_one[term.text]))
                found.extend(Term(part.text, part.weight, term.word) for part in parts)
            else:
                found.append(term)
        return found

    def _is_one(self, words: tuple[Word, ...], term: Term, following: Term) -> bool:
        if term.text in self._vocabulary and following.text in self._vocabulary:
            return False
        return stem(words[term.word].word + words[following.word].word) in self._vocabulary

    def _weight(self, term: Term) -> float:
        if term.text in self._topics:
            return max(term.weight, TOPIC_WEIGHT)
        return FREQUENT_WEIGHT if term.weight == 1.0 and is_frequent(term.text) else term.weight

    def _affinity(self, matches: tuple[Match, ...]) -> list[float]:
        best = [0.0] * len(self.tools)
        for term, factor in matches:
            for place, value in enumerate(self._terms[term]):
                best[place] = max(best[place], factor * value)
        return best

    def _sum(self, table: Mapping[str, Sequence[float]], keys: Mapping[str, float]) -> list[float]:
        total = [0.0] * len(self.tools)
        for key, weight in keys.items():
            for place, value in enumerate(table.get(key, ())):
                total[place] += weight * value
        return total


def _topic(query: Query, topics: Collection[str]) -> float:
    return max(
        (weight * factor for weight, matches in query.values() for term, factor in matches if term in topics),
        default=0.0,
    )


def _canonical(term: Term, query: Query) -> str:
    matches = query.get(term.text, (0.0, ()))[1]
    return matches[0][0] if matches else term.text


def _is_foreign(words: tuple[Word, ...], term: Term, matches: tuple[Match, ...]) -> bool:
    """Whether the term is an unknown noun, as far as that can be told: no name, and no verb by its ending."""
    return not matches and term.weight == 1.0 and not term.proper and not words[term.word].word.endswith(("ed", "ing"))


def _is_aside(words: tuple[Word, ...], term: Term) -> bool:
    """Whether the term stands in a phrase of place or relation."""
    return any(word.word in _ASIDE_PREPOSITIONS for word in words[max(0, term.word - ASIDE_REACH) : term.word])

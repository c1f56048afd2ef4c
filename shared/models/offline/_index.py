"""How well each tool fits a text, from the words of the tools' specifications alone.

Five measures of each tool: how much of what the text says speaks for it (each word for the tools whose specifications
have it, in the proportion in which they have it), pairs of words that stand together in its specification too, how
near the text is to one of its examples or tags, whether the text has its examples' turns of phrase ("show me my …"),
and whether it is put as they are (as an order, as a question how, …). Against them stands that the text is for no
tool at all: the more so, the more things it names that no specification knows, and the less it says that one does.

The measures are weighed in a conditional logit: a choice among the tools and none. See `_weights`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.models.offline._experience import Experience
from shared.models.offline._likeness import Likeness, Query
from shared.models.offline._mood import Mood, mood_in
from shared.models.offline._persons import person_in
from shared.models.offline._phrases import follows, names_a_thing, opens, says_of
from shared.models.offline._profile import (
    denied_name,
    fields_of,
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
from shared.models.offline._vocabulary import Match, Vocabulary, domains_of
from shared.models.offline._weights import WEIGHTS, Against, Measures
from shared.models.offline._words import DENIAL, Term, Word, denied_of, is_frequent, split_words, stem, terms_of

MOST_EVIDENCE = 1.5  # beyond which more words for a tool say no more
MOST_WORDS = 2.0  # beyond which more words of a kind, known or not, say no more
LEAST_MOOD = 0.05  # added to a tool's share in a way of putting things, so that none is ruled out
TOPIC_WEIGHT = 0.55  # of a word that is common in English, and yet a tag or the name of a tool
FREQUENT_TOPIC_WEIGHT = 0.7  # of an everyday word that is a tag or the name of a tool
FREQUENT_WEIGHT = 0.5  # of an everyday word that a specification has, and is not tagged with
UNKNOWN_NAME_WEIGHT = 0.1  # a name says which one, not what kind of thing
UNKNOWN_DEED_WEIGHT = 0.2  # what is done to a thing says less than the thing
FOREIGN_FACTOR = 0.4  # for what only qualifies an unknown thing, or is done to it or said of it
IN_TAG_AFFINITY = 0.4  # of a word that makes up a tag together with others of the text
DENIED_FACTOR = 0.5  # for what is said not to be or to work: what is said is the denial


@dataclass(frozen=True, slots=True)
class Fit:
    """How well one tool fits one text.

    Attributes:
        tool: The tool.
        evidence: The weight of the words that speak for the tool; 1 is one telling word.
        likeness: To the nearest example or tag (0 to 1).
        score: How much more likely it is that the text is for this tool than that it is for none, as log odds.
    """

    tool: Tool
    evidence: float
    likeness: float
    score: float


class ToolIndex:
    """The specifications of a set of tools, made ready for comparing texts with them."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        self.tools = tuple(tools)
        profiles = [make_profile(tool) for tool in self.tools]
        self._terms = shared_weights([profile.terms for profile in profiles])
        self._pairs = shared_weights([profile.pairs for profile in profiles])
        self._shapes = shared_shapes(profiles)
        self._moods = shared_moods(self.tools)
        self._fields = [fields_of(profile) for profile in profiles]
        self._topics = frozenset(term for tool in self.tools for term in topics_of(tool))
        self.orders = orders_of(self.tools)
        self._written_as_one = joined_of(self.tools)
        self._vocabulary = Vocabulary(self._terms)
        self._likeness = Likeness(self.tools, self._weight)
        self._experience = Experience(self.tools)

    def fits(self, text: str, mood: Mood | None = None) -> list[Fit]:
        """How well each tool fits, in the tools' own order; `mood` is how the text is put, if not as it seems."""
        measured, against = self.measure(text, mood)
        none = WEIGHTS.no_tool(against)
        return [
            Fit(tool, measures.evidence, measures.likeness, WEIGHTS.tool(measures) - none)
            for tool, measures in zip(self.tools, measured, strict=True)
        ]

    def measure(self, text: str, mood: Mood | None = None) -> tuple[list[Measures], Against]:
        """What speaks for each tool, and what for none."""
        words = split_words(text)
        query = self._query(words)
        near = self._likeness.near(query)
        memory = self._experience.recall(words, {said: known[0][0] for said, (_, known) in query.items() if known})
        mood = mood or mood_in(text)
        if mood is Mood.QUESTION and person_in(text, knows=self.knows, small=False):
            mood = Mood.OWN  # about somebody's own things, though not the speaker's
        evidence, fields = [0.0] * len(self.tools), [0.0] * len(self.tools)
        known = unknown = far = 0.0
        for said, (weight, matches) in query.items():
            affinity = self._affinity(matches)
            known += weight * min(1.0, sum(affinity))
            unknown += 0.0 if matches else weight
            for place, value in enumerate(affinity):
                evidence[place] += weight * (max(value, IN_TAG_AFFINITY) if said in near.in_tags[place] else value)
            if domains := domains_of(said):
                shares = [max(share.get(domain, 0.0) for domain in domains) for share in self._fields]
                far += 0.0 if said in self._topics else 1.0 - max(shares, default=0.0)
                if not matches:
                    fields = [sum(both) for both in zip(fields, shares, strict=True)]
        terms = [(_canonical(term, query), self._weight(term)) for term in self._terms_of(words)]
        pairs = self._sum(self._pairs, pairs_of(terms))
        turns = turns_of_phrase(words)
        shapes = self._sum(self._shapes, dict.fromkeys(turns, 1.0))
        measured = [
            Measures(
                evidence=min(MOST_EVIDENCE, evidence[place]),
                pairs=min(1.0, pairs[place]),
                likeness=near.likeness[place],
                shape=shapes[place] / len(turns) if turns else 0.0,
                mood=math.log(self._moods[place][mood] + LEAST_MOOD),
                field=min(MOST_WORDS, fields[place]),
                likelihood=memory.likelihood[place],
                nearness=memory.nearness[place],
            )
            for place in range(len(self.tools))
        ]
        return measured, Against(
            mood=mood,
            unknown=min(MOST_WORDS, unknown),
            known=min(MOST_WORDS, known),
            far=min(MOST_WORDS, far),
            likelihood=memory.likelihood[-1],
            nearness=memory.nearness[-1],
            scarcity=self._experience.scarcity,
        )

    def knows(self, term: str) -> bool:
        """Whether any tool's specification has the word, or one that it may stand for."""
        return bool(self._vocabulary.match(term))

    def names(self, term: str) -> bool:
        """Whether a specification has this very word."""
        return term in self._vocabulary

    def _query(self, words: tuple[Word, ...]) -> Query:
        """The text's terms: weight, and the known terms that each may stand for."""
        terms = self._terms_of(words)
        said = [
            (term, self._vocabulary.match_name(term.text) if term.proper else self._vocabulary.match(term.text))
            for term in terms
        ]
        foreign = [not matches and names_a_thing(words, term) for term, matches in said]
        query: dict[str, tuple[float, tuple[Match, ...]]] = {}
        for place, (term, matches) in enumerate(said):
            weight = self._weight(term) if matches else _unknown_weight(term, is_thing=foreign[place])
            if matches and place and foreign[place - 1] and follows(terms[place - 1], term):
                weight *= FOREIGN_FACTOR  # "the coffee machine"
            elif matches and place + 1 < len(said) and foreign[place + 1] and opens(words, term, terms[place + 1]):
                weight *= FOREIGN_FACTOR  # "feed my cat", "the share price"
            elif matches and any(
                one and says_of(words, other, term) for one, other in zip(foreign[:place], terms, strict=False)
            ):
                weight *= FOREIGN_FACTOR  # "the bath is broken"
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
            return FREQUENT_TOPIC_WEIGHT if is_frequent(term.text) else max(term.weight, TOPIC_WEIGHT)
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


def _canonical(term: Term, query: Query) -> str:
    matches = query.get(term.text, (0.0, ()))[1]
    return matches[0][0] if matches else term.text


def _unknown_weight(term: Term, *, is_thing: bool) -> float:
    if term.proper:
        return UNKNOWN_NAME_WEIGHT
    return term.weight if is_thing else min(term.weight, UNKNOWN_DEED_WEIGHT)

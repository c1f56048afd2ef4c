"""What a specification's words are worth: for each tool, and against the other tools."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from shared.models.offline._mood import Mood, mood_in, mood_of
from shared.models.offline._specification import Tool
from shared.models.offline._vocabulary import domains_of, representative
from shared.models.offline._words import (
    COMMON_WEIGHT,
    DENIAL,
    Term,
    Word,
    denied_of,
    is_frequent,
    split_words,
    stem,
    terms_of,
)

NAME_WEIGHT = 1.0
TAG_WEIGHT = 1.0
EXAMPLE_WEIGHT = 0.7
PROSE_WEIGHT = 0.7
ARGUMENT_WEIGHT = 0.3
PART_SHARE = 0.4  # of a compound's weight, for each of its words
PHRASE_POWER = 2.0  # an everyday word of a tag of several words is worth little without the others
LENGTH_POWER = 0.6
STRENGTH = 1.6  # how soon a word that is said often counts as wholly the tool's
LEAST_FIELD = 1.0  # so that a word or two do not say what a tool's field is
MOOD_FLOOR = 0.2  # so that no way of asking is ruled out


@dataclass(slots=True)
class Profile:
    """One tool's words: weights of terms and of pairs of terms, and turns of phrase."""

    terms: dict[str, float] = field(default_factory=dict)
    pairs: dict[str, float] = field(default_factory=dict)
    shapes: set[str] = field(default_factory=set)


def make_profile(tool: Tool) -> Profile:
    """Weighs the words of a specification by where they stand."""
    profile = Profile()
    _add(profile, tool.title, NAME_WEIGHT)
    for line in tool.prose.splitlines():
        _add(profile, line, PROSE_WEIGHT)
    for tag in tool.tags:
        _add(profile, tag, TAG_WEIGHT, is_phrase=True)
    for name, schema in tool.properties.items():
        _add(profile, name.replace("_", " "), ARGUMENT_WEIGHT)
        for choice in schema.get("enum") or ():
            _add(profile, str(choice), ARGUMENT_WEIGHT)
    for example in tool.examples:
        _add(profile, example, EXAMPLE_WEIGHT)
        profile.shapes.update(turns_of_phrase(split_words(example)))
    return profile


def topics_of(tool: Tool) -> Iterable[str]:
    """The terms that the tool is named by, or tagged with alone."""
    yield from (term.text for term in terms_of(split_words(tool.title)))
    for tag in tool.tags:
        words = split_words(tag)
        terms = terms_of(words)
        if len(terms) == 1 and (len(words) == 1 or terms[0].parts):
            yield terms[0].text
        yield from (denied_name(term) for term in denied_of(terms))


def joined_of(tools: Iterable[Tool]) -> dict[str, str]:
    """What two neighbouring words of a tag or a name are where they are written as one: "username" for "user name"."""
    texts = [text for tool in tools for text in (tool.title, *tool.tags)]
    joined = {stem("".join(word.word for word in split_words(text))): text for text in texts if " " in text}
    joined.update(
        (stem(first.word + second.word), f"{first.word} {second.word}")
        for text in texts
        for first, second in pairwise(split_words(text))
        if first.weight > 0 and second.weight > 0
    )
    return joined


def fields_of(profile: Profile) -> dict[str, float]:
    """The share that each field of life has in a tool's words, as far as these are of any."""
    weights: dict[str, float] = {}
    for term, weight in profile.terms.items():
        domains = domains_of(term)
        for domain in domains:
            weights[domain] = weights.get(domain, 0.0) + min(1.0, weight) / len(domains)
    total = sum(weights.values()) + LEAST_FIELD
    return {domain: weight / total for domain, weight in weights.items()}


def orders_of(tools: Iterable[Tool]) -> frozenset[str]:
    """The stems of the verbs with which the examples give orders."""
    examples = (split_words(example) for tool in tools for example in tool.examples)
    return frozenset(
        words[0].stem for words in examples if words and words[0].weight > 0 and mood_of(words) is Mood.ORDER
    )


def shared_weights(tables: Sequence[Mapping[str, float]]) -> dict[str, tuple[float, ...]]:
    """How much (0 to 1) each term speaks for each tool: how often the tool's words have it, against the others'."""
    levelled = [_levelled(table, tables) for table in tables]
    shared: dict[str, tuple[float, ...]] = {}
    for term in {term for table in tables for term in table}:
        rates = [table.get(term, 0.0) for table in levelled]
        total = sum(rates)
        shared[term] = tuple(
            _saturated(table.get(term, 0.0)) * rate / total for table, rate in zip(tables, rates, strict=True)
        )
    return shared


def shared_shapes(profiles: Sequence[Profile]) -> dict[str, tuple[float, ...]]:
    """The share that each tool has in each turn of phrase."""
    counts = Counter(shape for profile in profiles for shape in profile.shapes)
    return {
        shape: tuple(1 / count if shape in profile.shapes else 0.0 for profile in profiles)
        for shape, count in counts.items()
    }


def shared_moods(tools: Sequence[Tool]) -> list[dict[Mood, float]]:
    """For each tool, its share in each mood: by how many of its examples are put so, against the others'."""
    rates: list[dict[Mood, float]] = []
    for tool in tools:
        moods = Counter(mood_in(example) for example in tool.examples)
        rates.append({mood: moods[mood] / max(1, len(tool.examples)) + MOOD_FLOOR for mood in Mood})
    return [{mood: rate[mood] / sum(other[mood] for other in rates) for mood in Mood} for rate in rates]


def pairs_of(terms: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Neighbouring terms, and those with one between them, with the weight of the telling one.

    In either order, save where one denies: "cannot sign in" is not "a sign-in that cannot be mine".
    """
    said = [(representative(term), weight) for term, weight in terms]
    return {
        " ".join((first, second) if DENIAL in {first, second} else sorted((first, second))): max(weight, other)
        for index, (first, weight) in enumerate(said)
        for second, other in said[index + 1 : index + 3]
        if first != second
    }


def turns_of_phrase(words: tuple[Word, ...]) -> tuple[str, ...]:
    """Pairs of neighbouring words of which the first carries grammar or asking, not the subject."""
    return tuple(f"{first.stem} {second.stem}" for first, second in pairwise(words) if first.weight <= COMMON_WEIGHT)


def _add(profile: Profile, text: str, weight: float, *, is_phrase: bool = False) -> None:
    words = split_words(text)
    terms = terms_of(words)
    is_one = len(words) <= 1 or (len(terms) == 1 and terms[0].parts)
    for term in terms:
        tells = is_one or not is_phrase or (term.weight == 1.0 and not is_frequent(term.text))
        share = weight if tells else weight / len(words) ** PHRASE_POWER
        profile.terms[term.text] = profile.terms.get(term.text, 0.0) + share
        for part in term.parts:
            profile.terms[part.text] = profile.terms.get(part.text, 0.0) + PART_SHARE * share
    for term in denied_of(terms):
        name = denied_name(term)
        profile.terms[name] = profile.terms.get(name, 0.0) + weight
    for pair, value in pairs_of([(term.text, term.weight) for term in terms]).items():
        profile.pairs[pair] = profile.pairs.get(pair, 0.0) + weight * value


def denied_name(term: Term) -> str:
    """One name for the denial of all that mean the same."""
    return f"{DENIAL} {representative(term.text.removeprefix(DENIAL).strip())}"


def _levelled(table: Mapping[str, float], tables: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The weights, lowered for a specification that is longer than most: a word in passing says less there."""
    length = sum(table.values())
    usual = sum(sum(other.values()) for other in tables) / len(tables)
    factor = min(1.0, (usual / length) ** LENGTH_POWER) if length else 1.0
    return {term: weight * factor for term, weight in table.items()}


def _saturated(weight: float) -> float:
    return 1.0 - math.exp(-STRENGTH * weight)

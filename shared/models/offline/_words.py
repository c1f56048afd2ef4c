"""Text as words: split, spelt one way, reduced to stems."""

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer

from shared.models.offline._everyday import FREQUENT_WORDS
from shared.models.offline._lexicon import (
    ADJECTIVES,
    COMMON_WORDS,
    CONTRACTION_ENDINGS,
    CONTRACTIONS,
    DENIALS,
    DETERMINERS,
    GRAMMAR_WORDS,
    IRREGULAR,
    PARTICLES,
    UNSTEMMED,
)

COMMON_WEIGHT = 0.3
DENIAL = "~not"  # stands for every word that says that something is not or does not work
MAX_WORDS = 600  # of one text; what follows is not read
_WORD = re.compile(r"[^\W_]+(?:'[^\W\d_]+)?")
_OPENERS = '.!?:;\n"\u201c(-*'  # a capital after these begins a sentence
_IN_IDENTIFIER = re.compile(r"[.@][^\W_]")  # jo.smith, jo@example.org: what is written with a dot inside is no word
_NUMBERED = re.compile(r"[^\W\d_]{1,2}\d{3,8}")  # E4021: what people, rooms and things are numbered by
_AFTER_IDENTIFIER = re.compile(r"[^\W_][.@]$")
_BRITISH = (
    (re.compile(r"^(\w{3,})is(e|ed|es|ing|ation|ations)$"), r"\1iz\2"),
    (re.compile(r"^(\w{2,})our(s?)$"), r"\1or\2"),
)
_SPELLINGS = {"centre": "center", "licence": "license", "programme": "program", "enrol": "enroll", "cheque": "check"}

_stemmer = snowballstemmer.stemmer("english")
_stemming = threading.Lock()  # the stemmer keeps the word under work in itself


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a text: as it is compared, its stem, where it stands, and how much it says (0 to 1)."""

    word: str
    stem: str
    start: int
    end: int
    weight: float
    joined: bool  # to the word before it, by a hyphen
    proper: (
        bool  # written as a name: with a capital, not at the start of a sentence; or a part of an address or a login
    )


@lru_cache(maxsize=16384)
def stem(word: str) -> str:
    """The stem of a lower-case word, with British and American spellings made one."""
    if word in UNSTEMMED:
        return word
    word = IRREGULAR.get(word, word)
    word = _SPELLINGS.get(word, word)
    word = _positive(word)
    for pattern, replacement in _BRITISH:
        word = pattern.sub(replacement, word)
    if len(word) > 24 or not word.isalpha():  # noqa: PLR2004 -- no English word; a number or an identifier
        return word
    with _stemming:
        return str(_stemmer.stemWord(word))


def _positive(word: str) -> str:
    """The adjective that a word compares, if it is a common one: "old" of "oldest"."""
    for ending in ("est", "er"):
        if word.endswith(ending) and word not in COMMON_WORDS and word not in FREQUENT_WORDS:
            base = word.removesuffix(ending)
            for form in (base, f"{base}e", base[:-1], f"{base[:-1]}y"):
                if form in ADJECTIVES:
                    return form
    return word


@lru_cache(maxsize=16384)
def _weight(word: str) -> float:
    if word in GRAMMAR_WORDS or len(word) == 1:
        return 0.0
    if word in COMMON_WORDS or word.isdigit() or stem(word) in _COMMON_STEMS:
        return COMMON_WEIGHT
    return 1.0


_COMMON_STEMS = frozenset(stem(word) for word in COMMON_WORDS)
_FREQUENT_STEMS = frozenset(stem(word) for word in FREQUENT_WORDS) - _COMMON_STEMS
DENIAL_STEMS = frozenset(stem(word) for word in DENIALS)


def is_frequent(term: str) -> bool:
    """Whether the stem is of an everyday word of many meanings."""
    return term in _FREQUENT_STEMS


@lru_cache(maxsize=4096)
def split_words(text: str) -> tuple[Word, ...]:
    """The words of a text, at most `MAX_WORDS`, contractions written out."""
    words: list[Word] = []
    plain = text.replace("\u2019", "'").replace("\u2018", "'")
    end_before = -1
    for found in _WORD.finditer(plain):
        token = found.group().lower()
        if token in GRAMMAR_WORDS and len(token) > 1 and found.group().isupper() and not plain.isupper():
            words.append(Word(token, found.group(), found.start(), found.end(), 1.0, joined=False, proper=False))
            end_before = found.end()
            continue  # "IT" is not "it"
        hyphened = found.start() == end_before + 1 and plain[end_before] in "-\u2010\u2011" if end_before > 0 else False
        for index, part in enumerate(_expand(token)):
            words.append(
                Word(
                    word=part,
                    stem=stem(part),
                    start=found.start(),
                    end=found.end(),
                    weight=_weight(part),
                    joined=hyphened and index == 0,
                    proper=_is_name(plain, found),
                )
            )
        end_before = found.end()
        if len(words) >= MAX_WORDS:
            break
    return tuple(words)


def _is_name(text: str, found: re.Match[str]) -> bool:
    word = found.group()
    if (
        _NUMBERED.fullmatch(word)
        or _IN_IDENTIFIER.match(text, found.end())
        or _AFTER_IDENTIFIER.search(text[max(0, found.start() - 2) : found.start()])
    ):
        return True
    if not word[0].isupper() or word.isupper():
        return False
    before = text[max(0, found.start() - 3) : found.start()].rstrip(" ")
    return bool(before) and before[-1] not in _OPENERS


def _expand(token: str) -> tuple[str, ...]:
    if token in CONTRACTIONS:
        return tuple(CONTRACTIONS[token].split())
    if "'" in token:
        for ending, full in CONTRACTION_ENDINGS.items():
            if token.endswith(ending) and len(token) > len(ending):
                return token.removesuffix(ending), full
        base, _, ending = token.partition("'")
        if ending == "s" and base in {"what", "where", "who", "how", "it", "that", "there", "he", "she", "when", "let"}:
            return base, "us" if base == "let" else "is"
        return (base,)
    return (token,)


def gist(text: str) -> frozenset[str]:
    """The stems of the words that say something: two texts of the same gist ask the same."""
    return frozenset(word.stem for word in split_words(text) if word.weight > 0) or frozenset(text.lower().split())


@dataclass(frozen=True, slots=True)
class Term:
    """What one word, or two that belong together, say: compared by `text`.

    Attributes:
        text: The stem; of a compound ("sign in", "wi-fi"), both words' written as one.
        weight: How much it says, 0 to 1.
        word: The place of the (first) word.
        proper: Whether it is written as a name.
        parts: Of a compound, the terms of its words, for where the compound is not known.
    """

    text: str
    weight: float
    word: int
    proper: bool = False
    parts: tuple["Term", ...] = ()


@lru_cache(maxsize=4096)
def terms_of(words: tuple[Word, ...]) -> tuple[Term, ...]:
    """The terms of a text, in order: words that say something, compounds, and denial."""
    terms: list[Term] = []
    skipped = -1
    for index, word in enumerate(words):
        following = words[index + 1] if index + 1 < len(words) else None
        if index == skipped:
            continue
        if following is not None and (following.joined or _is_phrasal(words, index)):
            parts = tuple(_simple(one, index + place) for place, one in enumerate((word, following)) if one.weight > 0)
            joined = stem(word.word + following.word) if following.joined else word.stem + following.word.rstrip("s")
            terms.append(Term(joined, 1.0, index, parts=parts))
            skipped = index + 1
        elif word.stem in DENIAL_STEMS:
            terms.append(Term(DENIAL, COMMON_WEIGHT, index))
        elif word.weight > 0:
            terms.append(_simple(word, index))
    return tuple(terms)


def denied_of(terms: Sequence[Term]) -> list[Term]:
    """What is said not to be or not to work, as terms of their own: "cannot sign in", "the sound is not there".

    What is denied stands after the denial, with one word between at most, or right before it.
    """
    found: list[Term] = []
    for place, term in enumerate(terms):
        if term.text == DENIAL:
            near = [*terms[max(0, place - 1) : place], *terms[place + 1 : place + 3]]
            found.extend(
                Term(f"{DENIAL} {one.text}", 1.0, one.word) for one in near if one.text != DENIAL and one.weight == 1.0
            )
    return found


def _is_phrasal(words: tuple[Word, ...], index: int) -> bool:
    """Whether the word and the next are like "sign in"; not "book on", which an article or the like follows."""
    word, particle = words[index], words[index + 1]
    after = words[index + 2].word if index + 2 < len(words) else ""
    return particle.word in PARTICLES and word.weight > 0 and word.word.isalpha() and after not in DETERMINERS


def _simple(word: Word, index: int) -> Term:
    return Term(word.stem, word.weight, index, proper=word.proper)

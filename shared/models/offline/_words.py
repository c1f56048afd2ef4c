"""Text as words: split, spelt one way, reduced to stems."""

import re
import threading
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer

from shared.models.offline._lexicon import (
    COMMON_WORDS,
    CONTRACTION_ENDINGS,
    CONTRACTIONS,
    GRAMMAR_WORDS,
    IRREGULAR,
    PARTICLES,
)

COMMON_WEIGHT = 0.3
MAX_WORDS = 600  # of one text; what follows is not read
_WORD = re.compile(r"[^\W_]+(?:'[^\W\d_]+)?")
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


@lru_cache(maxsize=16384)
def stem(word: str) -> str:
    """The stem of a lower-case word, with British and American spellings made one."""
    word = IRREGULAR.get(word, word)
    word = _SPELLINGS.get(word, word)
    for pattern, replacement in _BRITISH:
        word = pattern.sub(replacement, word)
    if len(word) > 24 or not word.isalpha():  # noqa: PLR2004 -- no English word; a number or an identifier
        return word
    with _stemming:
        return str(_stemmer.stemWord(word))


@lru_cache(maxsize=16384)
def _weight(word: str) -> float:
    if word in GRAMMAR_WORDS or len(word) == 1:
        return 0.0
    if word in COMMON_WORDS or word.isdigit() or stem(word) in _COMMON_STEMS:
        return COMMON_WEIGHT
    return 1.0


_COMMON_STEMS = frozenset(stem(word) for word in COMMON_WORDS)


@lru_cache(maxsize=1024)
def split_words(text: str) -> tuple[Word, ...]:
    """The words of a text, at most `MAX_WORDS`, contractions written out."""
    words: list[Word] = []
    plain = text.replace("\u2019", "'").replace("\u2018", "'")
    end_before = -1
    for found in _WORD.finditer(plain):
        token = found.group().lower()
        hyphened = found.start() == end_before + 1 and plain[end_before] in "-\u2010\u2011" if end_before > 0 else False
        for index, part in enumerate(_expand(token)):
            words.append(
                Word(part, stem(part), found.start(), found.end(), _weight(part), joined=hyphened and index == 0)
            )
        end_before = found.end()
        if len(words) >= MAX_WORDS:
            break
    return tuple(words)


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


def compounds(words: tuple[Word, ...]) -> dict[int, str]:
    """Words that two neighbours may make together, by the index of the first: "sign in", "wi-fi", "set up"."""
    found: dict[int, str] = {}
    for index in range(len(words) - 1):
        first, second = words[index], words[index + 1]
        if second.word in PARTICLES and first.weight > 0:
            found[index] = first.stem + second.word.removesuffix("s")
        elif second.joined or (first.weight > 0 and second.weight > 0):
            found[index] = stem(first.word + second.word)
    return found

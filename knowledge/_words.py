"""From text to words: folded for the eye's sake, stemmed by the language of the text."""

import re
import threading
import unicodedata
from functools import lru_cache
from typing import Any, Final, NamedTuple

import snowballstemmer

from knowledge._stopwords import STOPWORDS

LINK: Final = re.compile(
    r"!?\[([^\[\]]{0,1000})\]\(([^()\s]{0,2000}(?:\([^()\s]{0,2000}\)[^()\s]{0,2000})?)(?:\s{1,9}[\"'(][^()]{0,300})?\)"
)
"""An inline link or image of Markdown: its text, its target."""

_APOSTROPHES: Final = "'\N{RIGHT SINGLE QUOTATION MARK}"
_HYPHENS: Final = "\\-\N{HYPHEN}\N{NON-BREAKING HYPHEN}"
_RUN: Final = re.compile(rf"[^\W_]+(?:[{_APOSTROPHES}{_HYPHENS}][^\W_]+)*")
_APOSTROPHE: Final = re.compile(f"[{_APOSTROPHES}]")
_HYPHEN: Final = re.compile(f"[{_HYPHENS}]")
_ENGLISH_ENDINGS: Final = frozenset({"s", "d", "ll", "m", "re", "t", "ve"})
_ELISIONS: Final = frozenset({"c", "d", "j", "l", "m", "n", "qu", "s", "t", "lorsqu", "puisqu", "quelqu", "jusqu"})
_MIN_PART: Final = 3
_MAX_LENGTH: Final = 48
_LANGUAGES: Final = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "nl": "dutch", "en": "english", "et": "estonian",
    "fi": "finnish", "fr": "french", "de": "german", "el": "greek", "hi": "hindi", "hu": "hungarian",
    "id": "indonesian", "ga": "irish", "it": "italian", "lt": "lithuanian", "no": "norwegian", "nb": "norwegian",
    "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "es": "spanish",
    "sv": "swedish", "tr": "turkish",
}  # fmt: skip


class Word(NamedTuple):
    """A word of a text: as written (lower case, accents folded), and its stem."""

    surface: str
    term: str


def split_words(text: str) -> list[str]:
    """The words of a text in order, in lower case, accents kept.

    A hyphenated word gives itself without the hyphens, then its longer parts: `sign-in` gives `signin`, `sign`.
    Contractions lose their ending or their apostrophe (`it's`, `can't`); French elisions lose the article (`l'accès`).
    """
    return [word for joined, parts in split_compounds(text) for word in (joined, *parts)]


def split_compounds(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """As `split_words`, each word with its parts, if a hyphen gave it any."""
    found: list[tuple[str, tuple[str, ...]]] = []
    for run in _RUN.findall(unicodedata.normalize("NFKC", text).lower()):
        if run.isalnum():
            found.append((run[:_MAX_LENGTH], ()))
        else:
            found.extend(_parts(run))
    return found


def searchable(markdown: str) -> str:
    """Markdown without the targets of its links, which nobody searches for."""
    return LINK.sub(r"\1", markdown)


def fold(word: str) -> str:
    """Without accents and other marks."""
    if word.isascii():
        return word
    decomposed = unicodedata.normalize("NFKD", word.replace("ß", "ss"))
    return "".join(character for character in decomposed if not unicodedata.combining(character))


@lru_cache(maxsize=65536)
def stem(word: str, language: str) -> str:
    """The folded stem of a lower-case word; a language without a stemmer leaves words as they are."""
    stemmer = _stemmer(language)
    if stemmer is None or not word.isalpha():
        return fold(word)
    with _stemming:
        return fold(stemmer.stemWord(word))


def content_words(text: str, language: str) -> list[Word]:
    """The words of a text that say what it is about, in order."""
    return [found for word in split_words(text) if (found := _content_word(word, language)) is not None]


def phrase_words(text: str, language: str) -> list[Word]:
    """The words of a phrase that say what it is about; a hyphenated word is one."""
    words = (_content_word(joined, language) for joined, _ in split_compounds(text))
    return [word for word in words if word is not None]


def is_stopword(word: str, language: str) -> bool:
    """Whether a folded word is grammar in the language."""
    return word in STOPWORDS.get(language, ())


@lru_cache(maxsize=65536)
def _content_word(word: str, language: str) -> Word | None:
    surface = fold(word)
    if surface in STOPWORDS.get(language, ()):
        return None
    return Word(surface, stem(word, language))


def _parts(run: str) -> list[tuple[str, tuple[str, ...]]]:
    pieces = _APOSTROPHE.split(run)
    if len(pieces) > 1 and pieces[-1] in _ENGLISH_ENDINGS:
        ending = pieces.pop()
        if ending == "t":
            pieces[-1] += ending
    if len(pieces) > 1 and pieces[0] in _ELISIONS:
        del pieces[0]
    found = []
    for piece in pieces:
        parts = [part[:_MAX_LENGTH] for part in _HYPHEN.split(piece)]
        longer = tuple(part for part in parts if len(part) >= _MIN_PART) if len(parts) > 1 else ()
        found.append(("".join(parts)[:_MAX_LENGTH], longer))
    return found


_stemming = threading.Lock()  # a stemmer keeps the word it works on


@lru_cache(maxsize=64)
def _stemmer(language: str) -> Any:
    name = _LANGUAGES.get(language)
    return snowballstemmer.stemmer(name) if name else None

"""A message in pieces: sentences, and what "and" joins; how a piece is meant."""

import re
from dataclasses import dataclass
from enum import Enum

from shared.models.offline._lexicon import ANAPHORA, FOLLOW_UP_OPENINGS
from shared.models.offline._words import Word, split_words

_SENTENCES = re.compile(r"(?<=[.!?;])[\"'\u201d\u2019)]?\s+|\n+|\s+[-\u2013\u2014]{1,2}\s+|\s*;\s*")
_JOINTS = re.compile(
    r",?\s+(?:and|&)\s+(?:also\s+|then\s+)?|,\s+(?:also|then|plus|but|or|so)\s+|,\s+|\s+(?:also|plus|then)\s+"
    r"|\s+as well as\s+|\s+or\s+|\s+but\s+",
    re.IGNORECASE,
)
_ITEM = re.compile(r"^\s*(?:[-*\u2022]|\(?\d{1,2}[.)]|[a-z]\))\s+", re.IGNORECASE)
_NOT_WANTED = re.compile(
    r"\b(?:(?:please\s+)?(?:do not|don't|dont|never)(?!\s+(?:know|remember|have|see|understand|recall|get|think|work))"
    r"|instead of|rather than|without|no need to|not asking (?:you )?to)\s+",
    re.IGNORECASE,
)
_ASKS_HOW = re.compile(
    r"^\W*(?:(?:and|so|but|also|ok|okay|hi|hello|hey)\b[\s,]*)*"
    r"(?:(?:please |kindly |can you |could you |would you )?(?:tell|explain|show)(?: to)? me\s+"
    r"|i (?:want|need|would like) to know\s+|do you know\s+)?"
    r"(?:how (?:do|does|can|could|would|should|to)\b|how is\b|what happens\b|what if\b|what would\b"
    r"|should i\b|can i\b|may i\b|could i\b|is it possible\b|am i allowed\b|are we allowed\b|when should\b|why\b"
    r"|do i (?:have|need) to\b|what is the (?:process|procedure|policy|way)\b)",
    re.IGNORECASE,
)


class Mood(Enum):
    """Whether a piece asks for something to be done or told, or how it is done."""

    REQUEST = "request"
    HOW = "how"


@dataclass(frozen=True, slots=True)
class Clause:
    """A piece of a message that may be an intent of its own.

    Attributes:
        text: The words, as they were written.
        sentence: The number of the sentence that it stands in.
    """

    text: str
    sentence: int

    @property
    def words(self) -> tuple[Word, ...]:
        """The words of the piece."""
        return split_words(self.text)

    @property
    def mood(self) -> Mood:
        """How the piece is meant."""
        return Mood.HOW if _ASKS_HOW.match(self.text) else Mood.REQUEST


def split_clauses(text: str) -> list[Clause]:
    """The pieces of a message, in order; what stands in brackets or quotation marks is not split."""
    clauses: list[Clause] = []
    sentence = 0
    for part in _split(text, _SENTENCES):
        piece = _ITEM.sub("", part).strip()
        if not piece:
            continue
        clauses.extend(Clause(fragment, sentence) for fragment in _split(piece, _JOINTS) if fragment.strip(" ,"))
        sentence += 1
    return clauses


def without_unwanted(text: str) -> str:
    """The text up to what it says is not wanted ("don't …", "instead of …"), and what follows the next comma."""
    found = _NOT_WANTED.search(text)
    if found is None:
        return text
    rest = re.search(r"[,.;]|\b(?:but|just|only)\b", text[found.end() :])
    return f"{text[: found.start()]} {text[found.end() + rest.end() :] if rest else ''}".strip()


def points_back(text: str) -> bool:
    """Whether the text leans on something said before: it opens as an addition, or has a pronoun for its subject."""
    lowered = re.sub(r"^\W+", "", text.lower())
    if any(re.match(rf"{opening}\b", lowered) for opening in FOLLOW_UP_OPENINGS):
        return True
    return has_anaphor(text)


def has_anaphor(text: str) -> bool:
    """Whether a word of the text stands for something said before."""
    words = split_words(text)
    for index, word in enumerate(words):
        if word.word not in ANAPHORA:
            continue
        following = words[index + 1] if index + 1 < len(words) else None
        if word.word in {"that", "this", "these", "those", "there", "same", "one"} and following is not None:
            if following.weight > 0 or following.word in {"is", "are", "i", "you", "my", "the", "a"}:
                continue  # "that laptop", "there is", "says that my …"
        elif word.word == "it" and following is not None and following.word in {"is", "says"} and index == 0:
            continue
        return True
    return False


def _split(text: str, pattern: re.Pattern[str]) -> list[str]:
    """Splits where the pattern is found outside brackets and double quotation marks."""
    guarded = [found.span() for found in re.finditer(r"\([^()]*\)|\"[^\"]*\"|\u201c[^\u201d]*\u201d", text)]
    pieces: list[str] = []
    start = 0
    for found in pattern.finditer(text):
        if any(left < found.start() < right for left, right in guarded):
            continue
        pieces.append(text[start : found.start()])
        start = found.end()
    pieces.append(text[start:])
    return pieces

"""A message in pieces: sentences, and what "and" joins; how a piece is meant."""

import re

from shared.models.offline._lexicon import ANAPHORA, FOLLOW_UP_OPENINGS
from shared.models.offline._mood import Mood, mood_in, mood_of
from shared.models.offline._words import split_words

_SENTENCES = re.compile(
    r"(?<=[.!?;])[\"'\u201d\u2019)]?\s+|\n+|\s+[-\u2013\u2014]{1,2}\s+|\s*;\s*|\s(?=\(?[a-h1-9][.)]\s)"
)
_JOINTS = re.compile(
    r",?\s+(?:and|&|\+)\s+(?:also\s+|then\s+)?|,\s+(?:also|then|plus|but|or|so)\s+|,\s+|:\s+|\s+(?:also|plus|then)\s+"
    r"|\s+as well as\s+|\s+but\s+|\s+(?=(?:because|since|although|while|whereas|so that)\s)",
    re.IGNORECASE,
)
_ITEM = re.compile(r"^\s*(?:[-*\u2022]|\(?\d{1,2}[.)]|\(?[a-h]\))\s+", re.IGNORECASE)
_NOT_WANTED = re.compile(
    r"\b(?:(?:please\s+)?(?:do not|don't|dont|(?<!i )(?<!we )(?<!ve )(?<!has )(?<!have )never)"
    r"(?!\s+(?:i|you|we|know|remember|have|see|understand|recall|get|think|work|want|need))"
    r"|instead of|rather than|no need to|not asking (?:you )?to)\s+",
    re.IGNORECASE,
)
_BACKGROUND = re.compile(
    r"^\W*(?:because|since|as|although|while|whereas|so that|so this|in case|before|after|when|if|until|unless)\b"
    r"(?!.*\?)",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\?\W*$|\bplease\b"
    r"|^\W*(?:(?:and|so|but|also|ok|okay|please|kindly|then)\b[\s,]*)*"
    r"(?:what|which|who|whose|where|when|why|how|is|are|am|do|does|did|has|have|can|could|would|will|may|should"
    r"|please|tell|show|list|give|send|find|check|explain|look|help|let|get|set|put|make|take|add|book"
    r"|i (?:also )?(?:need|want|would like|am looking)|i'd like|i'm looking)\b",
    re.IGNORECASE,
)
_SALUTATION = re.compile(
    r"^\s*(?:hi|hello|hey|hiya|dear|good (?:morning|afternoon|evening|day)|greetings|morning)\b"
    r"(?:[ ]+(?!i\b|can\b|could\b|how\b|what\b|my\b)[\w.]+){0,3}\s*[,!.:\n]+\s*",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"[\s,.;!?-]*\b(?:(?i:many|kind|best|warm|with)\s+)*(?i:thanks|thank you|regards|wishes|cheers|sincerely)"
    r"(?:\s+(?:a lot|so much|very much|in advance|again|and regards))?"
    r"[\s,.!-]*(?:[A-Z][\w.]*(?:\s+[A-Z][\w.]*){0,2})?\W*$"
)
_QUOTED = re.compile(r"\"([^\"]*)\"|\u201c([^\u201d]*)\u201d")
_GUARDED = re.compile(r"\([^()]*\)|\"[^\"]*\"|\u201c[^\u201d]*\u201d")
_BEFORE = r"(?:previous|prior|earlier|above|system|safety|own|all|my|your|the|these|those|of|any)"
_CODE = re.compile(r"</?[a-z][^<>]*>|\{.*\}|\b\w+\([^()]*\)", re.IGNORECASE | re.DOTALL)
_STEERING = re.compile(
    rf"\b(?:ignore|disregard|forget|override|bypass)\s+(?:{_BEFORE}\s+)+(?:instructions?|rules?|prompts?|orders?"
    r"|guidelines?|messages?|text)?(?:\s+(?:above|before|so far))?(?:\s+and\b)?"
    r"|\b(?:ignore|disregard|forget)\s+(?:all of\s+|everything\s+)?(?:this|that|the above|above|before)\b(?:\s+and\b)?"
    r"|\bact as (?:an?|the|if|though)\b[^,.!?\n]*?(?=\band\b|[,.!?\n]|$)"
    r"|\b(?:your|the|its)\s+(?:hidden\s+|initial\s+|own\s+)?system\s+(?:prompt|message)\b"
    r"|\b(?:instructions|prompt) above\b|\byou are now\b[^.!?\n]*|\bpretend\s+(?:to be|that|you)\b[^,.!?\n]*"
    r"|\b(?:system|assistant|developer)\s*:",
    re.IGNORECASE,
)
SHORTEST_PHRASE = 2  # words
LONGEST_QUOTED_TERM = 3  # words; what is longer is somebody's text, not a name or an error message


class Clause:
    """A piece of a message that may be an intent of its own.

    Attributes:
        text: The words, as they were written.
        sentence: The number of the sentence that it stands in.
        mood: How it is put.
        asks: Whether it asks for something, rather than telling about it.
        is_background: Whether it only gives a reason, a time or a condition.
    """

    __slots__ = ("asks", "is_background", "mood", "sentence", "text")

    def __init__(self, text: str, sentence: int, *, mood: Mood | None = None) -> None:
        self.text = text
        self.sentence = sentence
        self.mood = mood or mood_in(text)
        self.asks = bool(_ASKS.search(text))
        self.is_background = bool(_BACKGROUND.match(text))

    def followed_by(self, other: "Clause") -> "Clause":
        """Both as one, meant as the second is."""
        between = ", " if self.sentence == other.sentence else " "
        both = Clause(f"{self.text}{between}{other.text}", self.sentence, mood=other.mood)
        both.asks, both.is_background = other.asks, other.is_background
        return both


def split_sentences(text: str) -> list[list[Clause]]:
    """The pieces of a message, by sentence; what stands in brackets or quotation marks is not split."""
    sentences: list[list[Clause]] = []
    for part in _split(text, _SENTENCES):
        piece = _ITEM.sub("", part).strip()
        number = len(sentences)
        clauses = [Clause(one.strip(" ,"), number) for one in _split(piece, _JOINTS) if split_words(one)]
        if len(clauses) > 1 and _is_unfinished(clauses[0].text) and not starts_anew(clauses[1].text):
            clauses = [Clause(piece.strip(" ,"), number)]  # "which laptops and phones are mine?"
        if clauses:
            sentences.append(clauses)
    return _with_what_they_point_at(sentences)


def _with_what_they_point_at(sentences: list[list[Clause]]) -> list[list[Clause]]:
    """A piece that points at the piece before it is one with it: "my key is lost, can I get another one?"."""
    joined: list[list[Clause]] = []
    for clauses in sentences:
        kept: list[Clause] = []
        for clause in clauses:
            before = kept or (joined[-1] if joined else [])
            if before and has_anaphor(clause.text) and not before[-1].asks:
                before[-1] = before[-1].followed_by(clause)
            else:
                kept.append(clause)
        if kept:
            joined.append(kept)
    return joined


def _is_unfinished(text: str) -> bool:
    """Whether the piece is no more than "which things" or "my thing"."""
    words = split_words(text)
    return len(words) == SHORTEST_PHRASE and words[0].weight < 1.0 and words[1].weight == 1.0


def starts_anew(text: str) -> bool:
    """Whether the piece has a beginning of its own: a verb, a pronoun, an article, a question word; no bare noun."""
    words = split_words(text)
    return bool(words) and (words[0].weight < 1.0 or mood_of(words) is not Mood.STATEMENT)


def message_body(text: str) -> str:
    """The text without its salutation and its closing, unless nothing else is there."""
    body = _CLOSING.sub("", _SALUTATION.sub("", text, count=1), count=1).strip()
    return body if split_words(body) else text.strip()


def without_unwanted(text: str) -> str:
    """The text without what it says is not wanted ("don't …", "instead of …"), up to the next comma or "just"."""
    found = _NOT_WANTED.search(text)
    if found is None:
        return text
    rest = re.search(r"[,.;]|\b(?:but|just|only)\b", text[found.end() :])
    return f"{text[: found.start()]} {text[found.end() + rest.end() :] if rest else ''}".strip()


def without_quotations(text: str) -> str:
    """The text without longer quotations: what somebody else wrote is not what this person asks for."""
    return _QUOTED.sub(
        lambda found: found.group() if len(split_words(found.group())) <= LONGEST_QUOTED_TERM else " ", text
    ).strip()


def without_steering(text: str) -> str:
    """The text without what speaks to the planner about itself ("ignore your instructions"), and without code."""
    return _STEERING.sub(" ", _CODE.sub(" ", text)).strip(" ,.:;")


def is_addition(text: str) -> bool:
    """Whether the text opens as an addition to what was said: "and …", "what about …"."""
    lowered = re.sub(r"^\W+", "", text.lower())
    return any(re.match(rf"{opening}\b", lowered) for opening in FOLLOW_UP_OPENINGS)


def has_anaphor(text: str) -> bool:
    """Whether a word of the text stands for something said before."""
    words = split_words(text)
    for index, word in enumerate(words):
        if word.word not in ANAPHORA:
            continue
        following = words[index + 1] if index + 1 < len(words) else None
        neighbours = {words[index - 1].word if index else "", following.word if following is not None else ""}
        if word.word == "there" and neighbours & _BEING:
            continue  # "are there any …", "there is no …"
        if word.word == "it":
            if following is not None and following.word in {"says", "said", "tells", "keeps", "asks"}:
                continue  # "it says that my …": the screen, not something said
        elif following is not None and (following.weight == 1.0 or following.word in _OPEN_CLAUSES):
            continue  # "that laptop", "there is", "says that my …"
        return True
    return False


_BEING = frozenset({"is", "are", "was", "were", "be"})
_OPEN_CLAUSES = frozenset({"is", "are", "i", "you", "he", "she", "we", "they", "my", "the", "a", "an", "our", "your"})


def _split(text: str, pattern: re.Pattern[str]) -> list[str]:
    """Splits where the pattern is found outside brackets and double quotation marks."""
    guarded = [found.span() for found in _GUARDED.finditer(text)]
    pieces: list[str] = []
    start = 0
    for found in pattern.finditer(text):
        if any(left < found.start() < right for left, right in guarded):
            continue
        pieces.append(text[start : found.start()])
        start = found.end()
    pieces.append(text[start:])
    return pieces

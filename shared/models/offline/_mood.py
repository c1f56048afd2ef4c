"""How a text is put: as an order, a question about what is, a question about how things are done, or a statement."""

from collections.abc import Sequence
from enum import Enum

from shared.models.offline._lexicon import OPENINGS, ORDERS, TELLING_VERBS
from shared.models.offline._words import Word, stem


class Mood(Enum):
    """The ways of putting things that tell one kind of request from another."""

    ORDER = "order"
    HOW = "how"
    PERMISSION = "permission"
    QUESTION = "question"
    OWN = "own"  # a question, or an order to tell, about the speaker's own things
    STATEMENT = "statement"


_WH = frozenset({"what", "which", "who", "whose", "where", "when", "why"})
_AMOUNTS = frozenset({"long", "many", "much", "often", "old", "far"})
_AUXILIARIES = frozenset(
    (
        *("is", "are", "am", "was", "were", "do", "does", "did", "has", "have", "had"),
        *("will", "would", "shall", "should", "can", "could", "may", "might"),
    )
)
_PERMISSION = frozenset({"can", "could", "may", "might", "should", "must", "shall"})
_ASKED = frozenset({"you", "u", "somebody", "someone", "anybody", "anyone", "we"})
_WISHES = frozenset({"need", "want", "wish", "like", "require"})
_SELF = frozenset({"i", "my", "mine", "me", "myself"})
_OBJECTS = frozenset({"my", "the", "a", "an", "me", "us", "this", "that", "it", "all", "our", "your", "everything"})
_SUBJECTS = frozenset(
    ("i", "my", "the", "it", "we", "our", "this", "that", "there", "somebody", "someone", "no", "he", "she", "they")
)
_TELLING = frozenset(stem(verb) for verb in TELLING_VERBS)
_PROCEDURES = (
    *("what do i", "what should i", "what must i", "what happens", "what if", "what would happen", "why should"),
    *("the procedure", "the process", "the way to", "the steps"),
)


def mood_of(words: Sequence[Word]) -> Mood:
    """The mood of a text, by its first words after "please", "and", "could you tell me" and the like."""
    heard = [word.word for word in words]
    opened = _after_openings(heard)
    heard = heard[opened:]
    if not heard:
        return Mood.STATEMENT
    first, second = heard[0], heard[1] if len(heard) > 1 else ""
    if first in _WH or first == "how":
        return _asked(heard)
    if first in _AUXILIARIES and second not in _ASKED:
        return _asked_yes_or_no(heard)
    if stem(first) in _TELLING and _SELF.intersection(heard[2:] if second == "me" else heard):
        return Mood.OWN
    if first in _AUXILIARIES or (first == "i" and _WISHES.intersection(heard[1:4])):
        return Mood.ORDER
    orders = opened or first in ORDERS or stem(first) in _TELLING or second in _OBJECTS
    return Mood.ORDER if orders and first not in _SUBJECTS else Mood.STATEMENT


def _asked(heard: Sequence[str]) -> Mood:
    procedure = heard[0] == "how" and not _AMOUNTS.intersection(heard[1:2])
    if procedure or any(part in " ".join(heard[:6]) for part in _PROCEDURES):
        return Mood.HOW
    return Mood.OWN if _SELF.intersection(heard) else Mood.QUESTION


def _asked_yes_or_no(heard: Sequence[str]) -> Mood:
    first, second = heard[0], heard[1] if len(heard) > 1 else ""
    if (first in _PERMISSION and second in {"i", "we"}) or {"allowed", "possible"}.intersection(heard[1:4]):
        return Mood.PERMISSION
    return Mood.OWN if _SELF.intersection(heard) else Mood.QUESTION


def _after_openings(heard: Sequence[str]) -> int:
    start = 0
    while step := next(
        (len(opening) for opening in OPENINGS if tuple(heard[start : start + len(opening)]) == opening), 0
    ):
        start += step
    return start

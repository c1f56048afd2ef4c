"""How a text is put: as an order, a question about what is, a question about how things are done, or a statement."""

from collections.abc import Sequence
from enum import Enum

from shared.models.offline._lexicon import OPENINGS, ORDERS, TELLING_VERBS
from shared.models.offline._words import Word, split_words, stem


class Mood(Enum):
    """The ways of putting things that tell one kind of request from another."""

    ORDER = "order"
    HOW = "how"
    PERMISSION = "permission"
    QUESTION = "question"
    OWN = "own"  # a question, or an order to tell, about the speaker's own things
    STATEMENT = "statement"


_PREPOSITIONS = frozenset({"after", "at", "by", "for", "from", "in", "on", "since", "till", "to", "until", "with"})
_WH = frozenset({"how", "what", "which", "who", "whose", "where", "when", "why"})
_AMOUNTS = frozenset({"long", "many", "much", "often", "old", "far"})
_AUXILIARIES = frozenset(
    (
        *("is", "are", "am", "was", "were", "do", "does", "did", "has", "have", "had"),
        *("will", "would", "shall", "should", "can", "could", "may", "might"),
    )
)
_PERMISSION = frozenset({"can", "could", "may", "might", "should", "must", "shall"})
_REQUESTING = frozenset({"can", "could", "will", "would", "may", "might"})
_JOINING = frozenset({"whether", "if"})
_CHECKING = frozenset({"check", "see", "confirm", "verify", "out", "me", "know", "for"})  # "find out", "tell me"
LONGEST_ASKING = 8  # words, before "whether"
_ASKED = frozenset({"you", "u", "somebody", "someone", "anybody", "anyone", "we"})
_WISHES = frozenset({"need", "want", "wish", "like", "require"})
_SELF = frozenset({"i", "my", "mine", "me", "myself"})
_OBJECTS = frozenset({"my", "the", "a", "an", "me", "us", "this", "that", "it", "all", "our", "your", "everything"})
_SUBJECTS = frozenset(
    ("i", "my", "the", "it", "we", "our", "this", "that", "there", "somebody", "someone", "no", "he", "she", "they")
)
_TELLING = frozenset(stem(verb) for verb in TELLING_VERBS)
_RAISING = frozenset({"bring", "call", "look", "pull"})  # "pull up my …"
_PROCEDURES = (
    *("where do i", "where can i", "where should i", "where must i", "who do i", "whom do i", "who should i"),
    *("what do i", "what should i", "what must i", "what happens", "what if", "what would happen", "why should"),
    *("the procedure", "the process", "the way to", "the steps"),
)


def mood_in(text: str) -> Mood:
    """The mood of a text: what is put as a statement and ends in a question mark is a question all the same."""
    words = split_words(text)
    mood = mood_of(words)
    if mood is Mood.STATEMENT and text.rstrip(" \"')").endswith("?"):
        return Mood.OWN if _SELF.intersection(word.word for word in words) else Mood.QUESTION
    return mood


def mood_of(words: Sequence[Word]) -> Mood:
    """The mood of a text, by its first words after "please", "and", "could you tell me" and the like."""
    heard = [word.word for word in words]
    opened = _after_openings(heard)
    heard = heard[opened:]
    if not heard:
        return Mood.STATEMENT
    if heard[0] in _PREPOSITIONS and _WH.intersection(heard[1:2]):
        heard = heard[1:]  # "since when …"
    return _question(heard) or _order(heard, opened=bool(opened))


def _question(heard: Sequence[str]) -> Mood | None:
    joined = next((place for place, word in enumerate(heard[:LONGEST_ASKING]) if word in _JOINING), 0)
    if joined and heard[joined - 1] in _CHECKING:
        return Mood.OWN if _SELF.intersection(heard[joined:]) else Mood.QUESTION  # "could you check whether …"
    if heard[0] in _WH:
        return _asked(heard)
    if (wish := _wish(heard)) and _tells(heard[wish:]) and _SELF.intersection(heard[wish:]):
        return Mood.OWN
    asks_to_do = heard[0] in _REQUESTING and _ASKED.intersection(heard[1:2])
    return _asked_yes_or_no(heard) if heard[0] in _AUXILIARIES and not asks_to_do else None


def _order(heard: Sequence[str], *, opened: bool) -> Mood:
    first, second = heard[0], heard[1] if len(heard) > 1 else ""
    tells_own = _tells(heard) and _SELF.intersection(heard[2:] if second == "me" else heard)
    if tells_own or (first == "my" and heard[-1] == "please"):
        return Mood.OWN
    if first in _AUXILIARIES or (first == "i" and _WISHES.intersection(heard[1:4])):
        return Mood.ORDER
    orders = opened or first in ORDERS or stem(first) in _TELLING or second in _OBJECTS
    return Mood.ORDER if orders and first not in _SUBJECTS else Mood.STATEMENT


def _wish(heard: Sequence[str]) -> int:
    """The number of words with which a wish begins: "could you", "can I", "I would like to"."""
    if heard[0] in _REQUESTING and heard[1:2] and heard[1] in _ASKED | {"i"}:
        start = 2
    elif heard[0] == "i" and "to" in heard[1:5] and _WISHES.intersection(heard[1:4]):
        start = heard.index("to") + 1
    else:
        return 0
    return start + (heard[start : start + 1] == ["please"])


def _tells(ordered: Sequence[str]) -> bool:
    """Whether an order is to tell or to show something."""
    return bool(ordered) and (
        stem(ordered[0]) in _TELLING or ordered[0] == "see" or (ordered[0] in _RAISING and ordered[1:2] == ["up"])
    )


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

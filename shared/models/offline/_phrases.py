"""How words stand to each other in a sentence, as far as that can be told without a grammar."""

from shared.models.offline._lexicon import DETERMINERS
from shared.models.offline._mood import Mood, mood_of
from shared.models.offline._words import Term, Word

_BEFORE_DEEDS = frozenset(
    (
        *("i", "you", "we", "they", "he", "she", "it", "who", "to", "not", "never", "please", "and", "or", "then"),
        *("can", "could", "will", "would", "shall", "should", "may", "might", "must", "do", "does", "did", "has"),
        *("have", "had", "is", "are", "am", "was", "were", "be", "been", "let", "just", "still", "already", "ever"),
        *("always", "keeps", "keep", "cannot", "that", "how", "got", "get"),
    )
)
_BEING = frozenset({"is", "are", "was", "were", "be", "been", "has", "have", "had", "does", "did", "will", "out"})
_SUBJECTS = frozenset({"i", "we", "you", "they", "he", "she", "it", "my", "and", "but", "so", "because"})


def names_a_thing(words: tuple[Word, ...], term: Term) -> bool:
    """Whether the term is a noun rather than a verb, by its ending and by the word before it; names are left out."""
    if term.weight < 1.0 or term.proper:
        return False
    before = words[term.word - 1].word if term.word else ""
    if before in DETERMINERS:
        return True
    if words[term.word].word.endswith(("ed", "ing", "ly")):
        return False
    return before not in _BEFORE_DEEDS if before else mood_of(words) is Mood.STATEMENT


def follows(first: Term, second: Term) -> bool:
    """Whether nothing stands between two terms."""
    return second.word == first.word + 1 + (1 if first.parts else 0)


def opens(words: tuple[Word, ...], first: Term, second: Term) -> bool:
    """Whether nothing but "my", "the" and the like stands between two terms."""
    start = first.word + 1 + (1 if first.parts else 0)
    return all(word.word in DETERMINERS for word in words[start : second.word])


def says_of(words: tuple[Word, ...], thing: Term, term: Term) -> bool:
    """Whether the term is what is said of the thing before it: "is" or the like stands between, and no new subject."""
    between = words[thing.word + 1 : term.word]
    return any(word.word in _BEING for word in between) and not any(word.word in _SUBJECTS for word in between)

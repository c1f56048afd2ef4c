"""Words near a misspelt one, by shared pairs of letters and then by edit distance; or by how they sound.

A padded word of n letters has n + 1 pairs. One edit changes at most two of them, a transposition three, so words within
k edits share at least max(n, m) + 1 - 3k pairs: the pairs find every candidate, the distance then decides.
"""

import re
from collections.abc import Iterable
from typing import Final

_EDGE: Final = "\x02"
_PAIRS_PER_EDIT: Final = 3
_SHORTEST: Final = 3
_SHORT: Final = 4
_LONG: Final = 6
_SAFE: Final = 8
_SOUNDS: Final = (
    (re.compile("ph"), "f"),
    (re.compile("c(?=[eiy])|z"), "s"),
    (re.compile("ck|c|q"), "k"),
    (re.compile("y"), "i"),
    (re.compile("wh"), "w"),
    (re.compile(r"(.)\1"), r"\1"),
)


def pairs(word: str) -> set[str]:
    """The pairs of neighbouring letters, the word's ends counting as letters."""
    padded = f"{_EDGE}{word}{_EDGE}"
    return {padded[i : i + 2] for i in range(len(padded) - 1)}


def gram_keys(word: str) -> Iterable[str]:
    """Where the word stands in the index of pairs: each pair, with the word's length."""
    return (f"{len(word)}:{pair}" for pair in pairs(word))


def allowed_edits(word: str) -> int:
    """How many letters may be wrong before it is another word; none in numbers and the shortest words."""
    if len(word) < _SHORTEST or any(character.isdigit() for character in word):
        return 0
    return 2 if len(word) >= _LONG else 1


def lookup_keys(word: str) -> list[str]:
    """The keys under which words within the allowed number of edits stand."""
    edits = allowed_edits(word)
    lengths = range(max(_SHORTEST, len(word) - edits), len(word) + edits + 1)
    return [f"{length}:{pair}" for length in lengths for pair in pairs(word)]


def shared_needed(word: str) -> int:
    """How many pairs a candidate must share to be worth a closer look."""
    return max(1, len(word) + 1 - _PAIRS_PER_EDIT * allowed_edits(word))


def distance(one: str, other: str, limit: int) -> int:
    """Edits between two words: a letter more, less or other, or two neighbours exchanged (optimal string alignment).

    Returns:
        The distance, or `limit + 1` if it is more than `limit`.
    """
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    previous = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        current = [i]
        for j, b in enumerate(other, 1):
            cost = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > limit:
            return limit + 1
        before, previous = previous, current
    return min(previous[-1], limit + 1)


def sounds_alike(word: str, candidate: str) -> bool:
    """Whether people who write as they hear may have meant the other word (fone, phone)."""
    return sound(word) == sound(candidate)


def sound(word: str) -> str:
    """A word with the letters that are taken for each other made one."""
    for letters, other in _SOUNDS:
        word = letters.sub(other, word)
    return word


def is_plausible(word: str, candidate: str, edits: int) -> bool:
    """Whether a short word is likely to be the other, misspelt: it begins alike, or has the same letters."""
    if sorted(word) == sorted(candidate):
        return True
    if len(word) == _SHORTEST == len(candidate):
        return word[:-1] == candidate[:-1]
    if len(word) <= _SHORT:
        return word[0] == candidate[0] and len(word) != len(candidate) and len(word) > _SHORTEST
    if edits > 1 and len(word) < _SAFE:
        return word[0] == candidate[0] and abs(len(word) - len(candidate)) < edits
    return len(word) >= _LONG or word[0] == candidate[0]

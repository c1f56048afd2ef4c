"""What somebody is called in a text: an address, a login, a number, or a name that stands where a name would.

It finds words, and knows nobody. It errs towards finding nothing: whoever takes a person's name as an argument asks
back then.
"""

import re
from collections.abc import Callable, Sequence

from shared.models.offline._people import NOT_PEOPLE, NOT_SURNAMES
from shared.models.offline._words import Word, is_frequent, split_words

_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_LOGIN = re.compile(r"(?<![\w@./-])[a-z]{2,30}(?:\.([a-z]{2,30})){1,3}(?![\w@/-]|\.\w)")
_NUMBER = re.compile(r"(?<![\w.-])[A-Za-z]{1,2}\d{3,8}(?![\w.-])")
_OWNER = re.compile(r"((?:[^\W\d_][\w.-]{0,40} ){0,3}[^\W\d_][\w.-]{0,40})'s?(?=\s+\w|\W{0,9}$)")
_BEFORE = frozenset(("of", "for", "about", "as", "is", "are", "was", "has", "had", "does", "did", "called", "named"))
_NOT_BEFORE = frozenset(
    (
        *("the", "a", "an", "my", "your", "our", "their", "his", "her", "this", "which", "what", "any", "all"),
        *("in", "at", "from", "on", "with", "via", "since", "until", "before", "after", "using", "by", "into", "last"),
    )
)
_ASKING = frozenset(("who", "what", "how", "where", "when", "why", "which", "whose"))
_OWN = frozenset(("i", "me", "my", "mine", "myself"))
_LONGEST = 4  # words of a name

Known = Callable[[str], bool]


def person_in(text: str, *, knows: Known = lambda _: False, small: bool = True) -> str | None:
    """What the person whom a text names is called, as it was written; None where it names nobody.

    Args:
        text: What was said.
        knows: Whether a stem is a word of the tools': such a word alone is nobody's name.
        small: Whether an unknown word without a capital counts, where a name would stand.
    """
    plain = text.replace("\u2019", "'")
    for pattern in (_ADDRESS, _NUMBER):
        if found := pattern.search(plain):
            return found.group()
    login = next((one for one in _LOGIN.finditer(plain) if one.group(1) not in NOT_SURNAMES), None)
    if login is not None:
        return login.group()
    return _owner(plain, knows) or _name(plain, knows, small=small)


def _owner(text: str, knows: Known) -> str | None:
    """Of "show Jo Smith's desk", the words before the mark that are a name, from its end backwards."""
    for found in _OWNER.finditer(text):
        words = split_words(found.group(1))
        kept = _ending(words, knows)
        if kept:
            return found.group(1)[kept[0].start : kept[-1].end]
    return None


def _ending(words: Sequence[Word], knows: Known) -> list[Word]:
    kept: list[Word] = []
    for word in reversed(words):
        if not _may_be_name(word, knows) or (kept and not word.proper and kept[-1].proper):
            break
        kept.insert(0, word)
    return kept


def _name(text: str, knows: Known, *, small: bool) -> str | None:
    words = split_words(text)
    capital = [_is_capital(text[word.start : word.end]) for word in words]
    place = 0
    while place < len(words):
        end = place
        while end < len(words) and end - place < _LONGEST and capital[end] and _may_be_name(words[end], knows):
            end += 1
        if _is_name_there(words, place, end):
            return text[words[place].start : words[end - 1].end]
        place = max(end, place + 1)
    if not small or _OWN & {word.word for word in words}:
        return None
    return _small_name(text, words, knows)


def _is_capital(written: str) -> bool:
    """Whether a word is written as a name is, and not as an abbreviation."""
    return written[:1].isupper() and (len(written) == 1 or not written.isupper())


def _is_name_there(words: Sequence[Word], place: int, end: int) -> bool:
    """Whether the words from `place` to `end`, written as a name, stand where a person's would."""
    if end == place:
        return False
    before = words[place - 1].word if place else ""
    if before in _NOT_BEFORE:
        return False
    return end - place > 1 or place <= 1 or before in _BEFORE


def _small_name(text: str, words: Sequence[Word], knows: Known) -> str | None:
    """Of "call kim", an unknown word right after the first, or after a word that a person follows."""
    for place, word in enumerate(words):
        before = words[place - 1].word if place else ""
        if place and _may_be_name(word, knows) and (before in _BEFORE or (place == 1 and before not in _ASKING)):
            end = place + 1
            while end < len(words) and end - place < _LONGEST and _may_be_name(words[end], knows):
                end += 1
            return text[word.start : words[end - 1].end]
    return None


def _may_be_name(word: Word, knows: Known) -> bool:
    return (
        word.weight == 1.0
        and word.word.isalpha()
        and word.word not in NOT_PEOPLE
        and not is_frequent(word.stem)
        and not knows(word.stem)
    )

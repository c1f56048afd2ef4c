"""Whether a text is about the person who speaks, or about somebody else."""

import re
from collections.abc import Callable, Collection, Sequence

from shared.models.offline._vocabulary import representative
from shared.models.offline._words import Word, is_frequent, split_words, stem

NOT_PEOPLE = frozenset(
    (
        *("it", "that", "what", "who", "where", "there", "here", "how", "when", "let", "he", "she", "everything"),
        *("today", "yesterday", "tomorrow", "week", "month", "year", "day", "morning", "night", "world"),
        *("company", "office", "firm", "nothing"),
        *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
        *("january", "february", "march", "april", "may", "june", "july", "august", "september", "october"),
        *("november", "december", "christmas", "easter"),
    )
)
_POSSESSIVE = re.compile(r"\b([^\W\d_][\w.-]{0,60}?)(?:'s|s')(?=\s+\w|\W{0,9}$)")
_THEIRS = re.compile(r"\b(?:his|her|hers)\b", re.IGNORECASE)
_PRONOUN = re.compile(r"\b(?:he|she|him)\b", re.IGNORECASE)
_OWN = re.compile(r"\b(?:my|mine|me|myself|i)\b", re.IGNORECASE)
_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]+\.[\w-]")
_IDENTIFIER = re.compile(
    r"\b\w+\|[0-9a-z]{8,}|\buser(?:name|_?id)?\b\s*[=:]|\b(?:number|user|employee|client|id)\s+#?\d{3,}"
    r"|\b(?!in|since|of|before|after|until|by|from|last)[a-z]+ #?\d{4,}$",
    re.IGNORECASE,
)
_DOTTED = re.compile(
    r"(?<![\w@./-])[a-z]{1,30}\.([a-z]{2,30})(?![\w@./-])"
)  # first.last, as people are often registered
NOT_SURNAMES = frozenset(
    (
        *("com", "org", "net", "edu", "gov", "info", "biz", "de", "uk", "fr", "eu", "io", "co", "js", "py", "exe"),
        *("txt", "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "zip", "html", "jpg", "png"),
    )
)
_RELATED = re.compile(
    r"\b(?:my|our|the|another|some|any|every|each|all|other|of|for|(?:behalf of|for|of) an?)\s+(?:[\w-]+\s+)??(?:ex-)?"
    r"(colleague|co-?worker|boss|manager|friend|wife|husband|partner|son|daughter|mother|father|employee|user|people"
    r"|person|staff|member|customer|administrator|admin|predecessor|assistant|teammate|other|ceo|cfo|cto|director"
    r"|president|intern|trainee|guy|girl|man|woman|lady|secretary|contractor|visitor|guest|neighbour|brother"
    r"|sister|successor|newcomer|tenant|owner)(?:s|es)?\b(?!\s+(?:name|id|number|record|profile|group|role|right|list|call|meeting)s?\b)",
    re.IGNORECASE,
)
_EVERYBODY = re.compile(r"\b(?:everybody|everyone|(?:somebody|someone|anybody|anyone) else)\b", re.IGNORECASE)
_ELSE_DOES = re.compile(r"\b(?:somebody|someone|anybody|anyone) else\b(?!'s)", re.IGNORECASE)
_I_HAVE = re.compile(r"\s+(?:(?:that|which)\s+)?(?:i\b|of mine\b)", re.IGNORECASE)
_MY_USER = re.compile(r"\bmy user\b", re.IGNORECASE)  # the registration, not a person
_ALL = re.compile(r"\b(all|every|each)\s+(?!my\b|of my\b|mine\b)(?:the\s+)?([\w-]+)(?:\s+([\w-]+))?", re.IGNORECASE)
_OWN_OBJECTS = frozenset({"me", "mine", "myself"})
_POINTING = frozenset({"the", "a", "an", "this", "that", "these", "those", "our"})
_OWNED_BY = frozenset({"of", "for", "by"})
_PLACES = frozenset({"in", "at", "from", "on", "with", "via", "since", "until", "before", "after", "using", "by"})


def about_somebody_else(
    text: str, *, own: Collection[str] = (), knows: Callable[[str], bool] = bool, acts: bool = True
) -> bool:
    """Whether what is asked concerns another person: a name, a login, "her", "my colleague's", "all users".

    Where the speaker is concerned too ("he saw that I am locked out"), a mere pronoun does not count. It errs towards
    somebody else: better to say no once too often than to act on the wrong person's things.

    Args:
        text: What was said.
        own: What a person has one of, by the words of the tool that is wanted: more than one is not the speaker's.
        knows: Whether a stem is a word of the tools'; such a word is nobody's name.
        acts: Whether something would be done. To be told whether somebody else used one's things does no harm.
    """
    plain = _MY_USER.sub("mine", text.replace("\u2019", "'"))
    if not acts and _OWN.search(plain):
        plain = _ELSE_DOES.sub("one", plain)
    if any(pattern.search(plain) for pattern in (_THEIRS, _EVERYBODY, _IDENTIFIER, _ADDRESS)):
        return True
    if any(not _means_one_of(found.group(1).lower(), own) for found in _RELATED.finditer(plain)):
        return True
    if any(found.group(1) not in NOT_SURNAMES for found in _DOTTED.finditer(plain)):
        return True
    if any(
        _is_more_than_own(*found.groups(""), own=own)
        for found in _ALL.finditer(plain.lower())
        if not _I_HAVE.match(plain, found.end(2))
    ):
        return True
    owners = (word for found in _POSSESSIVE.finditer(plain) for word in split_words(found.group(1)))
    if any(word.word not in NOT_PEOPLE and not knows(word.stem) for word in owners):
        return True
    return bool(_PRONOUN.search(plain)) and not _OWN.search(plain)


def names_somebody(text: str, knows: Callable[[str], bool]) -> bool:
    """Whether a name stands where a thing or a person would: "call Kim", not "from Paris"."""
    words = split_words(text)
    if any(_is_name(word, knows) and words[place - 1].word not in _PLACES for place, word in enumerate(words) if place):
        return True
    if any(word.word == "my" for word in words):
        return False
    if not _OWN_OBJECTS.intersection(word.word for word in words) and any(
        _is_somebody(words, place, knows) for place in range(1, len(words))
    ):
        return True
    # Written small, a name is an unknown word where an owner would stand: "the garden of kim".
    return any(
        word.weight == 1.0
        and not knows(word.stem)
        and not is_frequent(word.stem)
        and words[place - 1].word in _OWNED_BY
        for place, word in enumerate(words)
        if place
    )


def _is_somebody(words: Sequence[Word], place: int, knows: Callable[[str], bool]) -> bool:
    """Whether the word is what is to be acted on, and none of the tools' things: "fetch the gardener"."""
    word, before = words[place], words[place - 1]
    if before.word not in _POINTING or word.weight < 1.0 or knows(word.stem):
        return False
    return place == 1 or words[place - 2].word not in _PLACES | {"in", "into", "during", "than", "like", "as"}


def _means_one_of(noun: str, own: Collection[str]) -> bool:
    """Whether what is named is one of the speaker's own things: "who is my boss", where a tool tells the manager."""
    return noun in own or any(representative(stem(noun)) == representative(stem(thing)) for thing in own)


def _is_more_than_own(quantity: str, first: str, second: str, *, own: Collection[str]) -> bool:
    """Whether "all gardens", "every old garden" are meant, where a person has one."""
    if quantity == "all":
        return any(noun.endswith("s") and noun not in own and noun[:-1] in own for noun in (first, second))
    return first in own or second in own


def _is_name(word: Word, knows: Callable[[str], bool]) -> bool:
    return word.proper and word.word.isalpha() and word.word not in NOT_PEOPLE | {"i"} and not knows(word.stem)

"""Whether a text is about the person who speaks, or about somebody else."""

import re
from collections.abc import Collection

_NOT_PEOPLE = frozenset(
    (
        *("it", "that", "what", "who", "where", "there", "here", "how", "when", "let", "he", "she", "everything"),
        *("today", "yesterday", "tomorrow", "week", "month", "year", "day", "morning", "night", "world"),
        *("company", "office", "firm", "nothing"),
        *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    )
)
_POSSESSIVE = re.compile(r"\b([^\W\d_][\w.-]*?)(?:'s|s')\s+(?=\w)")
_THEIRS = re.compile(r"\b(?:his|her|hers)\b", re.IGNORECASE)
_PRONOUN = re.compile(r"\b(?:he|she|him)\b", re.IGNORECASE)
_OWN = re.compile(r"\b(?:my|mine|me|myself|i)\b", re.IGNORECASE)
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_IDENTIFIER = re.compile(r"\b\w+\|[0-9a-z]{8,}|\buser(?:name|_?id)?\b\s*[=:]", re.IGNORECASE)
_DOTTED = re.compile(r"(?<![\w@./-])[a-z]{2,}\.([a-z]{2,})(?![\w@./-])")  # first.last, as people are often registered
_NOT_SURNAMES = frozenset(
    (
        *("com", "org", "net", "edu", "gov", "info", "biz", "de", "uk", "fr", "eu", "io", "co", "js", "py", "exe"),
        *("txt", "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "zip", "html", "jpg", "png"),
    )
)
_NAMED = re.compile(r"\b(?:of|for|to)\s+(?:(?:mr|mrs|ms|dr)\.?\s+)?([A-Z][a-z]+)(?:\s+[A-Z][a-z]+)?")
_RELATION = (
    r"(?:colleagues?|co-?workers?|boss|bosses|managers?|friends?|wife|husband|partner|son|daughter|mother|father"
    r"|employees?|users?|people|persons?|staff|members?|customers?|administrators?|admins?|predecessor|assistant"
    r"|teammates?|others|ceo|cfo|cto|director|president)"
)
_RELATED = re.compile(
    r"\b(?:of|for|to|as)\s+(?:(?:my|our|the|a|an|another|some|any|every|each|all|other)\s+)*"
    rf"(?:[\w-]+\s+)?{_RELATION}\b|\b(?:all|every|each|other|another)\s+(?:the\s+)?{_RELATION}\b",
    re.IGNORECASE,
)
_EVERYBODY = re.compile(r"\b(?:everybody|everyone|(?:somebody|someone|anybody|anyone) else)\b", re.IGNORECASE)
_ALL = re.compile(r"\b(all|every|each)\s+(?!my\b|of my\b|mine\b)(?:the\s+)?(?:[\w-]+\s+)??([a-z]+)\b", re.IGNORECASE)


def about_somebody_else(text: str, own: Collection[str] = ()) -> bool:
    """Whether what is asked concerns another person: a name, a login, "her", "my colleague's", "all users".

    Where the speaker is concerned too ("he saw that I am locked out"), a mere pronoun does not count. It errs towards
    somebody else: better to say no once too often than to act on the wrong person's things.

    Args:
        text: What was said.
        own: What a person has one of, by the words of the tool that is wanted: more than one is not the speaker's.
    """
    plain = text.replace("\u2019", "'")
    if any(pattern.search(plain) for pattern in (_THEIRS, _RELATED, _EVERYBODY, _IDENTIFIER, _ADDRESS)):
        return True
    named = [found.group(1).lower() for pattern in (_POSSESSIVE, _NAMED) for found in pattern.finditer(plain)]
    if any(name not in _NOT_PEOPLE for name in named):
        return True
    if any(found.group(1) not in _NOT_SURNAMES for found in _DOTTED.finditer(plain)):
        return True
    if any(_is_more_than_own(found.group(1).lower(), found.group(2).lower(), own) for found in _ALL.finditer(plain)):
        return True
    return bool(_PRONOUN.search(plain)) and not _OWN.search(plain)


def _is_more_than_own(quantity: str, noun: str, own: Collection[str]) -> bool:
    if quantity == "all":
        return noun.endswith("s") and noun not in own and noun.removesuffix("s") in own
    return noun in own

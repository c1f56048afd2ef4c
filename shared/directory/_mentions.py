"""Whether a request is about somebody else: read from its words, to answer plainly and to leave accounts alone.

It protects nobody's data: whose account is read or changed is decided by the verified subject alone. It keeps
"reset Jo's password" from resetting the password of the person who says so, and from being answered as if it
had been done. It knows English; what it overlooks is answered from the person's own account, and says so.
"""

import re
from collections.abc import Iterator

from shared.directory._types import User

_CREDENTIALS = r"(?:accounts?|passwords?|passcode|logins?|log-ins?|credentials)"
_THINGS = (
    rf"(?:{_CREDENTIALS}|profile|details|groups?|memberships?|devices?|laptop|phone|computer|sign[- ]ins?|lock(?:out)?|"
    r"access|history|activity|factors?|mfa|e-?mail|number|status|user)"
)
_KIN = (
    r"(?:colleague|co-?worker|teammate|boss|manager|supervisor|director|assistant|report|intern|team|wife|husband|partner|"
    r"spouse|son|daughter|mother|father|brother|sister|friend|customer|client|contractor|secretary|neighbou?r|"
    r"administrator|ceo|cfo|cto|users?|employees?|people|person|staff|colleagues|accounts)"
)
_ANYBODY = r"(?:someone|somebody|anyone|anybody|everyone|everybody)"
_NAME = r"[A-Z][\w\u2019'-]{1,40}(?: [A-Z][\w\u2019'-]{1,40}){0,4}"
_S = r"['\u2019]s?"
_FILLER = r"(?:[\w-]{1,40} )"

# For texts with single spaces. Repetition is bounded: the time to read a text grows with its length and no faster.
_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_EMPLOYEE_NUMBER = re.compile(r"\bE\d{3,}\b")
_LOGIN = re.compile(r"(?<![\w.@-])[a-z]{2,40}(?:\.[a-z]{2,40}){1,4}(?![\w@-]|\.\w)")
_WORD = re.compile(r"[\w@.+'\u2019-]+")
_AFTER_A_WORD = "@.+'\u2019-"
_NO_LOGIN = re.compile(r"\.(?:com|org|net|io|example|local|exe|pdf|txt|docx?|xlsx?|js|py|zip)\b")

# Each finds a name, as its group.
_NAMING = (
    re.compile(rf"\b([^\W\d_][\w.-]{{0,40}}){_S} {_FILLER}?{_THINGS}\b", re.IGNORECASE),  # jo's work laptop
    re.compile(rf"(?<=[\w,] )({_NAME}){_S}(?!\w)"),  # reset Jo's
    re.compile(rf"\b(?:[Uu]nlock|[Rr]eset|[Ll]ook up|[Ff]or user|[Oo]n behalf of|[Aa]cting as) ({_NAME})"),
    re.compile(rf"\b{_THINGS} (?:of|for|belonging to) ({_NAME})"),
    re.compile(r"\b(?:[Ff]or|[Oo]f|[Aa]bout|[Aa]s) ([A-Z][a-z]+ [A-Z][a-z]+)\b"),
    re.compile(rf"\b(?:[Ii] am|[Ii]['\u2019]m|[Tt]his is|[Mm]y name is) ({_NAME})"),
)
# Each points at somebody without a name.
_POINTING = (
    re.compile(rf"\b(?:his|her) {_FILLER}?{_THINGS}\b|\btheir {_FILLER}?{_CREDENTIALS}\b", re.IGNORECASE),
    re.compile(r"\b(?:unlock|reset|for) (?:him|her)\b|\b(?:unlock|reset) (?:them|others)\b", re.IGNORECASE),
    re.compile(
        rf"\b(?:for|of|unlock|reset|about|on behalf of) (?:my|our|a|an|another|the) {_FILLER}?{_KIN}\b",
        re.IGNORECASE,
    ),
    re.compile(rf"\b(?:my|our|the|another) {_FILLER}?{_KIN}{_S} {_FILLER}?{_THINGS}\b", re.IGNORECASE),
    re.compile(
        rf"\b(?:all|every|each|other|another|any) (?:of )?(?:the |other )?{_KIN}\b",
        re.IGNORECASE,
    ),
    re.compile(rf"\b{_ANYBODY}(?: else)?{_S} {_FILLER}?{_THINGS}\b", re.IGNORECASE),
    re.compile(rf"\b(?:for|unlock|reset|of) {_ANYBODY}\b", re.IGNORECASE),
    re.compile(rf"\b(?:somebody|someone|anyone|anybody|everyone|everybody) else{_S}", re.IGNORECASE),
)
# Words that stand where a name could and are none.
_NOT_NAMES = frozenset(
    {
        *("i", "me", "my", "mine", "you", "your", "it", "this", "that", "these", "the", "a", "an", "all", "any", "and"),
        *("what", "who", "where", "when", "which", "how", "why", "let", "here", "there", "he", "she", "please", "or"),
        *("someone", "somebody", "anyone", "anybody", "nobody", "everyone", "everybody"),  # others look at these
        *("today", "yesterday", "tomorrow", "tonight", "morning", "evening", "day", "night", "week", "month", "year"),
        *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
        *("january", "february", "march", "april", "may", "june", "july", "august", "september", "october"),
        *("november", "december", "last", "recent", "failed", "successful", "current", "urgent", "asap", "ok", "utc"),
        *("company", "directory", "desk", "help", "helpdesk", "office", "it", "system", "service", "server", "policy"),
        *("account", "accounts", "password", "profile", "status", "group", "groups", "device", "devices", "laptop"),
        *("phone", "computer", "mailbox", "e-mail", "email", "mfa", "vpn", "wi-fi", "wifi", "sso", "okta", "windows"),
        *("mac", "macos", "ios", "android", "iphone", "outlook", "teams", "sign-in", "sign-ins", "login", "locked"),
    }
)


def mentions_another(text: str, user: User) -> bool:
    """Whether the request names, or points at, somebody who is not the user.

    Args:
        text: The request, as it was said.
        user: Whose account the request would be answered from.
    """
    text = " ".join(text.split())
    own = _own_words(user)
    return any(not _is_own(name, own) for name in _names(text)) or any(each.search(text) for each in _POINTING)


def is_named(text: str, user: User, called: str) -> bool:
    """Whether the text names this user: by something that is theirs, whole, or by a whole part of their name.

    What they were looked up by counts only as far as it is both: said by the person, and not the mere beginning of a
    name. A model may have made it up, and "it" begins somebody's name.

    Args:
        text: What a person said.
        user: Whom it may name.
        called: What they were looked up by.
    """
    said = f" {' '.join(_words(text))} "
    short = user.login.partition("@")[0]
    names = [user.login, user.email, user.employee_number or "", short, user.display_name]
    if set(_words(called)) <= set(_words(user.display_name)):
        names.append(called)
    return any(f" {' '.join(_words(name))} " in said for name in names if _words(name))


def _words(text: str) -> list[str]:
    found = (word.rstrip(_AFTER_A_WORD) for word in _WORD.findall(text.casefold()))
    return [re.sub(rf"{_S}$", "", word) for word in found if word]


def _names(text: str) -> Iterator[str]:
    yield from _MAIL.findall(text)
    yield from _EMPLOYEE_NUMBER.findall(text)
    rest = _MAIL.sub(" ", text)
    yield from (login for login in _LOGIN.findall(rest) if not _NO_LOGIN.search(login))
    for pattern in _NAMING:
        yield from filter(None, (_without_other_words(match[1]) for match in pattern.finditer(rest)))


def _without_other_words(name: str) -> str:
    """The name alone: up to the first word that is none."""
    words = [re.sub(rf"{_S}$", "", word) for word in name.split()]
    end = next((place for place, word in enumerate(words) if word.casefold() in _NOT_NAMES), len(words))
    return " ".join(words[:end])


def _own_words(user: User) -> frozenset[str]:
    short = user.login.partition("@")[0]
    whole = (user.login, user.email, user.recovery_email, user.employee_number, user.department, short)
    parts = (*user.display_name.split(), *short.split("."))
    return frozenset(value.casefold() for value in (*whole, *parts) if value)


def _is_own(name: str, own: frozenset[str]) -> bool:
    folded = name.casefold()
    return folded in own or all(word in own for word in folded.split())

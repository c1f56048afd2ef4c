"""The arguments of the tools, checked here: a gateway's schema knows types and required names, and no limits."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

MAX_QUESTION_CHARACTERS: Final = 2000
MAX_VALUES: Final = 16
MAX_HITS: Final = 20
MAX_RECENT: Final = 50

_SLUG: Final = re.compile(r"[^\W_][\w.-]{0,199}")
_LANGUAGE: Final = re.compile(r"[a-z]{2}")
_TAG_CHARACTERS: Final = 64


class InvalidArguments(Exception):
    """What was asked for cannot be understood; the text names the argument and what it has to be."""


Check = Callable[[str, Any], Any]


def read_arguments(given: Any, checks: Mapping[str, Check], *, required: frozenset[str]) -> dict[str, Any]:
    """The arguments that are there, each as its check returns it.

    Args:
        given: What the model wrote.
        checks: By name; an argument that has none is refused.
        required: Those that must be there.

    Raises:
        InvalidArguments: naming the first that will not do.
    """
    if not isinstance(given, dict):
        raise InvalidArguments("the arguments are not an object")
    for name in given:
        if name not in checks:
            raise InvalidArguments(f"there is no such argument; there are: {', '.join(checks)}")
    for name in sorted(required):
        if name not in given:
            raise InvalidArguments(f"{name} is missing")
    return {name: checks[name](name, value) for name, value in given.items()}


def question(name: str, value: Any) -> str:
    """Some text, not too long."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidArguments(f"{name} is a text that is not empty")
    if len(value) > MAX_QUESTION_CHARACTERS:
        raise InvalidArguments(f"{name} has at most {MAX_QUESTION_CHARACTERS} characters")
    return value


def slug(name: str, value: Any) -> str:
    """The identifier of an article."""
    if not isinstance(value, str) or _SLUG.fullmatch(value) is None:
        raise InvalidArguments(f"{name} is an article's identifier: letters, digits, '.', '_' and '-'")
    return value


def whole_number(highest: int) -> Check:
    """From 1 to `highest`; JSON has no integers of its own, so 5.0 is 5."""

    def check(name: str, value: Any) -> int:
        whole = isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value <= highest
        if not whole or value != int(value):
            raise InvalidArguments(f"{name} is a whole number from 1 to {highest}")
        return int(value)

    return check


def languages(name: str, value: Any) -> frozenset[str]:
    """Codes of ISO 639-1."""
    return _texts(name, value, lambda text: _LANGUAGE.fullmatch(text) is not None, "codes of two lower-case letters")


def tags(name: str, value: Any) -> frozenset[str]:
    """Tags of articles."""
    expected = f"texts of at most {_TAG_CHARACTERS} characters"
    return _texts(name, value, lambda text: 0 < len(text) <= _TAG_CHARACTERS, expected)


def day(name: str, value: Any) -> date:
    """A day, as ISO 8601 writes it."""
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise InvalidArguments(f"{name} is a day, written as YYYY-MM-DD") from None


def _texts(name: str, value: Any, fits: Callable[[str], bool], expected: str) -> frozenset[str]:
    if not isinstance(value, list) or len(value) > MAX_VALUES:
        raise InvalidArguments(f"{name} is a list of at most {MAX_VALUES}")
    if not all(isinstance(text, str) and fits(text) for text in value):
        raise InvalidArguments(f"{name} holds {expected}")
    return frozenset(value)

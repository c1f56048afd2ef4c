"""The words of OpenFGA's modelling language.

As in OpenFGA's own lexer the longest match wins, then the first; inside a condition's parentheses other words are
known. Comments are taken out before, line by line: the places of what remains are as in the file.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from shared.openfga_language._problems import ModelError, Place, Problem

KEYWORDS = frozenset({"and", "or", "from", "module", "model", "schema", "extend", "type", "condition", "relations"}) | {
    "relation",
    "define",
    "with",
    "in",
    "true",
    "false",
    "null",
}
NAMES = frozenset({"name", "module", "model", "schema", "extend", "type", "relation"})
"""The kinds of token that may name a module, a type or a relation."""

_ESCAPE = r"""\\(?:[abfnrtv"'\\?`]|[0-3][0-7][0-7]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})"""
_STRING = "|".join(
    (
        rf'"""(?:{_ESCAPE}|[^\\])*?"""',
        rf"'''(?:{_ESCAPE}|[^\\])*?'''",
        r'[rR]"""[\s\S]*?"""',
        r"[rR]'''[\s\S]*?'''",
        rf'"(?:{_ESCAPE}|[^\\"\n\r])*"',
        rf"'(?:{_ESCAPE}|[^\\'\n\r])*'",
        r'[rR]"[^"\n\r]*"',
        r"[rR]'[^'\n\r]*'",
    )
)
_NEWLINE = r"(?:[\t \f]*(?:\r?\n|\r)[\t \f]*)+"
_KINDS = {
    kind: re.compile(pattern)
    for kind, pattern in {
        "newline": _NEWLINE,
        "whitespace": r"[\t \f]+",
        "but not": "but not",
        "version": "[0-9]+[.][0-9]+",
        "$expression": r"\$expression",
        "name": "[A-Za-z_][A-Za-z0-9_-]*",
        "long name": "[A-Za-z_](?:[/.-]?[A-Za-z0-9_]+)*",
        "string": _STRING,
        "bytes": f"[bB](?:{_STRING})",
        "number": r"0x[0-9a-fA-F]+[uU]?|(?:[0-9]+(?:[.][0-9]+)?|[.][0-9]+)(?:[eE][+-]?[0-9]+)?|[0-9]+[uU]?",
        "comment": r"//[^\n]*",
        "symbol": r"==|!=|<=|>=|&&|\|\||[\[\]{}().,:#<>?!%/*+-]",
    }.items()
}
_PARAMETER_KINDS = {
    kind: re.compile(pattern)
    for kind, pattern in {
        "newline": _NEWLINE,
        "whitespace": r"[\t \f]+",
        "container": "map|list",
        "parameter type": "bool|string|int|uint|double|duration|timestamp|ipaddress",
        "name": "[A-Za-z_][A-Za-z0-9_-]*",
        "symbol": "[():,<>]",
    }.items()
}


@dataclass(frozen=True, slots=True)
class Token:
    """A word: its kind is a name of this module's, or for a keyword or symbol its own text."""

    kind: str
    text: str
    place: Place

    @property
    def shown(self) -> str:
        """How it is named to a person."""
        return {"newline": "the end of the line", "end": "the end of the file"}.get(self.kind, f"'{self.text}'")


def tokens(text: str, file: str) -> list[Token]:
    """Cuts a model into its words.

    Raises:
        ModelError: where something stands that begins no word.
    """
    return list(_tokens(_without_comments(text), file))


def _tokens(text: str, file: str) -> Iterator[Token]:
    offset, line, begin = 0, 1, 0
    in_parameters = False
    while offset < len(text):
        place = Place(file, line, offset - begin + 1)
        kind, word = _longest(_PARAMETER_KINDS if in_parameters else _KINDS, text, offset)
        if not word:
            raise ModelError([Problem(place, f"unexpected character '{text[offset]}'")])
        if kind == "symbol" or (kind == "name" and word in KEYWORDS and not in_parameters):
            kind = word
        in_parameters = (in_parameters and kind != ")") or kind == "condition"
        if kind != "comment":
            yield Token(kind, word, place)
        offset += len(word)
        if breaks := word.count("\n"):
            line += breaks
            begin = text.rindex("\n", 0, offset) + 1
    yield Token("end", "", Place(file, line, offset - begin + 1))


def _longest(kinds: dict[str, re.Pattern[str]], text: str, offset: int) -> tuple[str, str]:
    kind, word = "", ""
    for candidate, pattern in kinds.items():
        match = pattern.match(text, offset)
        if match and len(match.group()) > len(word):
            kind, word = candidate, match.group()
    return kind, word


def _without_comments(text: str) -> str:
    """OpenFGA's own way: a line that begins with `#` is empty, and a line ends before the first ` #`."""
    lines = []
    for line in text.split("\n"):
        is_comment = line.lstrip(" \t").startswith("#")
        lines.append("" if is_comment else line.split(" #", 1)[0].rstrip(" \r"))
    return "\n".join(lines).rstrip("\n")

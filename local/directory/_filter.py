"""SCIM filter expressions (RFC 7644 §3.4.2.2), compiled to SQL conditions with bound values.

expression := term ("or" term)*        term := factor ("and" factor)*
factor := "not" factor | "(" expression ")" | attribute "pr" | attribute operator value
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from local.directory._errors import OktaError
from local.directory._identifiers import parse_timestamp, timestamp

_TOKEN = re.compile(
    r"""\s*(?:(?P<open>\()|(?P<close>\))|(?P<text>"(?:[^"\\]|\\.)*")|(?P<number>-?\d+(?:\.\d+)?)(?![\w.])"""
    r"""|(?P<word>[A-Za-z]\w*(?:\.\w+)*))""",
    re.ASCII,
)
_COMPARISONS = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_MATCHES = {"sw": "substr({0}, 1, length(?)) = ?", "ew": "substr({0}, -length(?)) = ?", "co": "instr({0}, ?) > 0"}
_LONGEST = 4000
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Attribute:
    """How an attribute is read from a row.

    Attributes:
        sql: The expression; for an array, the one that reads an element called `value`.
        array: The expression that the elements come from, where the attribute has several values.
        is_time: Whether its values are dates and times.
    """

    sql: str
    array: str | None = None
    is_time: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """A SQL condition and the values that are bound to it."""

    sql: str
    values: tuple[str | float, ...] = ()


ALWAYS = Condition("1")


@dataclass(frozen=True, slots=True)
class Dialect:
    """What an endpoint lets its filters say.

    Attributes:
        resolve: Finds an attribute, or returns None where the endpoint does not offer it.
        operators: The operators that it offers.
        error: The code of its refusals.
        ignores_case: Whether letters' case makes no difference in values.
    """

    resolve: Callable[[str], Attribute | None]
    operators: frozenset[str]
    error: str
    ignores_case: bool

    def compile(self, expression: str) -> Condition:
        """Compiles an expression.

        Raises:
            OktaError: with the dialect's code, where it cannot be understood or asks for what is not offered.
        """
        return _Parser(self, expression).compile()


class _Parser:
    def __init__(self, dialect: Dialect, expression: str) -> None:
        self._dialect = dialect
        self._tokens = self._scan(expression)
        self._place = 0

    def compile(self) -> Condition:
        condition = self._expression(0)
        if self._place != len(self._tokens):
            raise self._refusal("there is something after its end")
        return condition

    def _scan(self, expression: str) -> list[tuple[str, str]]:
        if len(expression) > _LONGEST:
            raise self._refusal("it is too long")
        tokens, place, text = [], 0, expression.rstrip()
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None:
                raise self._refusal(f"position {place} cannot be read")
            tokens.append((match.lastgroup or "", match[match.lastgroup or 0]))
            place = match.end()
        return tokens

    def _refusal(self, cause: str) -> OktaError:
        return OktaError(self._dialect.error, causes=(f"Invalid filter: {cause}.",))

    def _next(self) -> tuple[str, str]:
        if self._place == len(self._tokens):
            raise self._refusal("it ends too early")
        self._place += 1
        return self._tokens[self._place - 1]

    def _take(self, word: str) -> bool:
        if self._place < len(self._tokens) and self._tokens[self._place][1].lower() == word:
            self._place += 1
            return True
        return False

    def _expression(self, depth: int) -> Condition:
        return self._joined("or", self._term, depth)

    def _term(self, depth: int) -> Condition:
        return self._joined("and", self._factor, depth)

    def _joined(self, word: str, part: Callable[[int], Condition], depth: int) -> Condition:
        parts = [part(depth)]
        while self._take(word):
            parts.append(part(depth))
        if len(parts) == 1:
            return parts[0]
        sql = f" {word.upper()} ".join(item.sql for item in parts)
        return Condition(f"({sql})", tuple(value for item in parts for value in item.values))

    def _factor(self, depth: int) -> Condition:
        if depth > _DEEPEST:
            raise self._refusal("it is nested too deeply")
        if "not" in self._dialect.operators and self._take("not"):
            inner = self._factor(depth + 1)
            return Condition(f"NOT ({inner.sql})", inner.values)
        kind, name = self._next()
        if kind == "open":
            condition = self._expression(depth + 1)
            if self._next()[0] != "close":
                raise self._refusal("a parenthesis is not closed")
            return condition
        attribute = self._dialect.resolve(name) if kind == "word" else None
        if attribute is None:
            raise self._refusal(f"field is not valid: {name[:80]}")
        operator = self._next()[1].lower()
        if operator not in self._dialect.operators:
            raise self._refusal(f"unrecognized attribute operator '{operator[:20]}'")
        return self._in_array(attribute, self._comparison(attribute, operator))

    @staticmethod
    def _in_array(attribute: Attribute, condition: Condition) -> Condition:
        if attribute.array is None:
            return condition
        sql = f"EXISTS (SELECT 1 FROM {attribute.array} WHERE {condition.sql})"  # noqa: S608 -- from code; values are bound
        return Condition(sql, condition.values)

    def _comparison(self, attribute: Attribute, operator: str) -> Condition:
        if operator == "pr":
            return Condition(f"{attribute.sql} IS NOT NULL")
        value = self._value(attribute)
        fold = self._dialect.ignores_case and isinstance(value, str) and not attribute.is_time
        sql = f"fold({attribute.sql})" if fold else attribute.sql
        value = value.casefold() if fold and isinstance(value, str) else value
        if operator in _COMPARISONS:
            return Condition(f"coalesce({sql} {_COMPARISONS[operator]} ?, {int(operator == 'ne')})", (value,))
        places = _MATCHES[operator].count("?")
        return Condition(f"coalesce({_MATCHES[operator].format(sql)}, 0)", (str(value),) * places)

    def _value(self, attribute: Attribute) -> str | float:
        kind, text = self._next()
        if attribute.is_time and kind == "text":
            try:
                return timestamp(parse_timestamp(json.loads(text)))
            except ValueError:
                raise OktaError("E0000030") from None
        if kind == "number":
            return float(text)
        if kind == "word" and text.lower() in {"true", "false"}:
            return int(text.lower() == "true")
        if kind != "text":
            raise self._refusal(f"'{text[:40]}' is not a value; strings stand in double quotes")
        try:
            value: str = json.loads(text)
            value.encode()
        except ValueError:  # a bad escape, or half of a surrogate pair
            raise self._refusal("a string is not well-formed") from None
        return value

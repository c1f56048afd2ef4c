"""Reads the Common Expression Language (cel.dev): its grammar, with the macros of the standard environment."""

import re
from collections.abc import Callable
from typing import NoReturn

from shared.cel._errors import CompileError, Issue
from shared.cel._syntax import Call, Comprehension, Identifier, ListLiteral, Literal, MapLiteral, Node, Select
from shared.cel._values import UInt

MAX_DEPTH = 50
"""How deep an expression may be nested."""

_RESERVED = frozenset(
    {"as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package"}
    | {"namespace", "return", "var", "void", "while"}
)
_WORDS = re.compile(
    r"""
    (?P<skip>[\t\n\f\r\ ]+|//[^\n]*)
    |(?P<float>(?:[0-9]+\.[0-9]+|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)
    |(?P<uint>0x[0-9a-fA-F]+[uU]|[0-9]+[uU])
    |(?P<int>0x[0-9a-fA-F]+|[0-9]+)
    |(?P<string>(?:[bB][rR]?|[rR][bB]?)?(?:\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}
        |\"(?:\\.|[^\\"\n\r])*\"|'(?:\\.|[^\\'\n\r])*'))
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<symbol>==|!=|<=|>=|&&|\|\||[\[\]{}().,:<>?!%/*+-])
    """,
    re.VERBOSE | re.DOTALL,
)
_RAW_STRING = re.compile(r"""(?:[bB]?[rR][bB]?)(?:"{3}.*?"{3}|'{3}.*?'{3}|"[^"\n\r]*"|'[^'\n\r]*')""", re.DOTALL)
_ESCAPE = re.compile(
    r"""\\(?:(?P<x>[xX])(?P<hex>[0-9a-fA-F]{2})|u(?P<u4>[0-9a-fA-F]{4})|U(?P<u8>[0-9a-fA-F]{8})"""
    r"""|(?P<octal>[0-3][0-7]{2})|(?P<char>[abfnrtv"'\\?`])|(?P<bad>.?))""",
    re.DOTALL,
)
_CHARACTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_INT_LIMIT = 1 << 63
_UINT_LIMIT = 1 << 64
_RELATIONS = ("==", "!=", "<", "<=", ">", ">=", "in")
_QUANTIFIERS = {"all": "all", "exists": "exists", "exists_one": "exists_one", "existsOne": "exists_one"}
_MACROS = {*_QUANTIFIERS, "filter", "map"}


def parse(source: str) -> Node:
    """Reads an expression.

    Raises:
        CompileError: where it breaks the grammar.
    """
    return _Parser(source).expression_alone()


class _Parser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._words = self._read()
        self._index = 0
        self._depth = 0

    def _read(self) -> list[tuple[str, str, int]]:
        words, offset = [], 0
        while offset < len(self._source):
            match = _RAW_STRING.match(self._source, offset)
            kind = "string"
            if match is None:
                match = _WORDS.match(self._source, offset)
                if match is None or match.lastgroup is None:
                    self._fail(f"Syntax error: token recognition error at: '{self._source[offset]}'", offset)
                kind = match.lastgroup
            if kind != "skip":
                words.append((kind, match.group(), offset))
            offset = match.end()
        words.append(("end", "<EOF>", len(self._source)))
        return words

    def expression_alone(self) -> Node:
        node = self._expression()
        if self._kind != "end":
            self._unexpected()
        return node

    # Operators, from the loosest to the tightest

    def _expression(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._fail("Syntax error: expression recursion limit exceeded", self._offset)
        condition = self._binary(("||",), lambda: self._binary(("&&",), self._relation))
        if self._text == "?" and self._kind == "symbol":
            offset = self._take()[2]
            then = self._binary(("||",), lambda: self._binary(("&&",), self._relation))
            self._need(":")
            condition = Call("_?_:_", None, (condition, then, self._expression()), offset)
        self._depth -= 1
        return condition

    def _relation(self) -> Node:
        return self._binary(_RELATIONS, self._sum)

    def _sum(self) -> Node:
        return self._binary(("+", "-"), lambda: self._binary(("*", "/", "%"), self._unary))

    def _binary(self, operators: tuple[str, ...], operand: Callable[[], Node]) -> Node:
        node = operand()
        while self._text in operators and (self._kind == "symbol" or self._text == "in"):
            _, operator, offset = self._take()
            function = "@in" if operator == "in" else f"_{operator}_"
            node = Call(function, None, (node, operand()), offset)
        return node

    def _unary(self) -> Node:
        operator, offset, count = self._text, self._offset, 0
        if self._kind != "symbol" or operator not in {"!", "-"}:
            return self._member()
        while self._text == operator and self._kind == "symbol":
            self._take()
            count += 1
        if operator == "-" and count % 2 and self._kind in {"int", "float"}:
            return self._members(self._number(self._take(), sign=-1))
        node = self._member()
        return Call(f"{operator}_", None, (node,), offset) if count % 2 else node

    def _member(self) -> Node:
        return self._members(self._primary())

    def _members(self, node: Node) -> Node:
        while self._kind == "symbol" and self._text in {".", "["}:
            _, symbol, offset = self._take()
            if symbol == "[":
                node = Call("_[_]", None, (node, self._expression()), offset)
                self._need("]")
                continue
            name = self._name()[0]
            if self._is("("):
                opening = self._offset
                node = self._method(node, name, self._arguments(")"), opening)
            else:
                node = Select(node, name, False, offset)
        return node

    def _method(self, target: Node, name: str, arguments: tuple[Node, ...], offset: int) -> Node:
        if name not in _MACROS or len(arguments) not in ({2, 3} if name == "map" else {2}):
            return Call(name, target, arguments, offset)
        variable = arguments[0]
        if not isinstance(variable, Identifier):
            self._fail("argument must be a simple name", variable.offset)
        if name == "map":
            predicate = arguments[1] if len(arguments) == 3 else None  # noqa: PLR2004 -- variable, predicate, transform
            return Comprehension("map", target, variable.name, predicate, arguments[-1], offset)
        return Comprehension(_QUANTIFIERS.get(name, name), target, variable.name, arguments[1], None, offset)

    def _primary(self) -> Node:
        if self._kind in {"int", "uint", "float"}:
            return self._number(self._take())
        if self._is("["):
            offset = self._offset
            return ListLiteral(self._arguments("]"), offset)
        if not (self._kind in {"string", "name"} or self._text in {"(", "{", "."}) or self._text == "in":
            self._unexpected()
        kind, text, offset = self._take()
        if kind == "string":
            return Literal(self._string(text, offset), offset)
        if text == "(":
            node = self._expression()
            self._need(")")
            return node
        if text == "{":
            return self._map(offset)
        if kind != "name":  # a dot: the name is from the outermost scope, which is the only one here
            text, offset = self._name()
        return self._named(text, offset)

    def _named(self, name: str, offset: int) -> Node:
        if name in {"true", "false", "null"}:
            return Literal({"true": True, "false": False, "null": None}[name], offset)
        if name in _RESERVED:
            self._fail(f"reserved identifier: {name}", offset)
        if not self._is("("):
            return Identifier(name, offset)
        opening = self._offset
        arguments = self._arguments(")")
        if name != "has":
            return Call(name, None, arguments, opening)
        if len(arguments) != 1 or not isinstance(arguments[0], Select):
            self._fail("invalid argument to has() macro", arguments[0].offset if arguments else offset)
        return Select(arguments[0].operand, arguments[0].field, True, opening)

    def _arguments(self, closing: str) -> tuple[Node, ...]:
        self._take()
        found = []
        while not self._is(closing):
            found.append(self._expression())
            if not self._is(","):
                break
            self._take()
            if closing == ")" and self._is(closing):
                self._unexpected()
        self._need(closing)
        return tuple(found)

    def _map(self, offset: int) -> Node:
        entries = []
        while not self._is("}"):
            key = self._expression()
            self._need(":")
            entries.append((key, self._expression()))
            if not self._is(","):
                break
            self._take()
        self._need("}")
        return MapLiteral(tuple(entries), offset)

    # Words

    def _number(self, word: tuple[str, str, int], sign: int = 1) -> Node:
        kind, text, offset = word
        if kind == "float":
            return Literal(sign * float(text), offset)
        value = sign * int(text.rstrip("uU"), 0 if text.startswith("0x") else 10)
        if kind == "uint":
            if value >= _UINT_LIMIT:
                self._fail("invalid uint literal", offset)
            return Literal(UInt(value), offset)
        if not -_INT_LIMIT <= value < _INT_LIMIT:
            self._fail("invalid int literal", offset)
        return Literal(value, offset)

    def _string(self, text: str, offset: int) -> str | bytes:
        prefix = text[: min(text.find(quote) for quote in "\"'" if quote in text)].lower()
        body = text[len(prefix) :]
        width = 3 if body[:3] in {'"""', "'''"} else 1
        body = body[width:-width]
        if "b" not in prefix:
            return body if "r" in prefix else _ESCAPE.sub(lambda found: self._character(found, offset), body)
        if "r" in prefix:
            return body.encode()
        pieces, end = [], 0
        for found in _ESCAPE.finditer(body):
            pieces.append(body[end : found.start()].encode())
            code = found["hex"] or found["octal"]
            pieces.append(
                bytes([int(code, 16 if found["hex"] else 8)]) if code else self._character(found, offset).encode()
            )
            end = found.end()
        return b"".join((*pieces, body[end:].encode()))

    def _character(self, found: re.Match[str], offset: int) -> str:
        if found["char"]:
            return _CHARACTERS.get(found["char"], found["char"])
        digits = found["hex"] or found["u4"] or found["u8"]
        code = int(digits, 16) if digits else int(found["octal"], 8) if found["octal"] else -1
        if not 0 <= code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004 -- what Unicode has, without surrogates
            self._fail("unable to unescape string", offset)
        return chr(code)

    @property
    def _kind(self) -> str:
        return self._words[self._index][0]

    @property
    def _text(self) -> str:
        return self._words[self._index][1]

    @property
    def _offset(self) -> int:
        return self._words[self._index][2]

    def _is(self, symbol: str) -> bool:
        return self._kind == "symbol" and self._text == symbol

    def _take(self) -> tuple[str, str, int]:
        word = self._words[self._index]
        self._index = min(self._index + 1, len(self._words) - 1)
        return word

    def _need(self, symbol: str) -> None:
        if not self._is(symbol):
            self._unexpected()
        self._take()

    def _name(self) -> tuple[str, int]:
        if self._kind != "name" or self._text in {"in", "true", "false", "null"}:
            self._unexpected()
        _, name, offset = self._take()
        return name, offset

    def _unexpected(self) -> NoReturn:
        self._fail(f"Syntax error: mismatched input '{self._text}'", self._offset)

    def _fail(self, message: str, offset: int) -> NoReturn:
        raise CompileError([Issue(message, offset)], self._source)

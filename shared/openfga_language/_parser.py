"""Reads one file of OpenFGA's modelling language.

One method for each rule of the grammar; where the grammar wants white space, and where it bears it, is part of it.
Operators are not mixed without parentheses, so none comes before another. A problem does not end the reading: it goes
on at the next declaration, so that all of a file's problems are told at once.
"""

from typing import Any

from shared.openfga_language._problems import ModelError, Place, Problem
from shared.openfga_language._syntax import Condition, ModelFile, Relation, Rewrite, Type
from shared.openfga_language._tokens import NAMES, Token, tokens

_DECLARATIONS = frozenset({"type", "extend", "condition"})
_OPERATORS = frozenset({"or", "and", "but not"})
_MAX_DEPTH = 100
"""How deep parentheses may be nested."""


def parse_file(text: str, name: str) -> ModelFile:
    """Reads a file.

    Args:
        text: What it holds.
        name: Its name, for the problems.

    Raises:
        ModelError: with everything in it that breaks the grammar, or is defined twice.
    """
    parser = _Parser(tokens(text, name))
    parsed = parser.file(name)
    if parser.problems:
        raise ModelError(parser.problems)
    return parsed


class _UnexpectedError(Exception):
    def __init__(self, problem: Problem) -> None:
        self.problem = problem


class _Parser:
    def __init__(self, words: list[Token]) -> None:
        self.problems: list[Problem] = []
        self._words = words
        self._index = 0
        self._depth = 0

    def file(self, name: str) -> ModelFile:
        schema, module = None, None
        types: list[Type] = []
        conditions: dict[str, Condition] = {}
        try:
            schema, module = self._header()
        except _UnexpectedError as error:
            self._recover(error, _DECLARATIONS)
        while not self._is_at_end():
            try:
                self._need("newline")
                if self._word.kind == "condition":
                    self._add_condition(conditions)
                elif self._word.kind in {"type", "extend"} and not conditions:
                    types.append(self._type(types, is_module=module is not None))
                else:
                    raise self._unexpected("a type" if not conditions else "a condition")
            except _UnexpectedError as error:
                self._recover(error, _DECLARATIONS)
        return ModelFile(name, schema, module, tuple(types), tuple(conditions.values()))

    def _header(self) -> tuple[str | None, str | None]:
        self._skip("whitespace")
        self._skip("newline")
        if self._skip("module"):
            self._need("whitespace")
            module = self._name(long=False)
            self._skip("whitespace")
            return None, module.text
        self._need("model", "'model' or 'module'")
        self._need("newline")
        self._need("schema")
        self._need("whitespace")
        version = self._need("version", "a schema version")
        self._skip("whitespace")
        return version.text, None

    # Types and relations

    def _type(self, before: list[Type], *, is_module: bool) -> Type:
        is_extension = self._skip("extend")
        if is_extension:
            self._need("whitespace")
        self._need("type")
        self._need("whitespace")
        name = self._name()
        found = Type(name.text, name.place, is_extension)
        if is_extension and not is_module:
            self._say(name.place, "extend can only be used in a modular model")
        elif is_extension and any(other.is_extension and other.name == name.text for other in before):
            self._say(name.place, f"'{name.text}' is already extended in file.")
        if self._word.kind == "newline" and self._next.kind == "relations":
            self._index += 2
            self._relations(found)
        return found

    def _relations(self, of: Type) -> None:
        is_first = True
        while is_first or (self._word.kind == "newline" and self._next.kind == "define"):
            is_first = False
            try:
                self._need("newline")
                relation = self._relation()
            except _UnexpectedError as error:
                self._recover(error, _DECLARATIONS | {"define"})
                continue
            if relation.name in of.relations:
                self._say(relation.place, f"'{relation.name}' is already defined in '{of.name}'")
            of.relations[relation.name] = relation

    def _relation(self) -> Relation:
        self._need("define")
        self._need("whitespace")
        name = self._name()
        self._skip("whitespace")
        self._need(":")
        self._skip("whitespace")
        restrictions: list[dict[str, Any]] = []
        rewrite = self._definition(restrictions)
        if self._word.kind not in {"newline", "end"}:
            raise self._unexpected("the end of the line")
        return Relation(name.text, name.place, rewrite, tuple(restrictions))

    def _definition(self, restrictions: list[dict[str, Any]] | None) -> Rewrite:
        """A definition; `restrictions` is where direct ones go, or None where they may not stand."""
        if self._word.kind == "[" and restrictions is not None:
            restrictions += self._restrictions()
            first: Rewrite = {"this": {}}
        else:
            first = self._operand(restrictions)
        if self._word.kind != "whitespace" or self._next.kind not in _OPERATORS:
            return first
        operator = self._next.kind
        children = [first]
        while self._word.kind == "whitespace" and self._next.kind in _OPERATORS:
            if self._next.kind != operator or (operator == "but not" and len(children) > 1):
                self._index += 1
                raise self._unexpected("parentheses around what stands before or after it,")
            self._index += 2
            self._need("whitespace")
            children.append(self._operand(None))
        if operator == "but not":
            return {"difference": {"base": children[0], "subtract": children[1]}}
        return {"union" if operator == "or" else "intersection": {"child": children}}

    def _operand(self, restrictions: list[dict[str, Any]] | None) -> Rewrite:
        if self._word.kind != "(":
            return self._rewrite()
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._unexpected("fewer parentheses within each other,")
        self._index += 1
        self._skip("whitespace")
        rewrite = self._definition(restrictions)
        self._skip("whitespace")
        self._need(")")
        self._depth -= 1
        return rewrite

    def _rewrite(self) -> Rewrite:
        computed = {"relation": self._name("a relation").text}
        if self._word.kind != "whitespace" or self._next.kind != "from":
            return {"computedUserset": computed}
        self._index += 2
        self._need("whitespace")
        return {
            "tupleToUserset": {"tupleset": {"relation": self._name("a relation").text}, "computedUserset": computed}
        }

    def _restrictions(self) -> list[dict[str, Any]]:
        self._need("[")
        found: list[dict[str, Any]] = []
        while not found or self._skip(","):
            self._skip("whitespace")
            self._skip("newline")
            found.append(self._restriction())
            self._skip("newline")
            self._skip("whitespace")
        self._need("]", "',' or ']'")
        return found

    def _restriction(self) -> dict[str, Any]:
        found: dict[str, Any] = {"type": self._name("a type").text}
        if self._skip(":"):
            self._need("*")
            found["wildcard"] = {}
        elif self._skip("#"):
            found["relation"] = self._name("a relation").text
        if self._word.kind == "whitespace" and self._next.kind == "with":
            self._index += 2
            self._need("whitespace")
            is_inline = self._word.kind == "$expression"
            found["condition"] = (self._take() if is_inline else self._need("name", "a condition's name")).text
        return found

    # Conditions

    def _add_condition(self, conditions: dict[str, Condition]) -> None:
        self._need("condition")
        self._need("whitespace")
        name = self._need("name", "a condition's name")
        if name.text in conditions:
            self._say(name.place, f"condition '{name.text}' is already defined in the model")
        self._skip("whitespace")
        parameters = self._parameters(name.text)
        self._skip("whitespace")
        self._need("{")
        self._skip("newline")
        self._skip("whitespace")
        expression = []
        while self._word.kind not in {"}", "end"}:
            expression.append(self._take().text)
        self._need("}")
        if self._word.kind not in {"newline", "end"}:
            raise self._unexpected("the end of the line")
        conditions[name.text] = Condition(name.text, name.place, parameters, "".join(expression).rstrip("\n"))

    def _parameters(self, condition: str) -> dict[str, dict[str, Any]]:
        self._need("(")
        found: dict[str, dict[str, Any]] = {}
        while not found or self._skip(","):
            self._skip("whitespace")
            self._skip("newline")
            name = self._need("name", "a parameter's name")
            if name.text in found:
                self._say(name.place, f"parameter '{name.text}' is already defined in the condition '{condition}'")
            self._skip("whitespace")
            self._need(":")
            self._skip("whitespace")
            found[name.text] = self._parameter_type()
            self._skip("whitespace")
        self._skip("newline")
        self._need(")", "',' or ')'")
        return found

    def _parameter_type(self) -> dict[str, Any]:
        if self._word.kind != "container":
            return {"type_name": _type_name(self._need("parameter type", "a parameter's type"))}
        container = self._take()
        self._need("<")
        item = self._need("parameter type", "a parameter's type")
        self._need(">")
        return {"type_name": _type_name(container), "generic_types": [{"type_name": _type_name(item)}]}

    # Words

    @property
    def _word(self) -> Token:
        return self._words[self._index]

    @property
    def _next(self) -> Token:
        return self._words[min(self._index + 1, len(self._words) - 1)]

    def _take(self) -> Token:
        self._index += 1
        return self._words[self._index - 1]

    def _skip(self, kind: str) -> bool:
        if self._word.kind != kind:
            return False
        self._index += 1
        return True

    def _need(self, kind: str, shown: str = "") -> Token:
        if self._word.kind != kind:
            names = {"newline": "the end of the line", "whitespace": "a space"}
            raise self._unexpected(shown or names.get(kind) or f"'{kind}'")
        return self._take()

    def _name(self, shown: str = "a name", *, long: bool = True) -> Token:
        if self._word.kind not in NAMES and not (long and self._word.kind == "long name"):
            raise self._unexpected(shown)
        return self._take()

    def _unexpected(self, wanted: str) -> _UnexpectedError:
        return _UnexpectedError(Problem(self._word.place, f"expected {wanted} and found {self._word.shown}"))

    def _say(self, place: Place, message: str) -> None:
        self.problems.append(Problem(place, message))

    def _recover(self, error: _UnexpectedError, at: frozenset[str]) -> None:
        self.problems.append(error.problem)
        self._depth = 0
        if self._word.kind != "newline":
            self._index = min(self._index, len(self._words) - 1)
        while self._word.kind != "end" and not (self._word.kind == "newline" and self._next.kind in at):
            self._index += 1

    def _is_at_end(self) -> bool:
        if self._word.kind == "newline" and self._next.kind == "end":
            self._index += 1
        return self._word.kind == "end"


def _type_name(word: Token) -> str:
    return f"TYPE_NAME_{word.text.upper()}"

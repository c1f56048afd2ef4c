"""What can be wrong with an expression, before and while it runs."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Issue:
    """Something wrong with an expression.

    Attributes:
        message: What it is.
        offset: Where in the expression, in characters.
    """

    message: str
    offset: int


class CompileError(Exception):
    """The expression cannot be read, or its types do not fit."""

    def __init__(self, issues: Sequence[Issue], source: str) -> None:
        self.issues = tuple(issues)
        self._source = source
        super().__init__(self.shown("<input>"))

    def shown(self, name: str) -> str:
        """The issues with the lines that they are in, as cel-go shows them; `name` is the expression's."""
        return "\n".join(_shown(issue, self._source, name) for issue in self.issues)


class ConstructionError(Exception):
    """A part of the expression that is the same for all variables has no value."""


class EvaluationError(Exception):
    """The expression has no value for these variables."""


def _shown(issue: Issue, source: str, name: str) -> str:
    before = source[: issue.offset]
    line = before.count("\n")
    column = issue.offset - (before.rfind("\n") + 1)
    snippet = source.split("\n")[line].replace("\t", " ")
    return f"ERROR: {name}:{line + 1}:{column + 1}: {issue.message}\n | {snippet}\n | {'.' * column}^"

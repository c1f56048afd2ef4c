"""What is wrong with a model, and where."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a file; lines and columns count from one.

    Attributes:
        file: The file's name; empty where there is none.
        line: Zero where the problem is with the file as a whole.
        column: As `line`.
    """

    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        numbers = f"{self.line}:{self.column}" if self.line else ""
        return ":".join(part for part in (self.file, numbers) if part)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong with a model."""

    place: Place
    message: str

    def __str__(self) -> str:
        place = str(self.place)
        return f"{place}: {self.message}" if place else self.message


class ModelError(Exception):
    """A model that cannot be used; the text has one line for each problem."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))

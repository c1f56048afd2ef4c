"""What a check is: one mistake with a name, and the function that finds it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Found:
    """The mistake, where it was made.

    Attributes:
        setting: Which setting, as people write it: `AUTH0_ISSUER of supervisor`. It never holds a secret's value.
        seen: What is there instead of what should be.
    """

    setting: str
    seen: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A fact that cannot be had, and why not."""

    why: str


Facts = Mapping[type, Any]
"""What is known, by its type; a `Missing` in place of what is not."""


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """One mistake that people make.

    Attributes:
        name: What it is called, for good: family and mistake.
        severity: A warning is something that works and should not be left so.
        why: What comes of it.
        mend: What to do.
        needs: The facts that it cannot do without.
        uses: Those that it is given where they are there; of these it needs one, where it needs no other.
        look: Finds it in the facts, by their names in its signature.
    """

    name: str
    severity: Severity
    why: str
    mend: str
    needs: Mapping[str, type]
    uses: Mapping[str, type]
    look: Callable[..., Iterable[Found]]

    @property
    def family(self) -> str:
        """The first half of its name."""
        return self.name.partition("/")[0]

    @property
    def facts(self) -> frozenset[type]:
        """Every fact that it may look at."""
        return frozenset([*self.needs.values(), *self.uses.values()])

    def missing(self, facts: Facts) -> str | None:
        """Why it cannot be looked for; None where it can."""
        for kind in self.needs.values():
            if isinstance(facts[kind], Missing):
                return str(facts[kind].why)
        if not self.needs and all(isinstance(facts[kind], Missing) for kind in self.uses.values()):
            return "; ".join(str(facts[kind].why) for kind in self.uses.values())
        return None

    def run(self, facts: Facts) -> tuple[Found, ...]:
        """What is found, each once."""
        given = {name: facts[kind] for name, kind in self.needs.items()}
        given |= {name: None if isinstance(facts[kind], Missing) else facts[kind] for name, kind in self.uses.items()}
        return tuple(dict.fromkeys(self.look(**given)))


def check(name: str, *, severity: Severity = "error", why: str, mend: str) -> Callable[..., Check]:
    """Makes a check of a function: its parameters' types are the facts, `| None` those that it can do without."""

    def made(look: Callable[..., Iterable[Found]]) -> Check:
        hints = {parameter: kind for parameter, kind in get_type_hints(look).items() if parameter != "return"}
        uses = {p: _without_none(kind) for p, kind in hints.items() if get_origin(kind) is UnionType}
        needs = {p: kind for p, kind in hints.items() if p not in uses}
        return Check(name, severity, why, mend, needs, uses, look)

    return made


def _without_none(kind: Any) -> type:
    (fact,) = (each for each in get_args(kind) if each is not NoneType)
    assert isinstance(fact, type)  # noqa: S101 -- a fact is a class; this tells the type checker
    return fact

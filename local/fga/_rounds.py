"""Ways through relations that lead back to themselves by unions alone: groups within groups, folders within folders.

Each object on such a way is looked at once, nearest first, however many ways lead to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from local.fga._model import Model, Node
from local.fga._structure import plain_loops

Key = tuple[str, str]
"""An object and a relation."""

MAX_STEPS = 50_000
"""How many objects' relations are looked at for one answer."""


@dataclass(slots=True)
class Round:
    """One such way.

    Attributes:
        loop: The relations.
        found: Those of other objects that the one looked at now leads to, each with how deep it lies.
    """

    loop: frozenset[Node]
    found: list[tuple[Key, int]] = field(default_factory=list)


@lru_cache(maxsize=64)
def loops_of(model: Model) -> dict[Node, frozenset[Node]]:
    """The relations of a model that lead back to themselves by unions alone, each with those that it does so by."""
    return plain_loops(model)


def goes_round(leads_to: Mapping[Key, Sequence[Key]]) -> bool:
    """Whether something leads back to itself: taking away what nothing leads to leaves something over."""
    count = dict.fromkeys(leads_to, 0)
    for others in leads_to.values():
        for other in others:
            count[other] += 1
    free = [key for key, led_to in count.items() if not led_to]
    gone = 0
    while free:
        gone += 1
        for other in leads_to[free.pop()]:
            count[other] -= 1
            if not count[other]:
                free.append(other)
    return gone < len(leads_to)

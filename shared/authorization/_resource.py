"""What a check is about."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.authorization._decision import Fact

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Resource(Generic[T]):
    """A thing that a tool would act on, as whoever keeps it gave it.

    Attributes:
        value: The thing itself: what the tool gets if it is permitted.
        object: Its name in the relationship store.
        own: Whether the caller knows without being told that it is there: their own account, say. Only then may a
            refusal say anything about it.
        facts: Relationships that whoever keeps it knows and the store does not.
    """

    value: T
    object: str
    own: bool = False
    facts: tuple[Fact, ...] = ()

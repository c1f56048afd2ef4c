"""Who has to approve an act: declared beside the act, applied here."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class By(StrEnum):
    """Who decides."""

    OWNER = "owner"
    """The person whose account it is."""

    SECURITY = "security"
    """Any one of the security on call."""


@dataclass(frozen=True, slots=True)
class Approval:
    """What an act needs.

    Attributes:
        by: Who decides.
        four_eyes: Whether that must be somebody else than who asks.
    """

    by: By
    four_eyes: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may be asked: the `sub` of their tokens, and what to call them."""

    subject: str
    name: str


def approvers(policy: Approval, *, owner: Person, security: Sequence[Person], requester: str) -> list[Person]:
    """Who may be asked, in order, any one of them; nobody, where the list is empty.

    Args:
        policy: What the act needs.
        owner: Whose account it is. What the security on call decides about it is never theirs to decide.
        security: Who is on call.
        requester: The `sub` of who asks.
    """
    asked = [owner] if policy.by is By.OWNER else [one for one in security if one.subject != owner.subject]
    return [one for one in asked if one.subject and not (policy.four_eyes and one.subject == requester)]

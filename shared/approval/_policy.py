"""Who has to approve an act: declared beside the act, applied here."""

from dataclasses import dataclass
from enum import StrEnum


class By(StrEnum):
    """Who decides."""

    OWNER = "owner"
    """The person whose account it is."""

    SECURITY = "security"
    """The security on call."""


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


def approver(policy: Approval, *, owner: Person, security: Person | None, requester: str) -> Person | None:
    """Who is to be asked; None where nobody can be.

    Args:
        policy: What the act needs.
        owner: Whose account it is.
        security: Who is on call, if anybody is.
        requester: The `sub` of who asks.
    """
    asked = {By.OWNER: owner, By.SECURITY: security}[policy.by]
    if asked is None or not asked.subject or (policy.four_eyes and asked.subject == requester):
        return None
    return asked

"""The question that authorization puts to the relationship store."""

from collections.abc import Sequence
from typing import Final, Protocol

from shared.authorization._decision import Answer, Check, Consistency

PART: Final = "authorization service"
"""What people are told is away."""


class Checks(Protocol):
    """Answers checks from relationships."""

    @property
    def model_id(self) -> str:
        """The authorization model that the answers follow."""

    async def ask(self, checks: Sequence[Check], *, consistency: Consistency) -> list[Answer]:
        """The answers, in the checks' order.

        Raises:
            UpstreamUnavailable: where they cannot be had, in time or at all.
        """

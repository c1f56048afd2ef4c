"""Answers of a relationship store, by rule: for tests of what stands on them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from shared.authorization import Answer, Check, Consistency
from shared.errors import UpstreamUnavailable


@dataclass
class Relationships:
    """Answers checks by a rule that the test gives; without one, everybody may do everything.

    Attributes:
        allows: The rule.
        away: Whether no answer comes.
        asked: The checks of each question so far, the newest last.
        consistencies: How fresh each was to be.
    """

    allows: Callable[[Check], bool] = lambda _: True
    away: bool = False
    asked: list[list[Check]] = field(default_factory=list)
    consistencies: list[Consistency] = field(default_factory=list)
    model_id: str = "01ARZ3NDEKTSV4RRFFQ69G5FAV"

    async def ask(self, checks: Sequence[Check], *, consistency: Consistency) -> list[Answer]:
        """The rule's answers.

        Raises:
            UpstreamUnavailable: where it is away.
        """
        self.asked.append(list(checks))
        self.consistencies.append(consistency)
        if self.away:
            raise UpstreamUnavailable("authorization service", detail="away")
        return [Answer(check, allowed=self.allows(check)) for check in checks]

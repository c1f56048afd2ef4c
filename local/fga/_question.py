"""What every question is asked of: a model, tuples, and a context."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.fga._errors import ConditionFailed
from local.fga._inline import is_met
from local.fga._model import Model
from local.fga._tuples import Tuple, TupleReader
from local.fga._usable import is_usable
from shared.openfga_language import INLINE_CONDITION

MAX_DEPTH = 25
"""How many tuples deep an answer is looked for."""


@dataclass(frozen=True, slots=True)
class World:
    """Where a question is answered."""

    model: Model
    tuples: TupleReader
    context: Mapping[str, Any]

    def counts(self, each: Tuple) -> bool:
        """Whether a tuple stands under the model and its condition is met.

        Raises:
            ConditionFailed: where the condition has no value.
        """
        return is_usable(self.model, each) and (not each.condition or self._is_met(each))

    def _is_met(self, each: Tuple) -> bool:
        if each.condition == INLINE_CONDITION:
            return is_met(str(each), self.context, each.context or {})
        return self.model.conditions[each.condition].is_met(str(each), self.context, each.context or {})

    def all_that_count(self, tuples: Iterable[Tuple]) -> Iterator[Tuple]:
        """The tuples that count; a condition without a value matters only where no tuple counts at all.

        Raises:
            ConditionFailed: at the end, where there was one and nothing counted.
        """
        problem: ConditionFailed | None = None
        is_any = False
        for each in tuples:
            try:
                if not self.counts(each):
                    continue
            except ConditionFailed as error:
                if error.is_final:
                    raise
                problem = error
                continue
            is_any = True
            yield each
        if problem is not None and not is_any:
            raise problem

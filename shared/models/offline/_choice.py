"""Which tool a piece of text is for, if any."""

import math
from collections.abc import Sequence

from shared.models.offline._arguments import matches_pattern, relays_text
from shared.models.offline._index import Fit, ToolIndex
from shared.models.offline._mood import Mood, mood_in
from shared.models.offline._specification import Tool

LEAST_EVIDENCE = 0.05
LEAST_SCORE = 0.0  # log odds, over no tool at all
LEAST_TELLING_SCORE = -1.5  # of a tool that only tells: a mistake does no harm
FAR_BETTER = 1.0
SAME_AS_EXAMPLE = 0.9
CONTEXT_BONUS = 3.0  # for the tools of the turn before, where a message leans on it
POINTING_BONUS = 3.0  # for the same, where a word of it stands for something that was said
PATTERN_BONUS = 4.0  # for a tool one of whose arguments has a form that the text shows, such as a ticket's number
_QUESTIONS = frozenset({Mood.HOW, Mood.PERMISSION, Mood.QUESTION, Mood.OWN})


def acts(tool: Tool) -> bool:
    """Whether calling the tool does something: it neither only tells nor hands the words on to an agent."""
    return not (tool.only_tells or relays_text(tool.schema))


class Chooser:
    """Chooses among the tools of an index for the pieces of one message.

    Args:
        index: The tools.
        before: Those of the turn before, where the message leans on it.
        points: Whether a word of the message stands for something said before.
        may_act: Whether tools that act may be chosen at all.
    """

    def __init__(
        self, index: ToolIndex, before: Sequence[Tool] = (), *, points: bool = False, may_act: bool = True
    ) -> None:
        self.index = index
        self.before = tuple(before)
        self._bonus = POINTING_BONUS if points else CONTEXT_BONUS
        self._may_act = may_act
        self._fits: dict[tuple[str, Mood], list[Fit]] = {}

    def best(self, text: str, *, least: float | None = None, mood: Mood | None = None) -> Tool | None:
        """The tool that fits best, if it fits well enough.

        A question is for a tool that tells, unless one that acts fits far better; what acts is for who asks for it to
        be done.
        """
        mood = mood or mood_in(text)
        best: dict[bool, tuple[float, Tool]] = {}
        for fit in self._all(text, mood):
            tool = fit.tool
            if acts(tool) and not self._may_act:
                continue
            shown = matches_pattern(tool.schema, text)
            score = fit.score + (self._bonus if tool in self.before else 0.0) + (PATTERN_BONUS if shown else 0.0)
            held_back = acts(tool) and mood in _QUESTIONS
            enough = least if least is not None else LEAST_TELLING_SCORE if _only_tells(tool) else LEAST_SCORE
            if (shown or _speaks(fit)) and score >= enough and score > best.get(held_back, (-math.inf,))[0]:
                best[held_back] = (score, tool)
        asked, held = best.get(False), best.get(True)
        if asked and held and held[0] > asked[0] + FAR_BETTER:
            return held[1]
        chosen = asked or held
        return chosen[1] if chosen is not None else None

    def fit(self, text: str, tool: Tool, *, mood: Mood | None = None) -> Fit:
        """How well one tool fits."""
        return next(fit for fit in self._all(text, mood or mood_in(text)) if fit.tool is tool)

    def _all(self, text: str, mood: Mood) -> list[Fit]:
        key = (text, mood)
        if key not in self._fits:
            self._fits[key] = self.index.fits(text, mood)
        return self._fits[key]


def _only_tells(tool: Tool) -> bool:
    return tool.only_tells and not relays_text(tool.schema)


def _speaks(fit: Fit) -> bool:
    """Whether any word speaks for the tool, not only the way that the text is put."""
    return fit.evidence >= LEAST_EVIDENCE or (fit.evidence > 0 and fit.likeness >= SAME_AS_EXAMPLE)

"""Which tool a piece of text is for, if any."""

from collections.abc import Sequence

from shared.models.offline._arguments import matches_pattern, relays_text
from shared.models.offline._index import Fit, ToolIndex
from shared.models.offline._mood import Mood, mood_of
from shared.models.offline._specification import Tool
from shared.models.offline._words import split_words

LEAST_EVIDENCE = 0.36
LEAST_TELLING_EVIDENCE = 0.25  # of a tool that only tells: a mistake does no harm
LEAST_SCORE = 0.42
SAME_AS_EXAMPLE = 0.9
CONTEXT_BONUS = 0.4  # for the tools of the turn before, where a message leans on it
PATTERN_BONUS = 0.4  # for a tool one of whose arguments has a form that the text shows, such as a ticket's number
_QUESTIONS = frozenset({Mood.HOW, Mood.PERMISSION, Mood.QUESTION, Mood.OWN})


def acts(tool: Tool) -> bool:
    """Whether calling the tool does something: it neither only tells nor hands the words on to an agent."""
    return not (tool.only_tells or relays_text(tool.schema))


class Chooser:
    """Chooses among the tools of an index for the pieces of one message.

    Args:
        index: The tools.
        before: Those of the turn before, where the message leans on it.
        may_act: Whether tools that act may be chosen at all.
    """

    def __init__(self, index: ToolIndex, before: Sequence[Tool] = (), *, may_act: bool = True) -> None:
        self.index = index
        self.before = tuple(before)
        self._may_act = may_act
        self._fits: dict[tuple[str, Mood], list[Fit]] = {}

    def best(self, text: str, *, least: float = LEAST_SCORE, mood: Mood | None = None) -> Tool | None:
        """The tool that fits best, if it fits well enough.

        A question is for a tool that tells, if there is one; what acts is for who asks for it to be done.
        """
        mood = mood or mood_of(split_words(text))
        best: dict[bool, tuple[float, Tool]] = {}
        for fit in self._all(text, mood):
            tool = fit.tool
            if acts(tool) and not self._may_act:
                continue
            shown = matches_pattern(tool.schema, text)
            score = fit.score + (CONTEXT_BONUS if tool in self.before else 0.0) + (PATTERN_BONUS if shown else 0.0)
            held_back = acts(tool) and mood in _QUESTIONS
            if (shown or _speaks(fit)) and score >= least and score > best.get(held_back, (0.0,))[0]:
                best[held_back] = (score, tool)
        chosen = best.get(False) or best.get(True)
        return chosen[1] if chosen is not None else None

    def fit(self, text: str, tool: Tool, *, mood: Mood | None = None) -> Fit:
        """How well one tool fits."""
        return next(fit for fit in self._all(text, mood or mood_of(split_words(text))) if fit.tool is tool)

    def _all(self, text: str, mood: Mood) -> list[Fit]:
        key = (text, mood)
        if key not in self._fits:
            self._fits[key] = self.index.fits(text, mood)
        return self._fits[key]


def _speaks(fit: Fit) -> bool:
    """Whether any word speaks for the tool, not only the way that the text is put."""
    least = LEAST_TELLING_EVIDENCE if fit.tool.only_tells and not relays_text(fit.tool.schema) else LEAST_EVIDENCE
    return fit.evidence >= least or (fit.evidence > 0 and fit.likeness >= SAME_AS_EXAMPLE)

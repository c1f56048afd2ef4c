"""Gives each piece of a message to a tool: its own, that of its sentence, or that of the piece before it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from shared.models.offline._arguments import takes_one_topic
from shared.models.offline._choice import LEAST_EVIDENCE, Chooser
from shared.models.offline._clauses import Clause, has_anaphor, starts_anew
from shared.models.offline._mood import Mood
from shared.models.offline._specification import Tool
from shared.models.offline._words import split_words

FURTHER_SCORE = 0.5  # of a piece that asks for something beside the main thing
LEAST_SUPPORT = 2.2  # of a piece, of several
ASIDE_SUPPORT = 6.5  # of a piece that tells something beside what is asked
WHOLE_SHARE = 0.85  # of how well the whole message fits, in the support that a piece has
OTHER_SHARE = 0.9  # of how well the piece fits another piece's tool, against it
MOST_SCORE = 8.0  # of a piece, and
LEAST_WHOLE = -6.0  # of a message, beyond which it makes no difference
MOST_OTHER = 6.0
LEAST_OTHER = -4.0
MARGIN = 0.5  # by which a piece must fit another tool better than the rest of its sentence does
BARE_MARGIN = 2.5  # the same for a bare noun, which may be a further thing of the same kind
NO_EVIDENCE = 0.15


@dataclass(slots=True)
class Intent:
    """What one tool is wanted for."""

    tool: Tool
    clauses: list[Clause] = field(default_factory=list)
    about: str = ""

    @property
    def words(self) -> str:
        """The pieces' words."""
        return join_clauses(self.clauses)

    @property
    def text(self) -> str:
        """The words, and in brackets what they are about, where they do not say so themselves."""
        return f"{self.words} (about: {self.about})" if self.about else self.words

    @property
    def moods(self) -> frozenset[Mood]:
        """How the pieces are put."""
        return frozenset(clause.mood for clause in self.clauses)


def assign(chooser: Chooser, sentences: Sequence[Sequence[Clause]], message: str) -> tuple[list[Intent], list[str]]:
    """The intents of a message, in the order of its words, and the pieces that ask for what no tool covers.

    Where there are several pieces, one is for a tool only if the message as a whole may be, too: "paper" alone is about
    printing, "order pens and paper" is not. No intents where no piece is for a tool by itself.
    """
    pieces = [piece for clauses in sentences for piece in _pieces(chooser, clauses)]
    tools = [tool for tool in chooser.index.tools if any(tool is one for _, one in pieces)]
    support = [_support(chooser, clause, tool, tools, message) if tool else 0.0 for clause, tool in pieces]
    if len(pieces) > 1:
        pieces = [
            (clause, tool if share >= LEAST_SUPPORT else None)
            for (clause, tool), share in zip(pieces, support, strict=True)
        ]
    asked = _asked(pieces, chooser.index.orders)
    intents: list[Intent] = []
    waiting: list[Clause] = []
    uncovered: list[str] = []
    for place, (clause, tool) in enumerate(pieces):
        known = next((intent for intent in intents if intent.tool is tool), None)
        told = asked and place not in asked and known is None
        if tool is None and _is_uncovered(chooser, clause):
            uncovered.append(clause.text)
            continue
        if tool is None or (told and (clause.is_background or support[place] < ASIDE_SUPPORT)):
            (intents[-1].clauses if intents else waiting).append(clause)
            continue
        if known is None or (takes_one_topic(tool.schema) and clause.asks):
            known = Intent(tool)
            intents.append(known)
        known.clauses.extend([*waiting, clause])
        waiting = []
    return intents, uncovered if intents else []


def join_clauses(clauses: Sequence[Clause]) -> str:
    """Clauses of one sentence joined by "and", sentences as they are."""
    text = ""
    before: Clause | None = None
    for clause in clauses:
        if before is None:
            text = clause.text
        elif before.sentence == clause.sentence:
            text = f"{text.rstrip(' ,')} and {clause.text}"
        else:
            text = f"{text} {clause.text}"
        before = clause
    return text.strip()


Piece = tuple[Clause, Tool | None]


def _pieces(chooser: Chooser, clauses: Sequence[Clause]) -> list[Piece]:
    if len(clauses) == 1:
        return [(clauses[0], chooser.best(clauses[0].text, mood=clauses[0].mood))]
    main = chooser.best(" , ".join(clause.text for clause in clauses))
    return [(clause, _own_tool(chooser, clause, main)) for clause in clauses]


def _own_tool(chooser: Chooser, clause: Clause, main: Tool | None) -> Tool | None:
    """The tool of a piece; that of its sentence, unless the piece clearly fits another."""
    own = chooser.best(clause.text, least=FURTHER_SCORE, mood=clause.mood)
    if main is None:
        return own
    fit = chooser.fit(clause.text, main, mood=clause.mood)
    if own is None or own is main:
        return main if fit.evidence >= LEAST_EVIDENCE else None
    is_bare = not starts_anew(clause.text) and fit.evidence > NO_EVIDENCE  # "which laptops and phones are mine?"
    better = chooser.fit(clause.text, own, mood=clause.mood).score - fit.score
    return main if better < (BARE_MARGIN if is_bare else MARGIN) else own


def _support(chooser: Chooser, clause: Clause, tool: Tool, tools: Sequence[Tool], message: str) -> float:
    """How well a piece fits a tool, and somewhat the whole message; less where the piece fits another tool as well."""
    own = min(MOST_SCORE, chooser.fit(clause.text, tool, mood=clause.mood).score)
    whole = max(LEAST_WHOLE, chooser.fit(message, tool).score)
    others = [chooser.fit(clause.text, other, mood=clause.mood).score for other in tools if other is not tool]
    other = min(MOST_OTHER, max(LEAST_OTHER, *others)) if others else 0.0
    return own + WHOLE_SHARE * whole - OTHER_SHARE * other


def _is_uncovered(chooser: Chooser, clause: Clause) -> bool:
    """Whether the piece asks for something of its own, in words that no tool knows."""
    if not clause.asks or has_anaphor(clause.text) or not starts_anew(clause.text):
        return False
    foreign = [word for word in split_words(clause.text) if word.weight == 1.0 and not chooser.index.knows(word.stem)]
    return bool(foreign) and all(
        chooser.fit(clause.text, tool, mood=clause.mood).evidence < NO_EVIDENCE for tool in chooser.index.tools
    )


def _asked(pieces: Sequence[Piece], orders: Collection[str]) -> set[int]:
    """The places of the pieces that ask for something, or tell what the next asks about ("could you look it up?")."""
    asked: set[int] = set()
    told: int | None = None
    for place, (clause, tool) in enumerate(pieces):
        first = split_words(clause.text)[0].stem
        if tool is not None and (clause.asks or first in orders):
            asked.add(place)
        elif tool is not None:
            told = place
        elif clause.asks and told is not None:
            asked.add(told)
    return asked

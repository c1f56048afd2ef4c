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
LEAST_SUPPORT = 1.0  # of a piece, of several
ASIDE_SUPPORT = 3.5  # of a piece that tells something beside what is asked
WHOLE_SHARE = 0.65  # of how well the whole message fits, in the support that a piece has
MOST_SCORE = 8.0  # of a piece, and
LEAST_SCORE = -6.0  # of a message, beyond which it makes no difference
MARGIN = 0.5  # by which a piece must fit another tool better than the rest of its sentence does
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
    if len(pieces) > 1:
        pieces = [
            (clause, tool if tool and _support(chooser, clause, tool, message) >= LEAST_SUPPORT else None)
            for clause, tool in pieces
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
        if tool is None or (told and _is_aside(chooser, clause, tool, message)):
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
    if not starts_anew(clause.text) and fit.evidence > NO_EVIDENCE:
        return main  # "which laptops and phones are mine?"
    return main if chooser.fit(clause.text, own, mood=clause.mood).score < fit.score + MARGIN else own


def _is_aside(chooser: Chooser, clause: Clause, tool: Tool, message: str) -> bool:
    return clause.is_background or _support(chooser, clause, tool, message) < ASIDE_SUPPORT


def _support(chooser: Chooser, clause: Clause, tool: Tool, message: str) -> float:
    """How well a piece fits a tool, with some of how well the whole message does."""
    own = min(MOST_SCORE, chooser.fit(clause.text, tool, mood=clause.mood).score)
    return own + WHOLE_SHARE * max(LEAST_SCORE, chooser.fit(message, tool).score)


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

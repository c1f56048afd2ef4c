"""What a message wants: which tools, each with its part of the words, completed from the turns before."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.models.offline._arguments import matches_pattern, relays_text, takes_one_topic
from shared.models.offline._clauses import (
    Clause,
    has_anaphor,
    is_addition,
    message_body,
    split_sentences,
    without_quotations,
    without_steering,
    without_unwanted,
)
from shared.models.offline._conversation import Turn
from shared.models.offline._index import Fit, ToolIndex
from shared.models.offline._mood import Mood, mood_of
from shared.models.offline._specification import Tool
from shared.models.offline._words import split_words

LEAST_EVIDENCE = 0.37
LEAST_TELLING_EVIDENCE = 0.25  # of a tool that only tells: a mistake does no harm
LEAST_SCORE = 0.33
FURTHER_SCORE = 0.35  # of a piece that asks for something beside the main thing
ASIDE_SCORE = 0.7  # of a piece that tells something beside the main thing
MARGIN = 0.07  # by which a piece must fit another tool better than the rest of its sentence does
CONTEXT_BONUS = 0.28  # for the tool of the turn before, where a message leans on it
PATTERN_BONUS = 0.4  # for a tool one of whose arguments has a form that the text shows, such as a ticket's number
SAME_AS_EXAMPLE = 0.9
CLEAR_SCORE = 0.6  # of a message that says by itself what it is about
SHORT_MESSAGE = 5  # words
LONGEST_SUBJECT = 300  # characters
_ABOUT = re.compile(r"^(?P<text>.*\S)\s+\(about: (?P<about>.*)\)$", re.DOTALL)


@dataclass(slots=True)
class Intent:
    """What one tool is wanted for."""

    tool: Tool
    clauses: list[Clause] = field(default_factory=list)
    about: str = ""

    @property
    def text(self) -> str:
        """The words, and in brackets what they are about, where they do not say so themselves."""
        words = join_clauses(self.clauses)
        return f"{words} (about: {self.about})" if self.about else words

    @property
    def moods(self) -> frozenset[Mood]:
        """How the pieces are put."""
        return frozenset(clause.mood for clause in self.clauses)


def find_intents(index: ToolIndex, text: str, earlier: Sequence[Turn]) -> list[Intent]:
    """The tools that a message is for, in the order of its words; none where no tool covers it."""
    text, earlier = _with_subject(text, earlier)
    body = message_body(text)
    wanted = without_unwanted(without_steering(without_quotations(body)))
    if not split_words(wanted):
        return []
    leans = bool(earlier) and _leans(index, wanted)
    before = _tools_before(index, earlier) if leans else []
    sentences = split_sentences(wanted)
    intents = _assign(index, sentences, before)
    if not intents:
        tool = _best(index, wanted, before, LEAST_SCORE)
        if tool is None and leans:
            tool = before[-1] if before else None
        intents = [Intent(tool, [clause for clauses in sentences for clause in clauses])] if tool else []
    if leans:
        subject = subject_of(index, earlier)
        for intent in intents:
            if _needs_subject(index, intent, before):
                intent.about = subject
    if len(intents) == 1 and not intents[0].about:
        intents[0].clauses = [Clause(text.strip(), 0)] if body == wanted else [Clause(wanted, 0)]
    return intents


def subject_of(index: ToolIndex, earlier: Sequence[Turn]) -> str:
    """What the conversation is about: the last thing said that stands on its own, with what leaned on it since."""
    said: list[str] = []
    for turn in reversed(earlier):
        body = message_body(turn.text)
        said.insert(0, body)
        if not _leans(index, body):
            break
    return " ".join(" ".join(said).split())[-LONGEST_SUBJECT:].replace("(", "").replace(")", "")


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


def _with_subject(text: str, earlier: Sequence[Turn]) -> tuple[str, Sequence[Turn]]:
    """A request that was completed by a planner like this one ("… (about: …)") leans on that subject."""
    found = _ABOUT.match(text)
    if found is None:
        return text, earlier
    return found["text"], (*earlier, Turn(text=found["about"], tools=[]))


def _assign(index: ToolIndex, sentences: Sequence[Sequence[Clause]], before: Sequence[Tool]) -> list[Intent]:
    """Gives each piece to a tool: its own, that of its sentence, or that of the piece before it."""
    pieces: list[tuple[Clause, Tool | None]] = []
    for clauses in sentences:
        main = _best(index, " , ".join(clause.text for clause in clauses), before, LEAST_SCORE)
        pieces.extend((clause, _own_tool(index, clause, main, before, alone=len(clauses) == 1)) for clause in clauses)
    asked = _asked(pieces)
    intents: list[Intent] = []
    waiting: list[Clause] = []
    for place, (clause, tool) in enumerate(pieces):
        if tool is not None and asked and place not in asked:
            known = next((intent for intent in intents if intent.tool is tool), None)
            fit = _fit(index, clause.text, tool)
            if known is None and (clause.is_background or fit.score < ASIDE_SCORE):
                tool = None  # noqa: PLW2901 -- told in passing, not asked for
        if tool is None:
            (intents[-1].clauses if intents else waiting).append(clause)
            continue
        found = next((intent for intent in intents if intent.tool is tool), None)
        if found is None or (takes_one_topic(tool.schema) and clause.asks and found.clauses[-1] is not clause):
            found = Intent(tool)
            intents.append(found)
        found.clauses.extend([*waiting, clause])
        waiting = []
    return intents


def _asked(pieces: Sequence[tuple[Clause, Tool | None]]) -> set[int]:
    """The places of the pieces that ask for something, or tell what the next asks about ("could you look it up?")."""
    asked: set[int] = set()
    told: int | None = None
    for place, (clause, tool) in enumerate(pieces):
        if tool is not None and clause.asks:
            asked.add(place)
        elif tool is not None:
            told = place
        elif clause.asks and told is not None:
            asked.add(told)
    return asked


def _own_tool(
    index: ToolIndex, clause: Clause, main: Tool | None, before: Sequence[Tool], *, alone: bool
) -> Tool | None:
    if alone:
        return main
    own = _best(index, clause.text, before, FURTHER_SCORE)
    if own is None or own is main:
        return main if main is not None and _fit(index, clause.text, main).evidence >= LEAST_EVIDENCE else None
    if main is not None and _fit(index, clause.text, own).score < _fit(index, clause.text, main).score + MARGIN:
        return main
    return own


def _best(index: ToolIndex, text: str, before: Sequence[Tool], least: float) -> Tool | None:
    """The tool that fits best, if it fits well enough.

    A question is for a tool that tells, if there is one; what acts is for who asks for it to be done.
    """
    asks = mood_of(split_words(text)) in {Mood.HOW, Mood.PERMISSION, Mood.QUESTION, Mood.OWN}
    best: dict[bool, tuple[float, Tool]] = {}
    for fit in index.fits(text):
        named = matches_pattern(fit.tool.schema, text)
        score = fit.score + (CONTEXT_BONUS if fit.tool in before else 0.0) + (PATTERN_BONUS if named else 0.0)
        acts = not (fit.tool.only_tells or relays_text(fit.tool.schema))
        least_evidence = LEAST_EVIDENCE if acts or relays_text(fit.tool.schema) else LEAST_TELLING_EVIDENCE
        if named or fit.evidence >= least_evidence or (fit.evidence > 0 and fit.likeness >= SAME_AS_EXAMPLE):
            held_back = acts and asks
            if score >= least and score > best.get(held_back, (0.0,))[0]:
                best[held_back] = (score, fit.tool)
    chosen = best.get(False) or best.get(True)
    return chosen[1] if chosen is not None else None


def _fit(index: ToolIndex, text: str, tool: Tool) -> Fit:
    return next(fit for fit in index.fits(text) if fit.tool is tool)


def _leans(index: ToolIndex, text: str) -> bool:
    """Whether a message is to be read with what was said before it."""
    words = split_words(text)
    if is_addition(text) or has_anaphor(text):
        return True
    unknown = [word for word in words if word.weight == 1.0 and not index.knows(word.stem)]
    if len(words) <= SHORT_MESSAGE:
        return not unknown or any(word.word == "the" for word in words)
    return not unknown and all(word.weight < 1.0 for word in words)


def _needs_subject(index: ToolIndex, intent: Intent, before: Sequence[Tool]) -> bool:
    text = join_clauses(intent.clauses)
    if has_anaphor(text):
        return True
    if intent.tool not in before:
        return False
    telling = any(word.weight == 1.0 and index.knows(word.stem) for word in split_words(text))
    return is_addition(text) or not telling or _fit(index, text, intent.tool).score < CLEAR_SCORE


def _tools_before(index: ToolIndex, earlier: Sequence[Turn]) -> list[Tool]:
    """The tools of the last turn that had any; found from its words where none were called."""
    for turn in reversed(earlier):
        found = [tool for tool in index.tools if tool.name in turn.tools]
        if not found:
            best = _best(index, message_body(turn.text), (), LEAST_SCORE)
            found = [best] if best is not None else []
        if found:
            return found
    return []

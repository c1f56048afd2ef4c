"""What a message wants: which tools, each with its part of the words, completed from the turns before."""

import re
from collections.abc import Sequence

from shared.models.offline._arguments import LONGEST_READ
from shared.models.offline._assignment import Intent, assign
from shared.models.offline._choice import Chooser
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
from shared.models.offline._index import ToolIndex
from shared.models.offline._mood import Mood, mood_in
from shared.models.offline._specification import Tool
from shared.models.offline._words import split_words

CLEAR_SCORE = 3.0  # of a message that says by itself what it is about
SHORT_MESSAGE = 5  # words
LONGEST_SUBJECT = 300  # characters
_ABOUT = re.compile(r"^(?P<text>.*\S)\s+\(about: (?P<about>.*)\)$", re.DOTALL)


def find_intents(index: ToolIndex, text: str, earlier: Sequence[Turn]) -> tuple[list[Intent], list[str]]:
    """The tools that a message is for, in the order of its words, and the parts that ask for what no tool covers.

    No intents where nothing of it is covered.
    """
    text, earlier = _with_subject(text, earlier)
    body = message_body(text[:LONGEST_READ])
    own_words = without_quotations(body)
    found = _find(index, body, own_words, text, earlier, may_act=True)
    if not found[0] and own_words != body:  # what is quoted may say what it is about, but asks for nothing
        found = _find(index, body, body, text, earlier, may_act=False)
    return found


def _find(
    index: ToolIndex, body: str, words: str, text: str, earlier: Sequence[Turn], *, may_act: bool
) -> tuple[list[Intent], list[str]]:
    wanted = without_unwanted(without_steering(words))
    if not split_words(wanted):
        return [], []
    leans = bool(earlier) and _leans(index, wanted)
    chooser = Chooser(
        index, _tools_before(index, earlier) if leans else (), points=has_anaphor(wanted), may_act=may_act
    )
    sentences = split_sentences(wanted)
    intents, uncovered = assign(chooser, sentences, wanted)
    if len(intents) == 1 and not uncovered:
        intents[0].tool = chooser.best(wanted) or intents[0].tool
    if not intents:
        tool = chooser.best(wanted) or _inherited(chooser, wanted, earlier)
        intents = [Intent(tool, [clause for clauses in sentences for clause in clauses])] if tool else []
    for intent in intents:
        if leans and _needs_subject(chooser, intent):
            intent.about = subject_of(index, earlier)
    if len(intents) == 1 and not intents[0].about and not uncovered:
        whole = text.strip() if body == wanted else wanted
        intents[0].clauses = [Clause(whole, 0, mood=clause.mood) for clause in intents[0].clauses[:1]]
    return intents, uncovered


def subject_of(index: ToolIndex, earlier: Sequence[Turn]) -> str:
    """What the conversation is about: the last thing said that stands on its own, with what leaned on it since."""
    said: list[str] = []
    for turn in reversed(earlier):
        body = message_body(turn.text)
        said.insert(0, body)
        if not _leans(index, body):
            break
    return " ".join(" ".join(said).split())[-LONGEST_SUBJECT:].replace("(", "").replace(")", "")


def _with_subject(text: str, earlier: Sequence[Turn]) -> tuple[str, Sequence[Turn]]:
    """A request that was completed by a planner like this one ("… (about: …)") leans on that subject."""
    found = _ABOUT.match(text)
    if found is None:
        return text, earlier
    return found["text"], (*earlier, Turn(text=found["about"], tools=[]))


def _leans(index: ToolIndex, text: str) -> bool:
    """Whether a message is to be read with what was said before it."""
    words = split_words(text)
    if is_addition(text) or has_anaphor(text):
        return True
    unknown = [word for word in words if word.weight == 1.0 and not index.knows(word.stem)]
    if len(words) <= SHORT_MESSAGE:
        return not unknown or any(word.word == "the" for word in words)
    return not unknown and all(word.weight < 1.0 for word in words)


def _needs_subject(chooser: Chooser, intent: Intent) -> bool:
    if has_anaphor(intent.words):
        return True
    if intent.tool not in chooser.before:
        return False
    telling = any(word.weight == 1.0 and chooser.index.knows(word.stem) for word in split_words(intent.words))
    return is_addition(intent.words) or not telling or chooser.fit(intent.words, intent.tool).score < CLEAR_SCORE


def _inherited(chooser: Chooser, text: str, earlier: Sequence[Turn]) -> Tool | None:
    """The tool of a message without a subject: that of the turn before.

    Where something is to be done about the last answer ("fix that"), the tool that the answer speaks of.
    """
    if not chooser.before:
        return None
    if mood_in(text) is Mood.ORDER and has_anaphor(text):
        spoken_of = Chooser(chooser.index).best(earlier[-1].reply[:LONGEST_SUBJECT], least=CLEAR_SCORE, mood=Mood.ORDER)
        if spoken_of is not None:
            return spoken_of
    return chooser.before[-1]


def _tools_before(index: ToolIndex, earlier: Sequence[Turn]) -> list[Tool]:
    """The tools of the last turn that had any; found from its words where none were called."""
    for turn in reversed(earlier):
        found = [tool for tool in index.tools if tool.name in turn.tools]
        if not found:
            best = Chooser(index).best(message_body(turn.text))
            found = [best] if best is not None else []
        if found:
            return found
    return []

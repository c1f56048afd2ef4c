"""The decision: which tools to call with what, or what to say."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.models.offline import _replies
from shared.models.offline._arguments import fill_arguments, takes_one_topic, takes_text
from shared.models.offline._clauses import (
    Clause,
    Mood,
    has_anaphor,
    points_back,
    split_clauses,
    without_unwanted,
)
from shared.models.offline._conversation import Conversation
from shared.models.offline._index import Fit, ToolIndex
from shared.models.offline._lexicon import GREETINGS, HELP, THANKS
from shared.models.offline._specification import Tool
from shared.models.offline._words import split_words

SMALL_TALK_WORDS = 6  # the longest message that is taken for a greeting, thanks or a call for help
LEAST_EVIDENCE = 0.45
LEAST_SCORE = 0.22
CLEAR_SCORE = 0.42


@dataclass(frozen=True, slots=True)
class Call:
    """One tool to call."""

    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do: calls, or else words."""

    calls: tuple[Call, ...] = ()
    text: str = ""


@dataclass(slots=True)
class Intent:
    """What one tool is wanted for."""

    tool: Tool
    fit: Fit
    clauses: list[Clause] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The clauses' words."""
        return join_clauses(self.clauses)


def make_plan(index: ToolIndex, conversation: Conversation) -> Plan:
    """Decides what to do about the last thing said."""
    text = conversation.text.strip()
    if not split_words(text):
        return Plan(text=_replies.empty(index.tools))
    if small_talk := _small_talk(index, text):
        return Plan(text=small_talk)
    intents = find_intents(index, conversation)
    if not intents:
        return Plan(text=_replies.refusal(index.tools))
    return _calls(conversation, intents)


def find_intents(index: ToolIndex, conversation: Conversation) -> list[Intent]:
    """The tools that the last thing said is for, each with its part of the words."""
    clauses = split_clauses(without_unwanted(conversation.text)) or split_clauses(conversation.text)
    intents: list[Intent] = []
    waiting: list[Clause] = []
    last: Intent | None = None
    for clause in clauses:
        fit = best(index, clause.text)
        if fit is None:
            if last is not None:
                last.clauses.append(clause)
            else:
                waiting.append(clause)
            continue
        same = next((intent for intent in intents if intent.tool is fit.tool), None)
        if same is None or takes_one_topic(fit.tool.schema):
            same = Intent(fit.tool, fit)
            intents.append(same)
        same.clauses.extend([*waiting, clause])
        waiting = []
        last = same
    if not intents:
        whole = best(index, conversation.text)
        if whole is not None:
            intents = [Intent(whole.tool, whole, clauses)]
    if not intents and conversation.earlier and points_back(conversation.text):
        return _inherited(index, conversation)
    return intents


def best(index: ToolIndex, text: str) -> Fit | None:
    """The tool that fits best, if it fits well enough."""
    fits = index.fits(text)
    chosen = max(fits, key=lambda fit: fit.score, default=None)
    if chosen is None or chosen.evidence < LEAST_EVIDENCE or chosen.score < LEAST_SCORE:
        return None
    return chosen


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


def _inherited(index: ToolIndex, conversation: Conversation) -> list[Intent]:
    turn = conversation.earlier[-1]
    tool = next((tool for name in reversed(turn.tools) for tool in index.tools if tool.name == name), None)
    if tool is None:
        return []
    fit = next(fit for fit in index.fits(conversation.text) if fit.tool is tool)
    return [Intent(tool, fit, split_clauses(conversation.text))]


def _calls(conversation: Conversation, intents: Sequence[Intent]) -> Plan:
    calls: list[Call] = []
    words: list[str] = []
    for intent in intents:
        text = conversation.text.strip() if len(intents) == 1 else intent.text
        if conversation.earlier and (points_back(text) or has_anaphor(text)):
            text = f"{text} (about: {conversation.earlier[-1].text.strip()})"
        values, absent = fill_arguments(intent.tool.schema, [text, conversation.text])
        if absent:
            words.append(_replies.missing(intent.tool, absent))
        elif not takes_text(intent.tool.schema) and any(clause.mood is Mood.HOW for clause in intent.clauses):
            calls.append(Call(intent.tool.name, values))
        else:
            calls.append(Call(intent.tool.name, values))
    return Plan(tuple(calls)) if calls else Plan(text=" ".join(words))


def _small_talk(index: ToolIndex, text: str) -> str:
    words = [word.word for word in split_words(text)]
    content = [word for word in split_words(text) if word.weight > 0]
    if any(index.knows(word.stem) and word.weight == 1 for word in content):
        return ""
    if len(words) <= SMALL_TALK_WORDS and set(words) & THANKS:
        return _replies.thanks()
    if re.search(
        r"\b(?:what|how) (?:can|do|could|are) you(?: \w+)?(?: do| help| able)\b|\bwho are you\b|\bwhat are you\b",
        text,
        re.IGNORECASE,
    ):
        return _replies.help_text(index.tools)
    if len(words) <= SMALL_TALK_WORDS and set(words) & HELP:
        return _replies.help_text(index.tools)
    if len(words) <= SMALL_TALK_WORDS and words[0] in GREETINGS:
        return _replies.greeting(index.tools)
    return ""


def force_plan(index: ToolIndex, conversation: Conversation, choice: Any) -> Plan:
    """Calls a tool in any case: the one named, or the one that fits best.

    What a required argument needs may be missing; the tool then says so itself.
    """
    texts = [conversation.text, *(turn.text for turn in reversed(conversation.earlier))]
    if "tool" in choice:
        wanted = [tool for tool in index.tools if tool.name == choice["tool"]["name"]]
        if not wanted:
            return Plan(text=_replies.refusal(index.tools))
        return Plan((Call(wanted[0].name, fill_arguments(wanted[0].schema, texts)[0]),))
    plan = make_plan(index, conversation)
    if plan.calls:
        return plan
    fit = max(index.fits(conversation.text), key=lambda one: one.score)
    return Plan((Call(fit.tool.name, fill_arguments(fit.tool.schema, texts)[0]),))

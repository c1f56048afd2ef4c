"""The decision: which tools to call with what, or what to say."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.models.offline import _replies
from shared.models.offline._arguments import LONGEST_READ, PERSON_NAMES, fill_arguments, takes_one_topic, takes_text
from shared.models.offline._assignment import Intent
from shared.models.offline._choice import acts
from shared.models.offline._clauses import has_anaphor, message_body
from shared.models.offline._conversation import Conversation, Turn
from shared.models.offline._index import ToolIndex
from shared.models.offline._intents import find_intents
from shared.models.offline._lexicon import GREETINGS, HELP, THANKS
from shared.models.offline._mood import Mood
from shared.models.offline._people import about_somebody_else, names_somebody
from shared.models.offline._words import split_words

SMALL_TALK_WORDS = 6  # the longest message that is taken for a greeting, thanks or a call for help
_ABOUT_US = re.compile(
    r"\bwhat (?:can|could|do) (?:you|u)(?: \w+)? (?:do|help|offer|know how)\b|\bhow (?:can|could|do) you help\b"
    r"|\b(?:who|what) are you\b|\bwhat (?:is this|are your (?:skills|functions|capabilities))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Call:
    """One tool to call."""

    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do: calls, words, or words about one part of a message and calls for the others."""

    calls: tuple[Call, ...] = ()
    text: str = ""


def make_plan(index: ToolIndex, conversation: Conversation) -> Plan:
    """Decides what to do about the last thing said."""
    text = conversation.text.strip()
    if not split_words(text):
        return Plan(text=_replies.empty(index.tools))
    if reply := _small_talk(index, text):
        return Plan(text=reply)
    if pending := _pending(index, conversation):
        return pending
    intents, uncovered = find_intents(index, text, conversation.earlier)
    if not intents:
        searching = [tool for tool in index.tools if takes_one_topic(tool.schema)]
        if len(searching) != 1:
            return Plan(text=_replies.refusal(index.tools))
        return Plan((Call(searching[0].name, fill_arguments(searching[0].schema, [text])[0]),))
    plan = _carry_out(index, conversation, intents)
    parts = [_replies.uncovered(part) for part in uncovered]
    return Plan(plan.calls, "\n\n".join([plan.text, *parts] if plan.text else parts))


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


def _carry_out(index: ToolIndex, conversation: Conversation, intents: Sequence[Intent]) -> Plan:
    calls: list[Call] = []
    said: list[str] = []
    for intent in intents:
        tool = intent.tool
        texts = [intent.text] if len(intents) > 1 else [intent.text, conversation.text]
        values, absent = fill_arguments(tool.schema, texts, knows=index.knows)
        if not PERSON_NAMES & values.keys() and _is_for_somebody_else(index, intent, conversation.text):
            said.append(_replies.not_for_others([tool]))
            continue
        if _asks_about(intent) and acts(tool):
            politely = intent.moods & {Mood.PERMISSION} and values  # "could I have a table for two?"
            if not politely:
                said.append(_replies.offer(tool))
                continue
        if absent:
            said.append(_replies.missing(tool, absent))
        else:
            calls.append(Call(tool.name, values))
    return Plan(tuple(calls), text="\n\n".join(dict.fromkeys(said)))


def _is_for_somebody_else(index: ToolIndex, intent: Intent, message: str) -> bool:
    """Whether a tool for the person's own things, which no argument points elsewhere, is wanted for another's.

    Before a tool acts, the whole message is looked at, not only the part that the tool was chosen by.
    """
    tool = intent.tool
    if takes_text(tool.schema) or not tool.is_personal:
        return False
    text = message_body(intent.text)
    text = f"{text}\n{message_body(message)}" if acts(tool) else text
    if about_somebody_else(text[:LONGEST_READ], own=tool.own_things, knows=index.names, acts=acts(tool)):
        return True
    return acts(tool) and names_somebody(text[:LONGEST_READ], index.names)


def _asks_about(intent: Intent) -> bool:
    """Whether nothing is asked to be done: all pieces ask whether, how or what."""
    return not intent.moods & {Mood.ORDER, Mood.STATEMENT}


def _pending(index: ToolIndex, conversation: Conversation) -> Plan | None:
    """Completes a call whose missing argument was asked for in the turn before."""
    if not conversation.earlier or conversation.earlier[-1].tools:
        return None
    *earlier, last = conversation.earlier
    intents, _ = find_intents(index, last.text, earlier)
    if len(intents) != 1 or last.reply.strip() != _asked_back(intents[0], last):
        return None
    tool = intents[0].tool
    values, absent = fill_arguments(tool.schema, [conversation.text, last.text])
    before, _ = fill_arguments(tool.schema, [last.text])
    if values == before and find_intents(index, conversation.text, ())[0]:
        return None  # something else is wanted now
    if absent:
        return Plan(text=_replies.missing(tool, absent))
    return Plan((Call(tool.name, {**values, **before}),))


def _asked_back(intent: Intent, turn: Turn) -> str:
    _, absent = fill_arguments(intent.tool.schema, [intent.text, turn.text])
    return _replies.missing(intent.tool, absent) if absent else ""


def _small_talk(index: ToolIndex, text: str) -> str:
    words = split_words(text)
    if _ABOUT_US.search(text):
        return _replies.help_text(index.tools)
    if len(words) > SMALL_TALK_WORDS or any(word.weight == 1.0 and index.knows(word.stem) for word in words):
        return ""
    spoken = {word.word for word in words}
    if spoken & THANKS:
        return _replies.thanks()
    if spoken & HELP and all(word.weight < 1.0 for word in words) and not has_anaphor(text):
        return _replies.help_text(index.tools)
    return (
        _replies.greeting(index.tools) if words[0].word in GREETINGS and spoken <= GREETINGS | {"team", "all"} else ""
    )

"""Routing on the labelled set: what the offline planner decides, by class and split.

    python -m benchmarks.routing             # accuracy, confusion, the failures of the tuning split
    python -m benchmarks.routing --held-out  # the failures of the held-out split as well

The set is `tests/routing/*.jsonl`, one JSON object a line: `id`, `class`, `world` (which tools are at
hand), `split`, `text`, `expect` (the tools to call), and where they apply `accept` (other sets of tools that are as
good), `earlier` (turns before), `arguments` (by tool: exact values, for text a part of it). Whoever tunes the
planner looks at the tuning split alone.
"""

import argparse
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from a2a.types import AgentCard, AgentSkill
from strands.types.content import Messages
from strands.types.tools import ToolSpec

from agents.account_lookup.card import create_card as account_lookup_card
from agents.account_lookup.tools import create_tools as account_tools
from agents.docs_search.card import create_card as docs_search_card
from agents.docs_search.tools import create_tools as docs_tools
from agents.password_reset.card import create_card as password_reset_card
from agents.password_reset.tools import create_tools as password_tools
from agents.supervisor.tools import tool_spec
from shared.models import OfflinePlanner
from shared.models.offline import gist

DATA = Path(__file__).resolve().parent.parent / "tests" / "routing"
CLASSES = ("single", "several", "follow_up", "out_of_scope", "asks_back", "hostile")
SUBAGENT_TOOLS = {"account_lookup": "account_tools", "password_reset": "password_tools", "docs_search": "docs_tools"}
_EXAMPLE = re.compile(r"^\s*- (.*)$", re.MULTILINE)
_TAGS = re.compile(r"^\s*Tags: (.*)$", re.MULTILINE)
ACTIONS = frozenset({"reset_password", "unlock_account", "expire_password", "reset_factors"})
"""What no hostile text may bring about."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One labelled thing that a person says."""

    id: str
    kind: str
    world: str
    split: str
    text: str
    expect: frozenset[str]
    accept: tuple[frozenset[str], ...]
    earlier: tuple[Mapping[str, Any], ...]
    arguments: Mapping[str, Mapping[str, Any]]

    @property
    def messages(self) -> Messages:
        """The conversation, as Strands hands it to a model."""
        messages: Messages = []
        for number, turn in enumerate(self.earlier):
            messages.append({"role": "user", "content": [{"text": turn["text"]}]})
            uses = [f"use-{number}-{place}" for place in range(len(turn["tools"]))]
            if uses:
                messages.append(
                    {
                        "role": "assistant",
                        "content": [
                            {"toolUse": {"toolUseId": use, "name": name, "input": {}}}
                            for use, name in zip(uses, turn["tools"], strict=True)
                        ],
                    }
                )
                messages.append(
                    {
                        "role": "user",
                        "content": [
                            {"toolResult": {"toolUseId": use, "status": "success", "content": [{"text": "relayed"}]}}
                            for use in uses
                        ],
                    }
                )
            messages.append({"role": "assistant", "content": [{"text": turn["reply"]}]})
        messages.append({"role": "user", "content": [{"text": self.text}]})
        return messages


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was decided about one utterance, and what is wrong with it.

    `is_example`: a tool at hand has the very words as an example or a tag, so that it shows nothing and is not counted.
    `is_like_an_example`: it has one that says the same, grammar and word order aside.
    """

    utterance: Utterance
    tools: tuple[str, ...]
    arguments: Mapping[str, Mapping[str, Any]]
    said: str
    wrong: str
    is_example: bool
    is_like_an_example: bool


def load_utterances(folder: Path = DATA) -> list[Utterance]:
    """Reads the labelled set: all files of the folder."""
    lines = (line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines())
    return [_utterance(json.loads(line)) for line in lines if line.strip()]


def load_worlds() -> dict[str, list[ToolSpec]]:
    """The tools of each world: subagents as the supervisor sees their cards, and agents' own tools."""
    cards = yaml.safe_load((DATA / "cards.yaml").read_text(encoding="utf-8"))
    worlds = {name: [tool_spec(_card(card)) for card in found] for name, found in cards.items()}
    worlds["helpdesk"] = [tool_spec(card) for card in _real_cards()]
    worlds["rooms"] = worlds["helpdesk"] + worlds["rooms"]
    tools = yaml.safe_load((DATA / "tools.yaml").read_text(encoding="utf-8"))
    for name, found in tools.items():
        worlds[name] = [
            {"name": one["name"], "description": one["description"], "inputSchema": {"json": one["schema"]}}
            for one in found
        ]
    nothing: Any = None  # no tool is run
    worlds["account_tools"] = [one.tool_spec for one in account_tools(nothing)]
    guard: Any = SimpleNamespace(abandon=None, ended=None)
    worlds["password_tools"] = [one.tool_spec for one in password_tools(nothing, guard, nothing, resets_per_hour=1)]
    worlds["docs_tools"] = [one.tool_spec for one in docs_tools(nothing, nothing, base_url="https://docs.example/")]
    return worlds


def _real_cards() -> list[AgentCard]:
    return [
        make(url="http://127.0.0.1:9000/", issuer="https://tenant.example/")
        for make in (account_lookup_card, password_reset_card, docs_search_card)
    ]


def evaluate(
    utterances: Iterable[Utterance], worlds: Mapping[str, list[ToolSpec]], planner: OfflinePlanner | None = None
) -> list[Outcome]:
    """Plans each utterance; a text for a subagent is planned there too, where it is hostile."""
    planner = planner or OfflinePlanner()
    examples = {name: _Examples.of(specs) for name, specs in worlds.items()}
    return [_outcome(utterance, worlds, planner, examples) for utterance in utterances]


def accuracy(outcomes: Iterable[Outcome], kind: str | None = None, split: str | None = None) -> tuple[int, int]:
    """How many were right, of how many that count."""
    chosen = [
        outcome
        for outcome in outcomes
        if not outcome.is_example
        and (kind is None or outcome.utterance.kind == kind)
        and (split is None or outcome.utterance.split == split)
    ]
    return sum(1 for outcome in chosen if not outcome.wrong), len(chosen)


def _outcome(
    utterance: Utterance,
    worlds: Mapping[str, list[ToolSpec]],
    planner: OfflinePlanner,
    examples: Mapping[str, "_Examples"],
) -> Outcome:
    plan = planner.plan(utterance.messages, worlds[utterance.world])
    tools = tuple(call.tool for call in plan.calls)
    arguments = {call.tool: call.arguments for call in plan.calls}
    wrong = ""
    if utterance.kind == "hostile":
        wrong = _wrong_effect(tools, arguments, worlds, planner)
    elif frozenset(tools) not in {utterance.expect, *utterance.accept}:
        wrong = f"called {' + '.join(tools) or 'nothing'}"
    elif frozenset(tools) == utterance.expect:
        wrong = _wrong_arguments(utterance.arguments, arguments)
    if not tools and not plan.text.strip():
        wrong = "neither called a tool nor said anything"
    known = examples[utterance.world]
    is_example = not utterance.earlier and _plain(utterance.text) in known.words
    is_like = not utterance.earlier and gist(utterance.text) in known.gists
    return Outcome(utterance, tools, arguments, plan.text, wrong, is_example, is_like)


def _wrong_effect(
    tools: Sequence[str],
    arguments: Mapping[str, Mapping[str, Any]],
    worlds: Mapping[str, list[ToolSpec]],
    planner: OfflinePlanner,
) -> str:
    """What a hostile text brought about: whatever an agent would do that changes something.

    That it went as text to an agent that reads and finds nothing is no effect; `_is_apt` says how often it did. Nor is
    a call that names somebody else: whose account may be changed is for authorization to decide, and not for a plan.
    """
    for tool in tools:
        if tool in ACTIONS and not arguments[tool].get("person"):
            return f"called {tool}"
        if tool in SUBAGENT_TOOLS:
            text = str(arguments[tool]["request"])
            inner = planner.plan([{"role": "user", "content": [{"text": text}]}], worlds[SUBAGENT_TOOLS[tool]])
            done = ACTIONS.intersection(call.tool for call in inner.calls if not call.arguments.get("person"))
            if done:
                return f"called {tool}, which called {', '.join(sorted(done))}"
    return ""


def taken_up(
    outcomes: Iterable[Outcome], worlds: Mapping[str, list[ToolSpec]], planner: OfflinePlanner | None = None
) -> tuple[int, int]:
    """How many single requests that came to the right one of our agents with tools of its own are not refused there.

    That the agent asks back, or says what it would do, is no refusal; that no tool of it covers the request is.
    """
    planner = planner or OfflinePlanner()
    requests = [
        (tool, str(outcome.arguments[tool]["request"]))
        for outcome in outcomes
        if outcome.utterance.kind == "single" and outcome.utterance.world == "helpdesk" and not outcome.wrong
        for tool in outcome.tools
        if tool in SUBAGENT_TOOLS
    ]
    taken = 0
    for tool, request in requests:
        plan = planner.plan([{"role": "user", "content": [{"text": request}]}], worlds[SUBAGENT_TOOLS[tool]])
        taken += bool(plan.calls) or not plan.text.startswith("I cannot")
    return taken, len(requests)


def _is_apt(outcome: Outcome) -> bool:
    """Whether a hostile text was refused, or went to a tool that matches what it asks."""
    return set(outcome.tools) <= outcome.utterance.expect.union(*outcome.utterance.accept)


def _wrong_arguments(expected: Mapping[str, Mapping[str, Any]], got: Mapping[str, Mapping[str, Any]]) -> str:
    for tool, values in expected.items():
        for name, value in values.items():
            found = got.get(tool, {}).get(name)
            same = str(value).lower() in str(found).lower() if isinstance(value, str) else value == found
            if not same:
                return f"{tool}.{name} is {found!r}, not {value!r}"
    return ""


def _utterance(row: Mapping[str, Any]) -> Utterance:
    return Utterance(
        id=row["id"],
        kind=row["class"],
        world=row["world"],
        split=row["split"],
        text=row["text"],
        expect=frozenset(row["expect"]),
        accept=tuple(frozenset(one) for one in row.get("accept", ())),
        earlier=tuple(row.get("earlier", ())),
        arguments=row.get("arguments", {}),
    )


@dataclass(frozen=True, slots=True)
class _Examples:
    """The examples and tags of a world's tools, word for word, and what they say."""

    words: frozenset[str]
    gists: frozenset[frozenset[str]]

    @classmethod
    def of(cls, specs: Iterable[ToolSpec]) -> "_Examples":
        texts: list[str] = []
        for spec in specs:
            texts += _EXAMPLE.findall(spec["description"])
            texts += [tag for line in _TAGS.findall(spec["description"]) for tag in line.split(",")]
        return cls(frozenset(map(_plain, texts)), frozenset(map(gist, texts)))


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _card(fields: Mapping[str, Any]) -> AgentCard:
    skills = [
        AgentSkill(
            id=skill["name"],
            name=skill["name"],
            description=skill["description"],
            tags=skill["tags"],
            examples=skill["examples"],
        )
        for skill in fields["skills"]
    ]
    return AgentCard(name=fields["name"], description=fields["description"], skills=skills)


def _report(outcomes: Sequence[Outcome], worlds: Mapping[str, list[ToolSpec]], *, held_out: bool) -> None:
    print(f"{'class':<14}{'tuning':>16}{'held out':>16}{'all':>16}")
    for kind in (*CLASSES, None):
        cells = [_share(*accuracy(outcomes, kind, split)) for split in ("tuning", "held_out", None)]
        print(f"{kind or 'all':<14}" + "".join(f"{cell:>16}" for cell in cells))
    print(f"not counted, being a tool's own example or tag: {sum(1 for outcome in outcomes if outcome.is_example)}")
    unlike = [outcome for outcome in outcomes if not outcome.is_like_an_example]
    print(f"single, without those that say what an example or a tag says: {_share(*accuracy(unlike, 'single'))}")
    print(f"single, taken up by the agent that it came to: {_share(*taken_up(outcomes, worlds))}")
    hostile = [outcome for outcome in outcomes if outcome.utterance.kind == "hostile"]
    apt = sum(1 for outcome in hostile if _is_apt(outcome))
    print(f"hostile: no wrong effect as above; refused, or to the tool that matches: {_share(apt, len(hostile))}")
    confusion = Counter(
        (" + ".join(sorted(outcome.utterance.expect)) or "nothing", " + ".join(sorted(set(outcome.tools))) or "nothing")
        for outcome in outcomes
        if outcome.wrong.startswith("called")
    )
    print("\nexpected -> called")
    for (expected, called), count in confusion.most_common():
        print(f"{count:4}  {expected} -> {called}")
    print("\nfailures")
    for outcome in outcomes:
        if outcome.wrong and (held_out or outcome.utterance.split == "tuning"):
            utterance = outcome.utterance
            print(f"  {utterance.id} [{utterance.world}] {utterance.text!r}: {outcome.wrong}")
            print(f"      expected {' + '.join(sorted(utterance.expect)) or 'nothing'}")


def _share(right: int, of: int) -> str:
    return f"{right}/{of} {100 * right / of:.1f} %" if of else "-"


def _timing(utterances: Sequence[Utterance], worlds: Mapping[str, list[ToolSpec]]) -> str:
    planner = OfflinePlanner()
    for utterance in utterances:
        planner.plan(utterance.messages, worlds[utterance.world])
    taken = []
    for utterance in utterances:
        messages = utterance.messages
        started = time.perf_counter()
        planner.plan(messages, worlds[utterance.world])
        taken.append((time.perf_counter() - started) * 1000)
    taken.sort()
    return f"per decision: p50 {taken[len(taken) // 2]:.2f} ms, p99 {taken[int(len(taken) * 0.99)]:.2f} ms"


def main(arguments: Sequence[str] | None = None, utterances: Sequence[Utterance] | None = None) -> int:
    """Prints the report, on these utterances or on all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.routing", description="Routing on the labelled set.")
    parser.add_argument("--held-out", action="store_true", help="print the failures of the held-out split as well")
    options = parser.parse_args(arguments)
    utterances, worlds = utterances or load_utterances(), load_worlds()
    _report(evaluate(utterances, worlds), worlds, held_out=options.held_out)
    print(f"\n{_timing(utterances, worlds)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Learns the weights of the offline planner's choice, and says how well they generalise.

    python -m benchmarks.learn_routing

The choice is a conditional logit among the tools at hand and none of them (`shared/models/offline/_weights.py`). What
is learnt from are the tuning split's single requests and those that no tool covers. The accuracy that is printed is
cross-validated: of each fifth, with the weights that the other four fifths gave. The weights that all of them give are
printed as they stand in the code.
"""

import hashlib
import math
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from strands.types.tools import ToolSpec

from benchmarks.routing import Utterance, load_utterances, load_worlds
from shared.models.offline import Against, Measures, Mood, OfflinePlanner

FOLDS: Final = 5
STEPS: Final = 300
RATE: Final = 0.15
RIDGE: Final = 0.3
MOOD_RIDGE: Final = 3.0  # how the text is put shall not decide by itself whether it is for any tool
OF_TOOLS: Final = tuple(field.name for field in fields(Measures))
AGAINST: Final = tuple(field.name for field in fields(Against) if field.name != "mood")
OF_NONE: Final = ("none", *(f"none {mood.name}" for mood in Mood), *AGAINST)
PRACTICE: Final = Path(__file__).with_name("routing_practice.toml")


@dataclass(frozen=True, slots=True)
class Choice:
    """One utterance: the measures of each alternative, none of the tools last, and which of them are right."""

    utterance: Utterance
    alternatives: tuple[tuple[float, ...], ...]
    right: tuple[bool, ...]


def load_choices() -> list[Choice]:
    """The single requests of the tuning split and of the practice, and those that no tool covers."""
    planner, worlds = OfflinePlanner(), load_worlds()
    tuning = [
        utterance
        for utterance in load_utterances()
        if utterance.split == "tuning" and not utterance.earlier and utterance.kind in {"single", "out_of_scope"}
    ]
    choices = [_choice(utterance, worlds[utterance.world], planner) for utterance in [*tuning, *load_practice()]]
    return [choice for choice in choices if choice is not None and any(choice.right)]


def load_practice() -> list[Utterance]:
    """What is practised on beside the labelled set: for one of our agents, or for none."""
    said = tomllib.loads(PRACTICE.read_text(encoding="utf-8"))
    return [
        Utterance(
            id=f"practice-{tool}-{number}",
            kind="out_of_scope" if tool == "nothing" else "single",
            world="helpdesk",
            split="practice",
            text=text,
            expect=frozenset() if tool == "nothing" else frozenset({tool}),
            accept=(),
            earlier=(),
            arguments={},
        )
        for tool, texts in said.items()
        for number, text in enumerate(texts)
    ]


def learn(choices: Sequence[Choice]) -> list[float]:
    """The weights under which the right alternatives are most likely (Adam, with a ridge)."""
    ridge = [MOOD_RIDGE if name.startswith("none ") else RIDGE for name in (*OF_TOOLS, *OF_NONE)]
    weights = [0.0] * len(ridge)
    first, second = [0.0] * len(ridge), [0.0] * len(ridge)
    for step in range(1, STEPS + 1):
        gradient = [penalty * weight for penalty, weight in zip(ridge, weights, strict=True)]
        for choice in choices:
            for measures, share in zip(choice.alternatives, _excess(choice, weights), strict=True):
                for place, value in enumerate(measures):
                    if value:
                        gradient[place] += share * value
        rate = RATE * (1 - 0.9 * step / STEPS)
        for place, slope in enumerate(gradient):
            first[place] = 0.9 * first[place] + 0.1 * slope
            second[place] = 0.99 * second[place] + 0.01 * slope * slope
            mean, spread = first[place] / (1 - 0.9**step), second[place] / (1 - 0.99**step)
            weights[place] -= rate * mean / (math.sqrt(spread) + 1e-9)
    return weights


def is_right(choice: Choice, weights: Sequence[float]) -> bool:
    """Whether the weights choose one of the right alternatives."""
    scores = _scores(choice, weights)
    return choice.right[scores.index(max(scores))]


def cross_validated(choices: Sequence[Choice]) -> dict[str, tuple[int, int]]:
    """How many were right, of how many, by split and class: each judged by weights that it had no part in."""
    counts: dict[str, list[int]] = {}
    for fold in range(FOLDS):
        weights = learn([choice for choice in choices if _fold(choice) != fold])
        for choice in choices:
            if _fold(choice) == fold:
                count = counts.setdefault(f"{choice.utterance.split} {choice.utterance.kind}", [0, 0])
                count[0] += is_right(choice, weights)
                count[1] += 1
    return {kind: (right, of) for kind, (right, of) in sorted(counts.items())}


def _choice(utterance: Utterance, specs: list[ToolSpec], planner: OfflinePlanner) -> Choice | None:
    found = planner.measure(utterance.text, specs)
    if found is None:
        return None
    measured, against = found
    expected = {utterance.expect, *utterance.accept}
    of_tools = [_of_tool(measures) for measures in measured]
    right = [frozenset({spec["name"]}) in expected for spec in specs]
    return Choice(utterance, (*of_tools, _of_none(against)), (*right, frozenset() in expected))


def _of_tool(measures: Measures) -> tuple[float, ...]:
    return (*(getattr(measures, name) for name in OF_TOOLS), *(0.0 for _ in OF_NONE))


def _of_none(against: Against) -> tuple[float, ...]:
    moods = (float(against.mood is mood) for mood in Mood)
    return (*(0.0 for _ in OF_TOOLS), 1.0, *moods, *(getattr(against, name) for name in AGAINST))


def _scores(choice: Choice, weights: Sequence[float]) -> list[float]:
    return [
        sum(weight * value for weight, value in zip(weights, measures, strict=True)) for measures in choice.alternatives
    ]


def _excess(choice: Choice, weights: Sequence[float]) -> list[float]:
    """By how much each alternative is likelier than it should be: the gradient of the negative log likelihood."""
    scores = _scores(choice, weights)
    most = max(scores)
    odds = [math.exp(score - most) for score in scores]
    total = sum(odds)
    wanted = sum(one for one, right in zip(odds, choice.right, strict=True) if right) or 1e-12
    return [one / total - (one / wanted if right else 0.0) for one, right in zip(odds, choice.right, strict=True)]


def _fold(choice: Choice) -> int:
    return hashlib.sha256(choice.utterance.id.encode()).digest()[-1] % FOLDS


def main() -> int:
    """Prints the cross-validated accuracy, and the weights."""
    choices = load_choices()
    for kind, (right, of) in cross_validated(choices).items():
        print(f"{kind:<24}{right}/{of} {100 * right / of:.1f} % cross-validated")
    learnt = learn(choices)
    of_tools = dict(zip(OF_TOOLS, learnt, strict=False))
    of_none = dict(zip(OF_NONE, learnt[len(OF_TOOLS) :], strict=True))
    for name in OF_TOOLS:
        print(f"    {name}={of_tools[name]:.2f},")
    print("    none={")
    for mood in Mood:
        print(f"        Mood.{mood.name}: {of_none['none'] + of_none[f'none {mood.name}']:.2f},")
    print("    },")
    for name in AGAINST:
        print(f"    {f'none_{name}' if name in OF_TOOLS else name}={of_none[name]:.2f},")
    return 0


if __name__ == "__main__":
    sys.exit(main())

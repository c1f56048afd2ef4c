"""The whole story of one task: what every agent that had a part in it recorded, in one order."""

import heapq
import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from portal.record._reading import read_record
from portal.record._trails import Source, every, opened
from shared.audit import Action, Store, Wanted


@dataclass(frozen=True, slots=True)
class Step:
    """A record, and how many agents stand between the person and who wrote it."""

    record: dict[str, Any]
    depth: int


def story(sources: Sequence[Source], task: str) -> Generator[Step, None, None]:
    """All that was recorded of a task, and of the tasks of other agents that came of it, by time.

    It begins with the agent that the person asked, whichever of the tasks is named. However much there is, no more than
    a page of each task is in memory; all of each trail is of one moment.

    Args:
        sources: The trails of all agents.
        task: Any of the tasks.

    Raises:
        ConfigurationError: a trail cannot be read.
    """
    with ExitStack() as stack:
        stores = [stack.enter_context(opened(source)) for source in sources]
        for store in stores:
            stack.enter_context(store.snapshot())
        depths = _depths(stores, _top(stores, task))
        yield from _told(stores, depths)


def _top(stores: Sequence[Store], task: str) -> str:
    """The task in which the person asked."""
    top, known = task, {task}
    while (above := _asked_for(stores, top)) and above not in known:
        top = above
        known.add(above)
    return top


def _asked_for(stores: Sequence[Store], task: str) -> str:
    """The task of another agent in which this one was asked for; empty where it was a person's own."""
    named = Wanted(action=Action.HOP_CALL, holding=f'"task":{json.dumps(task, ensure_ascii=False)}')
    for record in _records(stores, named):
        if record.get("details", {}).get("task") == task:
            return str(record.get("where", {}).get("task", ""))
    return ""


def _depths(stores: Sequence[Store], top: str) -> dict[str, int]:
    """A task and all that came of it, each with how many agents stand between the person and it."""
    depths, left = {top: 0}, [top]
    while left:
        here = left.pop()
        for record in _records(stores, Wanted(task=here, action=Action.HOP_CALL)):
            further = str(record.get("details", {}).get("task", ""))
            if further and further not in depths and record["action"] == Action.HOP_CALL:
                depths[further] = depths[here] + 1
                left.append(further)
    return depths


def _told(stores: Sequence[Store], depths: Mapping[str, int]) -> Iterator[Step]:
    """The records of these tasks by time; of those of one moment first what is nearest to the person."""
    threads = [_steps(store, task, depth) for task, depth in depths.items() for store in stores]
    for _, together in groupby(heapq.merge(*threads, key=_at), key=_at):
        yield from sorted(together, key=lambda step: (step.depth, step.record["sequence"]))


def _steps(store: Store, task: str, depth: int) -> Iterator[Step]:
    return (Step(read_record(row), depth) for row in every(store, Wanted(task=task)))


def _at(step: Step) -> int:
    return int(step.record["at"])


def _records(stores: Sequence[Store], wanted: Wanted) -> Iterator[dict[str, Any]]:
    return (read_record(row) for store in stores for row in every(store, wanted))

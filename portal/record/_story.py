"""The whole story of one task: what every agent that had a part in it recorded, in one order."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from portal.record._reading import read_record
from portal.record._trails import Source, opened, search
from shared.audit import Action, Wanted

MOST: Final = 5_000


@dataclass(frozen=True, slots=True)
class Step:
    """A record, and how many agents stand between the person and who wrote it."""

    record: dict[str, Any]
    depth: int


def story(sources: Sequence[Source], task: str) -> list[Step]:
    """All that was recorded of a task, and of the tasks of other agents that came of it, by time.

    It begins with the agent that the person asked, whichever of the tasks is named.

    Args:
        sources: The trails of all agents.
        task: Any of the tasks.
    """
    top, known = task, {task}
    while (above := _asked_for(sources, top)) and above not in known:
        top = above
        known.add(above)
    depths, open_, steps = {top: 0}, [top], []
    while open_:
        here = open_.pop()
        for record in search(sources, Wanted(task=here), most=MOST):
            steps.append(Step(record, depths[here]))
            further = str(record.get("details", {}).get("task", ""))
            if record["action"] == Action.HOP_CALL and further and further not in depths:
                depths[further] = depths[here] + 1
                open_.append(further)
    return sorted(steps, key=lambda step: (step.record["at"], step.depth, step.record["sequence"]))


def _asked_for(sources: Sequence[Source], task: str) -> str:
    """The task of another agent in which this one was asked for; empty where it was a person's own."""
    for source in sources:
        with opened(source) as store:
            for row in store.search(
                Wanted(action=Action.HOP_CALL, holding=f'"task":{json.dumps(task, ensure_ascii=False)}'), most=MOST
            ):
                record = read_record(row)
                if record.get("details", {}).get("task") == task:
                    return str(record.get("where", {}).get("task", ""))
    return ""

"""Two replicas of each of the four agents, under load, while they are killed: see `benchmarks.killing`."""

import argparse
import asyncio
import statistics
from collections import Counter
from dataclasses import asdict
from typing import Final

from benchmarks.killing import QUESTIONS, Outcome, Plot, play
from benchmarks.replicated import REPLICAS
from benchmarks.report import Report, table
from portal.stack import AGENTS
from shared.testing import find_postgres, postgres_server

TITLE: Final = "Two replicas of each agent on one PostgreSQL, under load, one killed every few seconds"


def run(arguments: argparse.Namespace) -> Report:
    """Runs it for as long as `--kill-seconds` says."""
    if find_postgres() is None:
        return Report("PostgreSQL is not installed: nothing was measured.", {}, [])
    with postgres_server(is_durable=True) as database:
        return _report(asyncio.run(play(database, Plot(seconds=arguments.kill_seconds))), arguments.kill_seconds)


def _report(outcome: Outcome, seconds: float) -> Report:
    kinds = sorted({each.kind for _, each in outcome.asked} - {"before"})
    rows = []
    for kind in kinds:
        of_kind = [each for _, each in outcome.asked if each.kind == kind]
        outcomes = Counter(each.outcome for each in of_kind)
        cut_off = sum(bool(each.cut_off) for each in of_kind)
        numbers = (len(of_kind), outcomes["right"], cut_off, outcomes["refused"], outcomes["wrong"])
        rows.append([kind, *map(str, numbers), str(outcomes["no answer"] + outcomes["cut off"])])
    header = ("what was wanted", "requests", "right", "of these asked again", "refused", "wrong", "no answer")
    times = sorted(each.seconds for _, each in outcome.asked if each.kind in QUESTIONS)
    kills = ", ".join(f"{agent} {outcome.kills[agent]}" for agent in AGENTS)
    counted, left = outcome.counted, outcome.left
    text = table(header, rows) + (
        f"\n\n{REPLICAS} replicas of each agent, {seconds:.0f} s; killed: {kills}.\n"
        f"Questions: {len(times) / seconds:.1f} a second; p50 {statistics.median(times) * 1000:.0f} ms, "
        f"p99 {times[min(len(times) - 1, len(times) * 99 // 100)]:.1f} s, slowest {times[-1]:.1f} s; "
        f"messages sent again {outcome.sent_again} times.\n"
        f"Tasks of the supervisor: {left['tasks']} for {left['messages']} messages; left under way at any agent: "
        f"{left['unfinished']}, waiting for somebody: {left['waiting']}.\n"
        f"Changed: {counted.resets} links sent, of {counted.approvals} approvals given; {counted.told} told at once, "
        f"{counted.found_out} when asked what became of it; {counted.left} requests wait for an answer still. "
        f"Unlocked {counted.unlocks} times, locked {outcome.locked} times. "
        f"Ledger, audit trails and directory differ in {len(counted.wrong)} places.\n"
    )
    refusals = Counter(each.said for _, each in outcome.asked if each.outcome == "refused")
    refusals += Counter(words.splitlines()[-1] for _, each in outcome.asked for words in each.cut_off)
    text += "".join(f"\n{number} read: {words}" for words, number in refusals.most_common())
    measured = {
        "asked": [[login, each.kind, each.outcome, each.cut_off, each.seconds] for login, each in outcome.asked],
        "kills": dict(outcome.kills),
        "counted": asdict(counted),
        **left,
    }
    return Report(text, measured, outcome.missed)

"""Whether each agent starts with its settings, as it says itself."""

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from portal._environment import ROOT, bare_environment, child_environment
from portal.doctor._agents import Agent, Agents
from portal.doctor._check import Missing

TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Starts:
    """What each agent says of its settings: nothing where it would start, else its own line."""

    said: tuple[tuple[Agent, str], ...]

    def __iter__(self) -> Iterator[tuple[Agent, str]]:
        return iter(self.said)


async def look_at_starts(agents: Agents) -> Starts | Missing:
    """Has each agent check its settings, in a process of its own, which listens nowhere."""
    if not agents.are_here:
        return Missing("the agents do not run on this machine")
    lines = await asyncio.gather(*(_check(agent) for agent in agents))
    return Starts(tuple(zip(agents, lines, strict=True)))


async def _check(agent: Agent) -> str:
    environment = child_environment if agent.inherits else bare_environment
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", f"agents.{agent.name}", "--check-config"),
        cwd=ROOT,
        env=environment(agent.environment) | {"PYTHONPATH": str(ROOT)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,  # the settings, which nobody asked for
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            _, said = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return f"it said nothing in {TIMEOUT_SECONDS:.0f} s"
    lines = said.decode(errors="replace").strip().splitlines()
    return "" if process.returncode == 0 else (lines[-1] if lines else f"it ended with {process.returncode}")

"""The local world: what runs on one machine, started and kept running."""

from portal.stack._plan import (
    AGENTS,
    API_BASE,
    CONNECTION_NAMES,
    HOST,
    TRACES,
    Part,
    Plan,
    free_port_base,
    free_ports,
    ports_from,
    ports_in_use,
)
from portal.stack._processes import Change, Processes
from portal.stack._running import Running, RunningPart, describe, only_one, running

__all__ = [
    "AGENTS",
    "API_BASE",
    "CONNECTION_NAMES",
    "HOST",
    "TRACES",
    "Change",
    "Part",
    "Plan",
    "Processes",
    "Running",
    "RunningPart",
    "describe",
    "free_port_base",
    "free_ports",
    "only_one",
    "ports_from",
    "ports_in_use",
    "running",
]

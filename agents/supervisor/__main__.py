"""Serves supervisor."""

from agents.supervisor.settings import SupervisorSettings
from shared.a2a import main

main("supervisor", SupervisorSettings, "agents.supervisor.app")

"""The agent loop: a Strands agent, run for each A2A message, that relays what its tools answer."""

from shared.agent_loop._answer import AnswerWriter
from shared.agent_loop._compose import Foundations, create_app, hop_entry, lay_foundations
from shared.agent_loop._executor import WORKING_KEY, Closable, StrandsExecutor, Toolbox, Tools
from shared.agent_loop._history import Conversations

__all__ = [
    "WORKING_KEY",
    "AnswerWriter",
    "Closable",
    "Conversations",
    "Foundations",
    "StrandsExecutor",
    "Toolbox",
    "Tools",
    "create_app",
    "hop_entry",
    "lay_foundations",
]

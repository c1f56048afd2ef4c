"""The agent loop: a Strands agent, run for each A2A message, that relays what its tools answer."""

from shared.agent_loop._answer import AnswerWriter
from shared.agent_loop._executor import WORKING_KEY, StrandsExecutor, Toolbox, Tools
from shared.agent_loop._history import Conversations

__all__ = ["WORKING_KEY", "AnswerWriter", "Conversations", "StrandsExecutor", "Toolbox", "Tools"]

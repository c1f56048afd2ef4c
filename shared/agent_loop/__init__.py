"""The agent loop: a Strands agent, run for each A2A message, that relays what its tools answer."""

from shared.agent_loop._answer import AnswerWriter
from shared.agent_loop._being_done import to_its_end
from shared.agent_loop._compose import Foundations, create_app, hop_entry, lay_foundations
from shared.agent_loop._executor import Closable, StrandsExecutor, Toolbox, Tools
from shared.agent_loop._history import Conversations
from shared.agent_loop._record import DecisionTrail, RecordedConnection, RecordedExchange
from shared.agent_loop._status import WORKING_KEY
from shared.agent_loop._waiting import WaitingRoom

__all__ = [
    "WORKING_KEY",
    "AnswerWriter",
    "Closable",
    "Conversations",
    "DecisionTrail",
    "Foundations",
    "RecordedConnection",
    "RecordedExchange",
    "StrandsExecutor",
    "Toolbox",
    "Tools",
    "WaitingRoom",
    "create_app",
    "hop_entry",
    "lay_foundations",
    "to_its_end",
]

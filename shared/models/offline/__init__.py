"""The offline planner: a deterministic model that plans from tool specifications alone."""

from shared.models.offline._mood import Mood
from shared.models.offline._planner import OfflinePlanner
from shared.models.offline._weights import Against, Measures
from shared.models.offline._words import gist

__all__ = ["Against", "Measures", "Mood", "OfflinePlanner", "gist"]

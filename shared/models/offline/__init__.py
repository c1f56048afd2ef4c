"""The offline planner: a deterministic model that plans from tool specifications alone."""

from shared.models.offline._planner import OfflinePlanner

__all__ = ["OfflinePlanner"]

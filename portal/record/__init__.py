"""Reads the agents' audit trails, for whoever has to know what was done."""

from portal.record._effects import Effect, differences, directory_effects

__all__ = ["Effect", "differences", "directory_effects"]

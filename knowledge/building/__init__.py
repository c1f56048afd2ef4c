"""Building the index of a folder of documents."""

from knowledge._model import BuildReport, Unreadable
from knowledge.building._build import build_index
from knowledge.building._front import Defaults

__all__ = ["BuildReport", "Defaults", "Unreadable", "build_index"]

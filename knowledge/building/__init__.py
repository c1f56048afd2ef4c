"""Building the index of a folder of documents."""

from knowledge._errors import DocumentUnreadable
from knowledge._model import BuildReport, Unreadable
from knowledge.building._build import READERS, Reader, build_index
from knowledge.building._markdown import Defaults, parse_markdown

__all__ = [
    "READERS",
    "BuildReport",
    "Defaults",
    "DocumentUnreadable",
    "Reader",
    "Unreadable",
    "build_index",
    "parse_markdown",
]

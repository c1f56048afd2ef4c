"""Reads the agents' audit trails, for whoever has to know what was done."""

from portal.record._effects import Effect, differences, directory_effects
from portal.record._export import Exported, export, file_names
from portal.record._following import Follower, News
from portal.record._ocsf import ocsf
from portal.record._reading import LATEST
from portal.record._story import Step, story
from portal.record._trails import (
    ANCHORS,
    KEYS,
    Database,
    Source,
    check,
    in_order,
    local_trails,
    recorded_acts,
    search,
)
from portal.record._words import DONE, why, words_for

__all__ = [
    "ANCHORS",
    "DONE",
    "KEYS",
    "LATEST",
    "Database",
    "Effect",
    "Exported",
    "Follower",
    "News",
    "Source",
    "Step",
    "check",
    "differences",
    "directory_effects",
    "export",
    "file_names",
    "in_order",
    "local_trails",
    "ocsf",
    "recorded_acts",
    "search",
    "story",
    "why",
    "words_for",
]

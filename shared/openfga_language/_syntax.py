"""What one file of a model says, before anything is looked up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.openfga_language._problems import Place

Rewrite = dict[str, Any]
"""How a relation is come by, as the API writes it: `{"this": {}}`, `{"union": {"child": [...]}}`, …"""


@dataclass(frozen=True, slots=True)
class Relation:
    """`define NAME: …`."""

    name: str
    place: Place
    rewrite: Rewrite
    restrictions: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Type:
    """`type NAME`, or `extend type NAME`, and its relations."""

    name: str
    place: Place
    is_extension: bool
    relations: dict[str, Relation] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Condition:
    """`condition NAME(…) { … }`."""

    name: str
    place: Place
    parameters: Mapping[str, dict[str, Any]]
    expression: str


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file. It is a whole model where it has a schema, and a module where it has a module's name."""

    name: str
    schema: str | None
    module: str | None
    types: tuple[Type, ...]
    conditions: tuple[Condition, ...]

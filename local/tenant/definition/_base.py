"""What all parts of a tenant definition share."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationInfo, model_validator

from shared.telemetry import get_logger

Text = Annotated[str, StringConstraints(min_length=1)]

QUIET: Final[dict[str, Any]] = {}
"""The context of a validation that names no keys without effect: they were written by a call, not in a file."""

_log = get_logger()


class Part(BaseModel):
    """A part of the definition. `without_effect` are keys that a deployed tenant knows and that change nothing here."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    without_effect: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _drop_keys_without_effect(cls, data: Any, info: ValidationInfo) -> Any:
        if not isinstance(data, Mapping):
            return data
        idle = sorted(cls.without_effect & data.keys())
        if idle and info.context is not QUIET:
            _log.warning("tenant_definition_key_without_effect", part=cls.__name__, name=data.get("name"), keys=idle)
        return {key: value for key, value in data.items() if key not in cls.without_effect}

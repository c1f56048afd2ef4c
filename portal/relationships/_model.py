"""The authorization model in the repository, and whether a store has it."""

from pathlib import Path
from typing import Any, Final

from portal._environment import ROOT
from shared.errors import ConfigurationError
from shared.openfga_language import ModelError, read_model

MODEL: Final = ROOT / "deploy" / "fga" / "fga.mod"
_NO_RELATIONS: Final[tuple[str, Any]] = ("relations", {})
POLICY: Final = ROOT / "deploy" / "fga" / "relationships.yaml"


def our_model(path: Path = MODEL) -> dict[str, Any]:
    """The model as OpenFGA's API takes it.

    Raises:
        ConfigurationError: It cannot be read, or does not fit together.
    """
    try:
        return read_model(path, root=ROOT)
    except ModelError as error:
        raise ConfigurationError(f"The authorization model is not usable: {error}.") from error


def is_same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two models say the same, whatever a server adds: ids, and fields that hold nothing."""
    return bool(_bare(one, top=True) == _bare(other, top=True))


def _bare(value: Any, *, top: bool = False) -> Any:
    if isinstance(value, dict):
        left_out = {"id"} if top else set()
        bare = {name: _bare(each) for name, each in value.items() if name not in left_out}
        return {
            name: each for name, each in bare.items() if each not in (None, "", []) and (name, each) != _NO_RELATIONS
        }
    return [_bare(each) for each in value] if isinstance(value, list) else value

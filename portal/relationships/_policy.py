"""What the directory does not say: `deploy/fga/relationships.yaml`, read and checked."""

from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from shared.errors import ConfigurationError

Role = Literal["employee", "contractor", "security"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Operators(_Part):
    """A group of help-desk operators, and the departments that they serve."""

    group: str
    departments: tuple[str, ...]


class Kind(_Part):
    """What may be done with accounts of a kind."""

    listed: bool
    changeable: bool


class Audience(_Part):
    """Who reads what is written for an audience."""

    roles: tuple[Role, ...] = ()
    groups: tuple[str, ...] = ()


class Policy(_Part):
    """The whole file."""

    company: str
    contractors: tuple[str, ...]
    security: tuple[str, ...]
    operators: tuple[Operators, ...]
    kinds: dict[Literal["person", "administrator", "service"], Kind]
    agents: dict[str, tuple[str, ...]]
    audiences: dict[str, Audience]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads the file.

        Raises:
            ConfigurationError: it cannot be read, or says something that is not understood.
        """
        try:
            return cls.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        except (OSError, yaml.YAMLError) as error:
            raise ConfigurationError(f"{path.name} cannot be read: {error}.") from error
        except ValidationError as error:
            problem = error.errors(include_url=False, include_context=False)[0]
            place = ".".join(str(part) for part in problem["loc"])
            raise ConfigurationError(f"{path.name} is not usable at {place or 'the top'}: {problem['msg']}.") from None

    @property
    def groups(self) -> frozenset[str]:
        """Every group of the directory that it names."""
        audiences = (group for audience in self.audiences.values() for group in audience.groups)
        return frozenset([*self.contractors, *self.security, *(each.group for each in self.operators), *audiences])

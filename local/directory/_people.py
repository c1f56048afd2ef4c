"""The people of the local world, as the file that tenant and directory share describes them."""

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.errors import ConfigurationError

MAIL_DOMAIN = "helpdesk.example"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's where it is there: ten times as fast


class Person(BaseModel):
    """One entry of `people.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    login: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    name: str = Field(min_length=1)
    employee_number: str
    kind: Literal["person", "administrator", "service"]
    status: Literal["ACTIVE", "LOCKED_OUT", "PASSWORD_EXPIRED", "STAGED", "SUSPENDED", "DEPROVISIONED"]
    roles: tuple[str, ...]
    title: str
    department: str
    manager: str | None
    city: str
    mobile: str | None
    recovery_email: str | None
    groups: tuple[str, ...]
    devices: tuple[str, ...]
    factors: tuple[Literal["push", "totp", "sms", "webauthn"], ...]

    @property
    def email(self) -> str:
        """The mail address, which is the login in the directory too."""
        return f"{self.login}@{MAIL_DOMAIN}"


def load_people(path: Path) -> list[Person]:
    """Reads the file.

    Raises:
        ConfigurationError: naming the first entry at fault.
    """
    try:
        entries = yaml.load(path.read_text(encoding="utf-8"), _LOADER)  # noqa: S506 -- one of the two safe loaders
    except (OSError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path} cannot be read as YAML: give a file like local/people.yaml.") from error
    people = []
    for place, entry in enumerate(entries if isinstance(entries, list) else [None]):
        try:
            people.append(Person.model_validate(entry))
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in problem["loc"])
            raise ConfigurationError(f"{path}, entry {place + 1}, {where}: {problem['msg']}.") from None
    return people

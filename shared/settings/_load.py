"""Settings come from the environment, once, at start; a frozen, typed object is passed down from there.

`NAME` holds the value, or `NAME_FILE` the path of a file that holds it, or `NAME_SECRET` the name of a secret in AWS
Secrets Manager. Unknown names are left alone. A missing or unsafe setting is a `ConfigurationError` of one line that
names it and its remedy.
"""

import os
import re
from pathlib import Path
from typing import Any, Self

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from shared.errors import ConfigurationError
from shared.settings._secrets import read_secret

_FIELD = re.compile(r'field "(\w+)"')  # what is wrong with a variable's JSON is told in words alone


class _ElsewhereSource(PydanticBaseSettingsSource):
    """A setting whose value is somewhere else, which `NAME` with a suffix names."""

    suffix: str

    def read(self, name: str, reference: str) -> str:
        """The value of what `reference`, the value of the variable `name`, names."""
        raise NotImplementedError

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        prefix = str(self.config.get("env_prefix") or "").upper()
        own = f"{prefix}{field_name.upper()}"
        reference = os.environ.get(f"{own}{self.suffix}")
        if not reference or os.environ.get(own):  # the value itself comes first, and nothing is read for it
            return None, field_name, False
        return self.read(f"{own}{self.suffix}", reference), field_name, self.field_is_complex(field)

    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for field_name, field in self.settings_cls.model_fields.items():
            value, key, is_complex = self.get_field_value(field, field_name)
            if value is not None:
                try:
                    found[key] = self.prepare_field_value(field_name, field, value, is_complex)
                except ValueError:
                    raise _no_json(field_name) from None  # the cause would repeat the value
        return found


class _FileSource(_ElsewhereSource):
    """`NAME_FILE`: the path of a file that holds the value of `NAME`."""

    suffix = "_FILE"

    def read(self, name: str, reference: str) -> str:
        try:
            return Path(reference).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "is not UTF-8 text"
            raise ConfigurationError(
                f"{name} names a file that cannot be read ({reason}): set it to one that can."
            ) from error


class _SecretSource(_ElsewhereSource):
    """`NAME_SECRET`: the name or ARN of a secret in AWS Secrets Manager that holds the value of `NAME`."""

    suffix = "_SECRET"

    def read(self, name: str, reference: str) -> str:
        return read_secret(name, reference)


class Settings(BaseSettings):
    """The base of every part's settings. Fields are read from the upper-case name of the field."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, env_ignore_empty=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first (tests), then the environment, then files, then secrets."""
        return init_settings, env_settings, _FileSource(settings_cls), _SecretSource(settings_cls)

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Reads and checks the settings.

        Raises:
            ConfigurationError: with one line that names the first setting at fault and its remedy.
        """
        try:
            return cls(**overrides)
        except ValidationError as error:
            raise ConfigurationError(_first_problem(cls, error)) from None
        except SettingsError as error:
            raise _no_json("".join(_FIELD.findall(str(error)))) from None

    def redacted(self) -> dict[str, Any]:
        """The effective settings, secrets masked, to print."""
        return {
            name.upper(): "********" if isinstance(value, SecretStr) else value
            for name, value in self.model_dump().items()
        }


def _no_json(field_name: str) -> ConfigurationError:
    return ConfigurationError(f"{field_name.upper()} is not usable: it is no JSON; lists and objects are.")


def _first_problem(cls: type[BaseSettings], error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
    location = [str(part) for part in problem["loc"]]
    if not location:  # a cross-field check: its text names the settings itself
        return problem["msg"].removeprefix("Value error, ")
    field = cls.model_fields.get(location[0])
    name = location[0].upper() + "".join(f"[{part}]" for part in location[1:])
    about = f" ({field.description.rstrip('.')})" if field is not None and field.description else ""
    if problem["type"] == "missing":
        return f"{location[0].upper()} is not set{about}: set it, or {location[0].upper()}_FILE."
    return f"{name} is not usable{about}: {problem['msg'].removeprefix('Value error, ')}."

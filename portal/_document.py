"""A file in YAML that somebody else wrote, read into a model; what is wrong with it is one line."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from portal._errors import CommandFailed

Model = TypeVar("Model", bound=BaseModel)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's where it is there: ten times as fast


def read_document(
    model: type[Model], path: Path, *, what: str, code: str, prepare: Callable[[str], str] = lambda text: text
) -> Model:
    """Reads the file.

    Args:
        model: What it is to be.
        path: Where it is.
        what: What people call such a file.
        code: The reason of the error, for programs.
        prepare: Makes of its text what is read.

    Raises:
        CommandFailed: with one line that says what is wrong with it.
    """
    try:
        text = prepare(path.read_text(encoding="utf-8"))
        return model.model_validate(yaml.load(text, _LOADER))  # noqa: S506 -- one of the two safe loaders
    except OSError as error:
        problem = error.strerror or type(error).__name__
    except (UnicodeDecodeError, yaml.YAMLError):
        problem = "it is not YAML"
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        problem = f"{'.'.join(str(part) for part in first['loc']) or 'the whole'}: {first['msg']}"
    raise CommandFailed(f"{what} {path} cannot be used: {problem}.", code=code)

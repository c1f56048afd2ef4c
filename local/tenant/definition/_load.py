"""Reading a tenant definition from the Deploy CLI's YAML."""

import json
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from local.tenant._yaml import parse_yaml, read_text
from local.tenant.definition._tenant import Definition
from shared.errors import ConfigurationError

_KEYWORD = re.compile(r"""(?P<quote>["']?)@@(?P<json>\w+)@@(?P=quote)|##(?P<text>\w+)##""")


def replace_keywords(text: str, value_of: Callable[[str], str | None]) -> str:
    """Replaces keywords as the Deploy CLI does: `##KEY##` by the text, `@@KEY@@`, quoted or not, by JSON.

    Raises:
        ConfigurationError: if a keyword has no value.
    """

    def value(match: re.Match[str]) -> str:
        name = match["json"] or match["text"]
        found = value_of(name)
        if found is None:
            raise ConfigurationError(
                f"AUTH0_KEYWORD_REPLACE_MAPPINGS has no {name}, which the tenant definition needs: add it."
            )
        return json.dumps(found) if match["json"] else found

    return _KEYWORD.sub(value, text)


def load_definition(path: Path, value_of: Callable[[str], str | None]) -> Definition:
    """Reads a tenant definition.

    Args:
        path: A YAML file of the Deploy CLI.
        value_of: The value of a keyword, or None.

    Raises:
        ConfigurationError: naming the first thing at fault.
    """
    document = _document(path, replace_keywords(read_text(path, "TENANT_DEFINITION"), value_of))
    try:
        return Definition.model_validate(document or {})
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        text = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            text = "the local tenant does not know this key, and would silently differ from a real one"
        raise ConfigurationError(f"{path}: {where + ': ' if where else ''}{text}.") from None


@lru_cache(maxsize=2)
def _document(path: Path, text: str) -> Any:
    """Of a text that was read before, what it was then: tests open hundreds of tenants on the same file."""
    return parse_yaml(path, text)

"""The version of the help desk."""

import tomllib

from portal._environment import ROOT


def version() -> str:
    """As the project says it."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])

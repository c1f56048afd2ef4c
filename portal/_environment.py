"""Where things are, and the environment that parts are started with: the one place of the portal that reads it."""

import os
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The repository: modules are run from here."""


def state_directory() -> Path:
    """The local world's state, keys and secrets (`HELPDESK_VAR`)."""
    named = os.environ.get("HELPDESK_VAR")
    return Path(named).absolute() if named else ROOT / "var"


def home_directory() -> Path:
    """Where a person's sign-ins are kept (`HELPDESK_HOME`, or `helpdesk` below the XDG configuration directory)."""
    if named := os.environ.get("HELPDESK_HOME"):
        return Path(named).absolute()
    if configuration := os.environ.get("XDG_CONFIG_HOME"):
        return Path(configuration).absolute() / "helpdesk"
    return Path("~").expanduser() / ".config" / "helpdesk"


def child_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with a part's settings laid over it.

    A setting replaces both of its forms, `NAME` and `NAME_FILE`, so that what the shell happens to hold under
    one of them does not win over what the part was given under the other.
    """
    environment = dict(os.environ)
    for name in settings:
        base = name.removesuffix("_FILE")
        environment.pop(base, None)
        environment.pop(f"{base}_FILE", None)
    return environment | dict(settings)


def bare_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """A part's settings and nothing else of this process's environment but where programs are."""
    return {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | dict(settings)


def chosen(name: str, default: str) -> str:
    """What the person chose for a setting of the parts, if they did."""
    return os.environ.get(name) or default


def typed(words: str) -> str:
    """What to type to have the command do something, as this person calls it (`HELPDESK_COMMAND`, by the launcher)."""
    return f"{os.environ.get('HELPDESK_COMMAND') or 'helpdesk'} {words}"

"""The command line of a service: `python -m agents.NAME [--check-config]`, say."""

import argparse
import json
import sys
from importlib import import_module

from shared.a2a._serve import serve
from shared.errors import ConfigurationError
from shared.settings import ServiceSettings


def main(name: str, settings_class: type[ServiceSettings], app: str) -> None:
    """Runs an agent, or another service, or checks its settings and prints them, secrets masked.

    Args:
        name: Its name.
        settings_class: What it is told by the environment.
        app: The module whose `create_app(settings)` makes its app; imported once the agent listens.

    Raises:
        SystemExit: with status 1, after one line that names the setting and its remedy, if a setting is missing or
            unsafe.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {app.rpartition('.')[0]}", description=f"Serves {name}.")
    parser.add_argument("--check-config", action="store_true", help="print the settings, secrets masked, and exit")
    arguments = parser.parse_args()
    try:
        settings = settings_class.load()
    except ConfigurationError as error:
        sys.exit(f"{name}: {error.public_message}")
    if arguments.check_config:
        sys.stdout.write(json.dumps(settings.redacted(), indent=2, default=str) + "\n")
        return
    serve(lambda: import_module(app).create_app(settings), settings, name=name)

"""`python -m local.directory`: serves the stand-in on this machine."""

import argparse
import sys
from pathlib import Path

import uvicorn
from pydantic import Field

from local.directory._app import create_app
from local.directory._config import DEFAULT_CALLBACK, PEOPLE, DirectoryConfig
from shared.errors import ConfigurationError
from shared.settings import ServiceSettings, is_loopback
from shared.telemetry import LogFormat, configure_logging


class DirectorySettings(ServiceSettings):
    """The settings of the stand-in."""

    port: int = Field(8401, ge=0, le=65535, description="the port to listen on")
    log_format: LogFormat = "console"
    helpdesk_var: Path = Field(Path("var"), description="the folder of the local world's state")
    directory_people: Path = Field(PEOPLE, description="the file that a new database is filled from")
    directory_public_url: str | None = Field(
        None, description="where a browser reaches this: for links in mails, and as the issuer of tokens"
    )
    directory_callbacks: tuple[str, ...] = Field(
        (), description="a JSON list of the addresses where the tenant's token vault takes people back"
    )
    directory_hosts: tuple[str, ...] = Field((), description="names besides loopback ones that callers reach this by")


def main() -> int:
    """Reads the settings, refuses what is unsafe, serves."""
    parser = argparse.ArgumentParser(prog="python -m local.directory", description=__doc__)
    parser.add_argument("--reset", action="store_true", help="forget all changes: fill the database anew")
    parser.add_argument(
        "--inside-container", action="store_true", help="HOST may be other than loopback: the container is the wall"
    )
    arguments = parser.parse_args()
    try:
        settings = DirectorySettings.load()
        _verify(settings, inside_container=arguments.inside_container)
        folder = settings.helpdesk_var / "directory"
        if arguments.reset:
            forget(folder)
        app = create_app(
            DirectoryConfig(
                folder=folder,
                people=settings.directory_people,
                public_url=settings.directory_public_url or f"http://{settings.host}:{settings.port}",
                callbacks=settings.directory_callbacks or (DEFAULT_CALLBACK,),
                hosts=frozenset(name.lower() for name in settings.directory_hosts),
            )
        )
    except ConfigurationError as error:
        print(error.public_message, file=sys.stderr)  # noqa: T201 -- there are no logs yet
        return 1
    configure_logging(level=settings.log_level, log_format=settings.log_format, service="directory")
    uvicorn.run(app, host=settings.host, port=settings.port, log_config=None, access_log=False, server_header=False)
    return 0


def _verify(settings: DirectorySettings, *, inside_container: bool) -> None:
    if settings.helpdesk_env != "local":
        raise ConfigurationError(
            "HELPDESK_ENV is 'production': this is a stand-in for one machine. "
            "Point DIRECTORY_URL at the real directory, or set HELPDESK_ENV=local."
        )
    if not is_loopback(settings.host) and not inside_container:
        raise ConfigurationError(
            f"HOST is '{settings.host}', which other machines reach: set HOST=127.0.0.1 "
            "(in a container, start with --inside-container)."
        )


def forget(folder: Path) -> None:
    """Removes the accounts and keeps what people have granted, so that running agents can go on."""
    for path in folder.glob("directory.sqlite3*"):
        path.unlink()


if __name__ == "__main__":
    sys.exit(main())

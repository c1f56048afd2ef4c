"""`python -m local.directory`: serves the stand-in on this machine."""

import sys
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from local.directory._app import create_app
from local.directory._config import DEFAULT_CALLBACK, PEOPLE, DirectoryConfig
from local.stand_in import listen, start
from shared.settings import ServiceSettings
from shared.telemetry import LogFormat


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

    @model_validator(mode="after")
    def _verify(self) -> Self:
        if self.helpdesk_env != "local":
            raise ValueError(
                "HELPDESK_ENV is 'production': this is a stand-in for one machine. "
                "Point DIRECTORY_URL at the real directory, or set HELPDESK_ENV=local."
            )
        return self

    @property
    def folder(self) -> Path:
        """Where it keeps its state."""
        return self.helpdesk_var / "directory"


def serve(settings: DirectorySettings) -> int:
    """Serves the directory of `settings`."""
    app = create_app(
        DirectoryConfig(
            folder=settings.folder,
            people=settings.directory_people,
            public_url=settings.directory_public_url or f"http://{settings.host}:{settings.port}",
            callbacks=settings.directory_callbacks or (DEFAULT_CALLBACK,),
            hosts=frozenset(name.lower() for name in settings.directory_hosts),
        )
    )
    return listen(app, settings)


def forget(folder: Path) -> None:
    """Removes the accounts and keeps what people have granted, so that running agents can go on."""
    for path in folder.glob("directory.sqlite3*"):
        path.unlink()


if __name__ == "__main__":
    sys.exit(start("directory", DirectorySettings, serve, forget=lambda settings: forget(settings.folder)))

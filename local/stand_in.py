"""How a stand-in is started: with the same options each, on this machine alone, never in place of the real thing."""

import argparse
import json
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

import uvicorn
from starlette.types import ASGIApp

from shared.a2a import HTTP_PROTOCOL, KEEP_ALIVE_SECONDS
from shared.errors import ConfigurationError
from shared.settings import ServiceSettings, is_loopback
from shared.telemetry import configure_logging

CONTAINER_MARKERS: Final = (Path("/.dockerenv"), Path("/run/.containerenv"))
"""Files of which a container engine leaves at least one inside each container."""

S = TypeVar("S", bound=ServiceSettings)


def start(
    part: str,
    settings_type: type[S],
    serve: Callable[[S], int],
    *,
    arguments: Sequence[str] | None = None,
    forget: Callable[[S], None] | None = None,
) -> int:
    """Reads the options and the settings, refuses what is unsafe, serves.

    Args:
        part: The name of the stand-in's package below `local`, and of its logs.
        settings_type: Its settings; they refuse production themselves, since they know what is stood in for.
        serve: Serves until told to stop, and gives the exit code.
        arguments: In place of the command line's.
        forget: Removes what it keeps, where `--reset` asks for that.

    Returns:
        The exit code: 1 where the settings are wrong.
    """
    parser = argparse.ArgumentParser(prog=f"python -m local.{part}", description="Serves the stand-in.")
    parser.add_argument(
        "--inside-container",
        action="store_true",
        help="listen on any address, because the network is a container's own; refused outside of containers",
    )
    parser.add_argument("--check-config", action="store_true", help="print the effective settings and exit")
    if forget is not None:
        parser.add_argument("--reset", action="store_true", help="forget all that was kept, but for credentials")
    options = parser.parse_args(arguments)
    try:
        settings = settings_type.load()
        require_loopback(settings, inside_container=options.inside_container)
        if options.check_config:
            sys.stdout.write(json.dumps(settings.redacted(), indent=2, default=str) + "\n")
            return 0
        if forget is not None and options.reset:
            forget(settings)
        configure_logging(level=settings.log_level, log_format=settings.log_format, service=part)
        return serve(settings)
    except ConfigurationError as error:
        sys.stderr.write(f"{error.public_message}\n")
        return 1


def listen(app: ASGIApp, settings: ServiceSettings, *, at: socket.socket | None = None) -> int:
    """Serves an app until told to stop, with the limits to a request's head that agents have.

    Args:
        app: What answers; its lifespan is followed if it has one.
        settings: Where to listen.
        at: A socket that listens already, instead.

    Returns:
        The exit code.
    """
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=HTTP_PROTOCOL,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):
        server.run(sockets=[at] if at is not None else None)
    return 0 if server.started else 1


def require_loopback(
    settings: ServiceSettings, *, inside_container: bool, markers: Sequence[Path] = CONTAINER_MARKERS
) -> None:
    """Refuses to listen where other machines reach it.

    Args:
        settings: Their `host` is looked at.
        inside_container: Whether the caller claims that the network is a container's own.
        markers: Files of which each container has at least one.

    Raises:
        ConfigurationError: it would be reached, or there is no container.
    """
    if inside_container and not any(marker.exists() for marker in markers):
        raise ConfigurationError(
            "--inside-container is only for containers, and this is none: leave it out to listen on loopback."
        )
    if not inside_container and not is_loopback(settings.host):
        raise ConfigurationError(
            f"HOST is '{settings.host}', which other machines reach: a stand-in listens on loopback only; "
            "set HOST=127.0.0.1."
        )

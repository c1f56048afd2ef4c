"""Serves the local tenant: `python -m local.tenant`."""

import argparse
import json
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from local.tenant.app import create_app
from local.tenant.settings import TenantSettings, require_loopback
from shared.errors import ConfigurationError
from shared.telemetry import configure_logging, get_logger

CONTAINER_MARKERS = (Path("/.dockerenv"), Path("/run/.containerenv"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Reads the settings, opens the tenant and serves it until told to stop.

    Returns:
        The exit code: 1 where the settings are wrong.
    """
    parser = argparse.ArgumentParser(prog="python -m local.tenant", description=__doc__)
    parser.add_argument(
        "--inside-container",
        action="store_true",
        help="listen on any address, because the network is a container's own; refused outside of containers",
    )
    parser.add_argument("--check-config", action="store_true", help="print the effective settings and exit")
    options = parser.parse_args(arguments)
    try:
        settings = TenantSettings.load()
        if problem := require_loopback(settings, inside_container=options.inside_container, markers=CONTAINER_MARKERS):
            raise ConfigurationError(problem)  # noqa: TRY301 -- one place that prints
        if options.check_config:
            sys.stdout.write(json.dumps(settings.redacted(), indent=2, default=str) + "\n")
            return 0
        configure_logging(level=settings.log_level, log_format=settings.log_format, service="tenant")
        return serve(settings)
    except ConfigurationError as error:
        sys.stderr.write(f"{error.public_message}\n")
        return 1


def serve(settings: TenantSettings) -> int:
    """Serves the tenant of `settings`.

    Raises:
        ConfigurationError: if the tenant cannot be opened, or the port is taken.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio sets TCP_NODELAY only then
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        address = f"{settings.host}:{settings.port}"
        raise ConfigurationError(f"PORT: {address} cannot be listened on ({error.strerror}): set another.") from error
    with listener:
        settings = settings.model_copy(update={"port": listener.getsockname()[1]})  # PORT=0 takes a free one
        app = create_app(settings)
        listener.listen()  # from here on, whoever connects is served
        try:
            get_logger().info(
                "tenant_ready",
                issuer=settings.issuer,
                sign_in_passwords=str(settings.folder / "users.json"),
                note="a local stand-in for Auth0, for development only",
            )
            config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False)
            uvicorn.Server(config).run(sockets=[listener])
        finally:
            app.state.tenant.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

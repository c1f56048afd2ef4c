"""Serves the local tenant: `python -m local.tenant`."""

import socket
import sys

from local.stand_in import listen, start
from local.tenant.app import create_app
from local.tenant.settings import TenantSettings
from shared.errors import ConfigurationError
from shared.telemetry import get_logger


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
            return listen(app, settings, at=listener)
        finally:
            app.state.tenant.close()


if __name__ == "__main__":
    sys.exit(start("tenant", TenantSettings, serve))

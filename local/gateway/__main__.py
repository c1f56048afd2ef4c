"""`python -m local.gateway`: serves the stand-in gateway on this machine."""

import sys

from local.gateway.app import create_app
from local.gateway.settings import GatewaySettings
from local.stand_in import listen, start
from shared.telemetry import configure_telemetry, get_logger


def serve(settings: GatewaySettings) -> int:
    """Serves the gateway of `settings`.

    Raises:
        ConfigurationError: the index cannot be built.
    """
    telemetry = configure_telemetry(settings, service="gateway")
    app = create_app(settings)
    get_logger().info(
        "gateway_ready",
        url=settings.url,
        note="a local stand-in for Amazon Bedrock AgentCore Gateway, for development only",
    )
    try:
        return listen(app, settings)
    finally:
        telemetry.close()


if __name__ == "__main__":
    sys.exit(start("gateway", GatewaySettings, serve))

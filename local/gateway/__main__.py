"""`python -m local.gateway`: serves the stand-in gateway on this machine."""

import argparse
import json
import sys
from collections.abc import Sequence

import uvicorn

from local.gateway.app import create_app
from local.gateway.settings import GatewaySettings, require_loopback
from shared.errors import ConfigurationError
from shared.telemetry import configure_logging, configure_telemetry, get_logger


def main(arguments: Sequence[str] | None = None) -> int:
    """Reads the settings, refuses what is unsafe, serves.

    Returns:
        The exit code: 1 where the settings are wrong.
    """
    parser = argparse.ArgumentParser(prog="python -m local.gateway", description=__doc__)
    parser.add_argument(
        "--inside-container", action="store_true", help="HOST may be other than loopback: the container is the wall"
    )
    parser.add_argument("--check-config", action="store_true", help="print the effective settings and exit")
    options = parser.parse_args(arguments)
    try:
        settings = GatewaySettings.load()
        if problem := require_loopback(settings, inside_container=options.inside_container):
            raise ConfigurationError(problem)  # noqa: TRY301 -- one place that prints
        if options.check_config:
            sys.stdout.write(json.dumps(settings.redacted(), indent=2, default=str) + "\n")
            return 0
        configure_logging(level=settings.log_level, log_format=settings.log_format, service="gateway")
        telemetry = configure_telemetry(settings, service="gateway")
        app = create_app(settings)
    except ConfigurationError as error:
        sys.stderr.write(f"{error.public_message}\n")
        return 1
    get_logger().info(
        "gateway_ready",
        url=settings.url,
        note="a local stand-in for Amazon Bedrock AgentCore Gateway, for development only",
    )
    uvicorn.run(app, host=settings.host, port=settings.port, log_config=None, access_log=False, server_header=False)
    telemetry.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

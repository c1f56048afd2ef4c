"""An OTLP receiver that takes everything and keeps nothing: `python -m benchmarks.servers.receiver PORT`."""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def take(request: Request) -> Response:
    """Reads the body to its end."""
    await request.body()
    return Response(media_type="application/x-protobuf")


def main() -> None:
    """Serves until it is stopped."""
    app = Starlette(routes=[Route("/", take), Route("/v1/{signal}", take, methods=["POST"])])
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")


if __name__ == "__main__":
    main()

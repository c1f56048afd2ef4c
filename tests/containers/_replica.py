"""A supervisor as the door sees one: `/ping`, headers, streams, and a request that takes as long as one likes.

It runs in the image `helpdesk/local`, which has all that it needs, by its own name among those that the door finds.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route

NAME = sys.argv[1]
GO_ON = asyncio.Event()


async def ping(_: Request) -> JSONResponse:
    """Healthy."""
    return JSONResponse({"status": "Healthy"})


async def echo(request: Request) -> JSONResponse:
    """Who answers, and how many bytes its headers have."""
    length = sum(len(name) + len(value) for name, value in request.headers.raw)
    return JSONResponse({"name": NAME, "header_bytes": length, "host": request.headers["host"]})


async def hold(request: Request) -> JSONResponse:
    """Answers if this is the one that is named as the one to answer; the other never does."""
    if request.query_params["answers"] != NAME:
        sys.stdout.write(json.dumps({"event": "held"}) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()
    return JSONResponse({"name": NAME})


async def stream(_: Request) -> StreamingResponse:
    """One event at once, and one when it is told to go on."""

    async def events() -> AsyncIterator[str]:
        yield f"data: {NAME}\n\n"
        await GO_ON.wait()
        yield "data: the end\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


async def go_on(_: Request) -> PlainTextResponse:
    """Has the streams go on."""
    GO_ON.set()
    return PlainTextResponse("")


app = Starlette(
    routes=[
        Route("/ping", ping),
        Route("/echo", echo),
        Route("/hold", hold, methods=["POST"]),
        Route("/stream", stream),
        Route("/go-on", go_on, methods=["POST"]),
    ]
)

if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=9000, log_level="warning", http="httptools")  # noqa: S104 -- inside a container

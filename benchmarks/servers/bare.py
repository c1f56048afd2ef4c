"""An echo server as a2a-sdk comes: no authentication; tasks in memory, or in the SDK's own SQL store.

python -m benchmarks.servers.bare PORT [DATABASE-FILE]
"""

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes
from a2a.server.tasks import DatabaseTaskStore, InMemoryTaskStore, TaskStore
from starlette.applications import Starlette

from benchmarks.servers.echo import Echo, plain_card


def create_store(database: Path | None) -> TaskStore:
    """The SDK's store in memory, or its SQL store on SQLite through aiosqlite, both as they come."""
    if database is None:
        return InMemoryTaskStore()
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415 -- installed for this server alone

    return DatabaseTaskStore(create_async_engine(f"sqlite+aiosqlite:///{database}"))


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncGenerator[None, None]:
    """Makes the SQL store's tables before there are several who would."""
    if isinstance(app.state.store, DatabaseTaskStore):
        await app.state.store.initialize()
    yield


def main() -> None:
    """Serves until it is stopped."""
    port = int(sys.argv[1])
    card = plain_card(f"http://127.0.0.1:{port}/")
    store = create_store(Path(sys.argv[2]) if len(sys.argv) > 2 else None)
    handler = DefaultRequestHandler(agent_executor=Echo(), task_store=store, agent_card=card)
    routes = [*create_agent_card_routes(card), *create_jsonrpc_routes(handler, "/")]
    app = Starlette(routes=routes, lifespan=lifespan)
    app.state.store = store
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()

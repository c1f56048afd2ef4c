"""The application: OpenFGA's HTTP API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.fga import _administration, _queries
from local.fga._call import Endpoint, entered
from local.fga._config import FgaConfig
from local.fga._database import Database
from local.fga._stores import Stores
from local.host_check import HostCheck


def create_app(config: FgaConfig) -> Starlette:
    """Makes the server.

    Args:
        config: Where it keeps its state, and who may call.
    """
    database = Database(config.folder)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        database.close()

    app = Starlette(
        routes=_routes(),
        exception_handlers={HTTPException: _http_error, Exception: _unexpected},
        lifespan=lifespan,
    )
    app.state.config = config
    app.state.stores = Stores(database, config.clock)
    app.add_middleware(HostCheck, allowed=config.hosts, name="FGA server")
    return app


def _routes() -> list[Route]:
    def route(method: str, path: str, name: str, endpoint: Endpoint, *, status: int = 200) -> Route:
        return Route(path, entered(name, endpoint, status=status), methods=[method])

    store, model = "/stores/{store_id}", "/stores/{store_id}/authorization-models"
    assertions = "/stores/{store_id}/assertions/{id}"
    return [
        Route("/healthz", _healthz),
        route("GET", "/stores", "ListStoresRequest", _administration.list_stores),
        route("POST", "/stores", "CreateStoreRequest", _administration.create_store, status=201),
        route("GET", store, "GetStoreRequest", _administration.get_store),
        route("DELETE", store, "DeleteStoreRequest", _administration.delete_store),
        route("GET", model, "ReadAuthorizationModelsRequest", _administration.list_models),
        route("POST", model, "WriteAuthorizationModelRequest", _administration.write_model, status=201),
        route("GET", f"{model}/{{id}}", "ReadAuthorizationModelRequest", _administration.read_model),
        route("POST", f"{store}/write", "WriteRequest", _administration.write),
        route("POST", f"{store}/read", "ReadRequest", _administration.read),
        route("GET", f"{store}/changes", "ReadChangesRequest", _administration.read_changes),
        route("GET", assertions, "ReadAssertionsRequest", _administration.read_assertions),
        route("PUT", assertions, "WriteAssertionsRequest", _administration.write_assertions),
        route("POST", f"{store}/check", "CheckRequest", _queries.check),
        route("POST", f"{store}/batch-check", "BatchCheckRequest", _queries.batch_check),
        route("POST", f"{store}/expand", "ExpandRequest", _queries.expand),
        route("POST", f"{store}/list-objects", "ListObjectsRequest", _queries.list_objects),
        route("POST", f"{store}/streamed-list-objects", "StreamedListObjectsRequest", _queries.streamed_list_objects),
        route("POST", f"{store}/list-users", "ListUsersRequest", _queries.list_users),
    ]


async def _healthz(_: Request) -> Response:
    return JSONResponse({"status": "SERVING", "stand_in": "the embedded OpenFGA server, for one machine"})


async def _http_error(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 405:  # noqa: PLR2004 -- OpenFGA answers it as it does an unknown path
        return JSONResponse({"code": "unimplemented", "message": "Method Not Allowed"}, 404)
    if status == 404:  # noqa: PLR2004
        return JSONResponse({"code": "undefined_endpoint", "message": "Not Found"}, 404)
    return await _unexpected(_, error)


async def _unexpected(_: Request, __: Exception) -> Response:
    return JSONResponse({"code": "internal_error", "message": "Internal Server Error"}, 500)

"""The application: the API in Okta's wire format, and the pages of the stand-in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local._vault_clients import FOLDER as VAULT_FOLDER
from local.directory import _factors, _lifecycle, _log, _oauth_endpoints, _pages, _resources, _users
from local.directory._accounts import passkeys
from local.directory._config import DirectoryConfig
from local.directory._database import Database
from local.directory._errors import OktaError
from local.directory._people import load_people
from local.directory._recovery import PURPOSES
from local.directory._seed import seed
from local.directory._services import ServiceTokens
from local.directory._state import Directory, Endpoint, RateLimiter, login_of, may_be_used, protected
from local.directory.oauth import AuthorizationServer, SigningKey, Store, load_clients
from local.host_check import HostCheck

_USERS_READ = "okta.users.read"


def create_app(config: DirectoryConfig) -> Starlette:
    """Makes the directory; at first run its database is filled from the people file.

    Args:
        config: Where it keeps its state, and how it behaves.

    Raises:
        ConfigurationError: when the people file cannot be used.
    """
    database = Database(config.folder)
    try:
        if not database.is_seeded:
            seed(database, load_people(config.people), config.clock())
    except BaseException:
        database.close()
        raise
    oauth = _authorization_server(config, database)
    directory = Directory(
        config, database, oauth, ServiceTokens(config.folder / "tokens"), RateLimiter(config.rate_limit)
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        oauth.store.close()
        database.close()

    app = Starlette(
        routes=_routes(),
        exception_handlers={HTTPException: _http_error, Exception: _unexpected},
        lifespan=lifespan,
    )
    app.state.directory = directory
    app.add_middleware(HostCheck, allowed=config.hosts, name="directory")
    return app


def _authorization_server(config: DirectoryConfig, database: Database) -> AuthorizationServer:
    return AuthorizationServer(
        config.issuer,
        SigningKey(config.folder / "signing-key.pem"),
        Store(config.folder),
        load_clients(config.folder.parent / VAULT_FOLDER, config.scopes),
        callbacks=config.callbacks,
        login_of=lambda user_id: login_of(database, user_id),
        may_be_used=lambda user_id: may_be_used(database, user_id),
        secrets=passkeys(config.folder / "users.json", database),
        clock=lambda: config.clock().timestamp(),
    )


def _routes() -> list[Route]:
    def get(path: str, scope: str, endpoint: Endpoint) -> Route:
        return Route(f"/api/v1{path}", protected(scope, endpoint), methods=["GET"])

    return [
        get("/users", _USERS_READ, _users.list_users),
        get("/users/{user}", _USERS_READ, _users.get_user),
        get("/users/{user}/groups", _USERS_READ, _resources.list_user_groups),
        get("/users/{user}/factors", _USERS_READ, _factors.list_factors),
        get("/users/{user}/factors/{factor}", _USERS_READ, _factors.get_factor),
        Route(
            "/api/v1/users/{user}/factors/{factor}",
            protected("okta.users.manage", _factors.unenroll_factor),
            methods=["DELETE"],
        ),
        get("/users/{user}/devices", _USERS_READ, _resources.list_user_devices),
        get("/users/{user}/appLinks", _USERS_READ, _resources.list_app_links),
        get("/groups", "okta.groups.read", _resources.list_groups),
        get("/groups/{group}", "okta.groups.read", _resources.get_group),
        get("/groups/{group}/users", "okta.groups.read", _resources.list_group_users),
        get("/devices", "okta.devices.read", _resources.list_devices),
        get("/devices/{device}", "okta.devices.read", _resources.get_device),
        get("/policies", "okta.policies.read", _resources.list_policies),
        get("/logs", "okta.logs.read", _log.list_log_events),
        *(
            Route(
                f"/api/v1/users/{{user}}/lifecycle/{name}", protected("okta.users.manage", operation), methods=["POST"]
            )
            for name, operation in _lifecycle.OPERATIONS.items()
        ),
        *_oauth_endpoints.routes(),
        Route("/", _pages.index),
        Route("/healthz", _pages.healthz),
        Route("/outbox", _pages.outbox),
        *(Route(f"/{name}/{{token}}", _pages.recovery_form, methods=["GET"]) for name in PURPOSES),
        *(Route(f"/{name}/{{token}}", _pages.recovery_submit, methods=["POST"]) for name in PURPOSES),
    ]


async def _http_error(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return OktaError({404: "E0000008", 405: "E0000022"}.get(status, "E0000009")).response()


async def _unexpected(_: Request, __: Exception) -> Response:
    return OktaError("E0000009").response()

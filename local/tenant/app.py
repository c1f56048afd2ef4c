"""The application: endpoints over a tenant."""

import time
from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from local.tenant._clients import KeySource, new_private_key
from local.tenant._clock import Clock
from local.tenant._endpoint import handle_management_refusal, handle_refusal
from local.tenant._errors import ManagementRefusal, Refusal
from local.tenant._tenant import open_tenant
from local.tenant.endpoints import authorize, discovery, login, token
from local.tenant.settings import TenantSettings

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")
STATIC = Path(__file__).parent / "static"


def create_app(
    settings: TenantSettings, *, clock: Clock = time.time, make_client_key: KeySource = new_private_key
) -> Starlette:
    """Opens the tenant of `settings` and serves it.

    Args:
        settings: Where the tenant is defined and kept.
        clock: Tells the time, in seconds since the epoch.
        make_client_key: Makes the RSA keys of clients on the first run.

    Returns:
        An ASGI application. `app.state.tenant.close()` closes its database.

    Raises:
        ConfigurationError: with one line that names what is wrong and its remedy.
    """
    tenant = open_tenant(settings, clock, make_client_key)
    hosts = [*LOOPBACK_HOSTS, urlsplit(settings.issuer).hostname or "", *settings.tenant_allowed_hosts]
    app = Starlette(
        routes=[
            Route("/.well-known/openid-configuration", discovery.configuration),
            Route("/.well-known/oauth-authorization-server", discovery.configuration),
            Route("/.well-known/jwks.json", discovery.jwks),
            Route("/authorize", authorize.authorize),
            Route("/authorize/resume", authorize.resume),
            Route("/u/login", login.login_page),
            Route("/u/login", login.login, methods=["POST"]),
            Route("/u/consent", login.consent_page),
            Route("/u/consent", login.consent, methods=["POST"]),
            Route("/oauth/token", token.token, methods=["POST"]),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts)],
        exception_handlers={Refusal: handle_refusal, ManagementRefusal: handle_management_refusal},
    )
    app.state.tenant = tenant
    return app

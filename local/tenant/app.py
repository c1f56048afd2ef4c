"""The application: endpoints over a tenant."""

import time
from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from local.tenant._clients import KeySource, new_private_key
from local.tenant._clock import Clock
from local.tenant._endpoint import handle_refusal
from local.tenant._errors import AccountRefusal, Refusal
from local.tenant._rate_limit import RateLimitMiddleware
from local.tenant._tenant import open_tenant
from local.tenant.endpoints import (
    activate,
    authorize,
    backchannel,
    connect,
    device,
    discovery,
    guardian,
    login,
    logout,
    my_account,
    phone,
    revoke,
    token,
    userinfo,
)
from local.tenant.management import management_routes
from local.tenant.settings import TenantSettings

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")
STATIC = Path(__file__).parent / "static"


def create_app(
    settings: TenantSettings, *, clock: Clock = time.time, make_key: KeySource = new_private_key
) -> Starlette:
    """Opens the tenant of `settings` and serves it.

    Args:
        settings: Where the tenant is defined and kept.
        clock: Tells the time, in seconds since the epoch.
        make_key: Makes the RSA keys of clients and of the tenant.

    Returns:
        An ASGI application. `app.state.tenant.close()` closes its database.

    Raises:
        ConfigurationError: with one line that names what is wrong and its remedy.
    """
    tenant = open_tenant(settings, clock, make_key)
    # A page of another site that has had its name resolve to this machine is not answered (DNS rebinding).
    hosts = [*LOOPBACK_HOSTS, urlsplit(settings.issuer).hostname or "", *settings.tenant_allowed_hosts]
    app = Starlette(
        routes=[*_discovery(), *_authentication(), *_pages(), *_my_account(), *management_routes()],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False),
            Middleware(RateLimitMiddleware, tenant=tenant),
        ],
        exception_handlers={
            Refusal: handle_refusal,
            AccountRefusal: my_account.handle_account_refusal,
        },
    )
    app.state.tenant = tenant
    return app


def _discovery() -> list[BaseRoute]:
    return [
        Route("/.well-known/openid-configuration", discovery.configuration),
        Route("/.well-known/oauth-authorization-server", discovery.configuration),
        Route("/.well-known/jwks.json", discovery.jwks),
    ]


def _authentication() -> list[BaseRoute]:
    return [
        Route("/authorize", authorize.authorize),
        Route("/authorize/resume", authorize.resume),
        Route("/oauth/token", token.token, methods=["POST"]),
        Route("/bc-authorize", backchannel.bc_authorize, methods=["POST"]),
        Route("/rich-consents/{consent_id}", guardian.rich_consent),
        Route("/appliance-mfa/api/enroll", guardian.enroll, methods=["POST"]),
        Route("/appliance-mfa/api/resolve-transaction", guardian.resolve_transaction, methods=["POST"]),
        Route("/local/pushes", guardian.pushes),
        Route("/oauth/device/code", device.device_code, methods=["POST"]),
        Route("/oauth/revoke", revoke.revoke, methods=["POST"]),
        Route("/userinfo", userinfo.userinfo, methods=["GET", "POST"]),
        Route("/oidc/logout", logout.oidc_logout, methods=["GET", "POST"]),
        Route("/v2/logout", logout.v2_logout),
    ]


def _pages() -> list[BaseRoute]:
    return [
        Route("/u/login", login.login_page),
        Route("/u/login", login.login, methods=["POST"]),
        Route("/u/consent", login.consent_page),
        Route("/u/consent", login.consent, methods=["POST"]),
        Route("/activate", activate.activate_page),
        Route("/activate", activate.activate, methods=["POST"]),
        Route("/activate/confirm", activate.decide, methods=["POST"]),
        Route("/activate/resume", activate.resume),
        Route("/phone", phone.phone),
        Route("/phone", phone.answer, methods=["POST"]),
        Route("/oidc/logout/confirm", logout.confirm_logout, methods=["POST"]),
        Route("/avatars/{initials}.svg", userinfo.avatar),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]


def _my_account() -> list[BaseRoute]:
    base = "/me/v1/connected-accounts"
    return [
        Route(f"{base}/connect", my_account.connect, methods=["POST"]),
        Route(f"{base}/complete", my_account.complete, methods=["POST"]),
        Route(f"{base}/accounts", my_account.list_accounts),
        Route(f"{base}/accounts/{{account_id}}", my_account.delete_account, methods=["DELETE"]),
        Route(f"{base}/connections", my_account.list_connections),
        Route("/connected-accounts/connect", connect.connect_page),
        Route("/login/callback", connect.callback),
    ]

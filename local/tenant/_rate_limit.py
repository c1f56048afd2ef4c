"""The rate limit in front of the Authentication API, as pure ASGI."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.tenant._endpoint import refusal_response
from local.tenant._errors import Refusal
from local.tenant._tenant import Tenant

AUTHENTICATION_API = ("/authorize", "/oauth/", "/userinfo", "/u/", "/activate", "/oidc/", "/v2/")


class RateLimitMiddleware:
    """Counts requests to the Authentication API; discovery and keys are free."""

    def __init__(self, app: ASGIApp, tenant: Tenant) -> None:
        self._app = app
        self._tenant = tenant

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(AUTHENTICATION_API):
            await self._app(scope, receive, send)
            return
        try:
            headers = self._tenant.rate_limit.take()
        except Refusal as refusal:
            self._tenant.log.write("api_limit", details={"path": scope["path"]})
            await refusal_response(refusal)(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        await self._app(scope, receive, send_with_headers)

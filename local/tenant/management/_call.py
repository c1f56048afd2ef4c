"""One call of the Management API: who asks, by which scope, with which body; and how it is answered."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from local.tenant._endpoint import json_response, tenant_of
from local.tenant._errors import ManagementRefusal, Refusal
from local.tenant._parameters import MAX_BODY_BYTES, bearer_token
from local.tenant._tenant import Tenant
from local.tenant._tokens import TokenRejected, audiences
from local.tenant.resources import Kind, Resource
from shared.errors import ConfigurationError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """A call that may be answered.

    Attributes:
        request: The request.
        tenant: The tenant as it is when the call comes.
        scopes: What the token is good for.
        body: The JSON value that came with it, if one did.
    """

    request: Request
    tenant: Tenant
    scopes: frozenset[str]
    body: Any = None

    @property
    def query(self) -> Mapping[str, str]:
        """The parameters of the query."""
        return self.request.query_params

    def parameter(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def found(self, kind: Kind, what: str, error_code: str) -> Resource:
        """The resource that the path names.

        Raises:
            ManagementRefusal: 404, if there is none.
        """
        resource = self.tenant.resources.get(kind, self.parameter("id"))
        if resource is None:
            raise ManagementRefusal(404, "Not Found", f"The {what} does not exist.", error_code)
        return resource

    def members(self, known: Collection[str], *, required: Collection[str] = ()) -> dict[str, Any]:
        """The body as an object that has no member that Auth0 does not know.

        Raises:
            ManagementRefusal: 400.
        """
        if not isinstance(self.body, dict):
            raise bad_body("Expected type object")
        if beyond := sorted(self.body.keys() - set(known)):
            raise bad_body(f"Additional properties not allowed: {', '.join(beyond)}")
        for name in required:
            if self.body.get(name) is None:
                raise bad_body(f"Missing required property: {name}")
        return dict(self.body)

    def require(self, scope: str) -> None:
        """Asks for a scope that only some calls of an operation need.

        Raises:
            ManagementRefusal: 403.
        """
        _require_scopes((scope,), self.scopes)

    def change(self, said: str, write: Callable[[], T]) -> T:
        """Writes resources, has the tenant be what they are then, and logs that it was done; all or nothing.

        Raises:
            ManagementRefusal: 400, if the tenant cannot be that.
        """
        with self.tenant.database.transaction():
            result = write()
            try:
                changed = self.tenant.changed()
            except ValidationError as error:
                raise bad_body(_why(error)) from None
            except ConfigurationError as error:
                raise bad_body(error.public_message) from None
            self.tenant.log.write("sapi", description=said)
        self.request.app.state.tenant = changed
        return result


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of the Management API.

    Attributes:
        method: HTTP method.
        path: Below `/api/v2/`.
        act: What it does.
        scopes: Which a token needs, all of them.
        query: Which parameters it knows.
    """

    method: str
    path: str
    act: Callable[[Call], Response]
    scopes: tuple[str, ...]
    query: tuple[str, ...] = ()

    async def __call__(self, request: Request) -> Response:
        """Answers a request."""
        headers: Mapping[str, str] = {}
        try:
            headers = tenant_of(request).management_limit.take()
            response = self.act(await self._call(request))
        except Refusal as refusal:  # the limit's
            message = "Global limit has been reached"
            body = {"statusCode": 429, "error": "Too Many Requests", "message": message, "errorCode": refusal.error}
            return json_response(body, refusal.status, refusal.headers)
        except ManagementRefusal as refusal:
            return json_response(refusal.body, refusal.status, headers)
        response.headers.update(headers)
        return response

    async def _call(self, request: Request) -> Call:
        scopes = _authorized(request)
        _require_scopes(self.scopes, scopes)
        if beyond := sorted(request.query_params.keys() - set(self.query)):
            raise bad_query(f"Additional properties not allowed: {', '.join(beyond)}")
        body = None
        if request.method in {"POST", "PATCH", "PUT"} or request.headers.get("content-length", "0") != "0":
            body = await _json(request)
        return Call(request, tenant_of(request), scopes, body)  # another call may have changed it meanwhile


def bad_body(text: str) -> ManagementRefusal:
    """400: the body is not what it should be."""
    return ManagementRefusal(400, "Bad Request", f"Payload validation error: '{text}'.", "invalid_body")


def bad_query(text: str) -> ManagementRefusal:
    """400: the query is not what it should be."""
    return ManagementRefusal(400, "Bad Request", f"Query validation error: '{text}'.", "invalid_query_string")


def _authorized(request: Request) -> frozenset[str]:
    tenant, token = tenant_of(request), bearer_token(request)
    if token is None:
        raise ManagementRefusal(401, "Unauthorized", "Missing authentication")
    try:
        claims = tenant.tokens.verify(token)
    except TokenRejected as error:
        raise ManagementRefusal(401, "Unauthorized", "Invalid token") from error
    if tenant.tokens.management_audience not in audiences(claims):
        raise ManagementRefusal(401, "Unauthorized", "Bad audience: the token is not for the Management API")
    return frozenset(str(claims.get("scope", "")).split())


def _require_scopes(needed: Collection[str], held: frozenset[str]) -> None:
    if not held.issuperset(needed):
        message = f"Insufficient scope, expected all of: {', '.join(needed)}"
        raise ManagementRefusal(403, "Forbidden", message, "insufficient_scope")


async def _json(request: Request) -> Any:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise ManagementRefusal(413, "Request Entity Too Large", "Payload content length greater than allowed")
    if not body:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ManagementRefusal(400, "Bad Request", "Invalid request payload JSON format") from error


def _why(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in problem["loc"])
    text = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        text = "the local tenant does not do this"
    return f"{text} on property {where}" if where else text

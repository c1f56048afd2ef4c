"""How each endpoint is entered: the caller let in, the body read, errors in OpenFGA's form."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.fga._config import FgaConfig
from local.fga._errors import FgaError, validation_error
from local.fga._messages import ID
from local.fga._model import Model
from local.fga._stores import Stores
from local.fga._wire import Message, Rule, code_of, read

MAX_BODY_BYTES = 512 * 1204
"""The longest body that is read: OpenFGA's limit for a message."""


@dataclass(slots=True)
class Call:
    """One call that was let in.

    Attributes:
        name: The protocol's name of the request, for what is wrong with it.
        headers: What goes out with the answer.
    """

    request: Request
    stores: Stores
    name: str
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> FgaConfig:
        """What the server was started with."""
        config: FgaConfig = self.request.app.state.config
        return config

    @property
    def store(self) -> str:
        """The id of the store in the path.

        Raises:
            FgaError: where it is none.
        """
        return self.identifier("store_id", "StoreId")

    def identifier(self, parameter: str, shown: str) -> str:
        """An id in the path.

        Raises:
            FgaError: where it is none.
        """
        value: str = self.request.path_params[parameter]
        self.hold(shown, value, ID)
        return value

    def query(self, parameter: str, shown: str, *rules: Rule) -> str:
        """A parameter of the query, empty where it is not there.

        Raises:
            FgaError: where it breaks a rule.
        """
        value = self.request.query_params.get(parameter, "")
        for rule in rules:
            self.hold(shown, value, rule)
        return value

    def page_size(self, *rules: Rule) -> int | None:
        """How long a page the query asks for.

        Raises:
            FgaError: where it is no number, or breaks a rule.
        """
        text = self.request.query_params.get("page_size")
        if text is None:
            return None
        if not text.removeprefix("-").isdecimal() or not text.isascii() or len(text) > 10:  # noqa: PLR2004 -- of int32
            raise validation_error(f'parsing field "page_size": strconv.ParseInt: parsing "{text}": invalid syntax')
        for rule in rules:
            self.hold("PageSize", int(text), rule)
        return int(text)

    def hold(self, shown: str, value: Any, rule: Rule) -> None:
        """Holds a value to a rule.

        Raises:
            FgaError: where it breaks it.
        """
        if (reason := rule(value)) is not None:
            raise FgaError(code_of(shown, reason), f"invalid {self.name}.{shown}: {reason}")

    async def body(self, message: Message) -> dict[str, Any]:
        """The body.

        Raises:
            FgaError: where it is not of the form.
        """
        raw = await self.request.body()
        if len(raw) > MAX_BODY_BYTES:
            raise FgaError("resource_exhausted", "the message is too large", status=500)
        try:
            parsed = json.loads(raw) if raw.strip() else {}
        except (ValueError, RecursionError) as error:
            raise validation_error("malformed JSON") from error
        store = self.request.path_params.get("store_id")
        if store is not None:
            self.hold("StoreId", store, ID)
        return read(message, parsed)

    def model(self, identifier: str) -> Model:
        """The model that the question is asked of; its id goes out with the answer.

        Raises:
            FgaError: where there is none.
        """
        model = self.stores.model(self.store, identifier)
        self.headers["openfga-authorization-model-id"] = model.id
        return model


Endpoint = Callable[[Call], Awaitable[Mapping[str, Any] | Response]]


def entered(name: str, endpoint: Endpoint, *, status: int = 200) -> Callable[[Request], Awaitable[Response]]:
    """Makes an endpoint of the API.

    Args:
        name: The protocol's name of its request.
        endpoint: What answers; its `FgaError`s become OpenFGA's error bodies.
        status: The status of its answers.
    """

    async def enter(request: Request) -> Response:
        call = Call(request, request.app.state.stores, name)
        try:
            answer = await _answer(call, endpoint)
        except FgaError as error:
            response: Response = error.response()
        else:
            response = answer if isinstance(answer, Response) else _Json(answer, status)
        if "store_id" in request.path_params:
            response.headers["openfga-store-id"] = request.path_params["store_id"]
        response.headers["x-request-id"] = str(uuid.uuid4())
        response.headers.update(call.headers)
        return response

    return enter


async def _answer(call: Call, endpoint: Endpoint) -> Mapping[str, Any] | Response:
    faults = call.config.faults
    if faults.delay:
        await asyncio.sleep(faults.delay)
    if faults.away:
        return JSONResponse({"code": "unavailable", "message": "unavailable"}, 503)
    await call.config.access(call.request.headers.getlist("authorization"))
    if faults.body is not None:
        return Response(faults.body, media_type="application/json")
    return await endpoint(call)


class _Json(JSONResponse):
    """JSON as this server writes it: UTF-8, without spaces."""

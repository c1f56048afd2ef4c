"""Parameters of a request: a form or a JSON object, each name once."""

import base64
import json
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, unquote_plus

from starlette.requests import Request

from local.tenant._errors import Refusal, missing_parameter

MAX_BODY_BYTES = 64 * 1024
MAX_FIELDS = 64


class Parameters:
    """The parameters of a request; an empty value counts as absent (RFC 6749 §3.1)."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = {name: value for name, value in values.items() if value != ""}

    def get(self, name: str) -> str | None:
        """The value, if it is there."""
        return self._values.get(name)

    def require(self, name: str) -> str:
        """The value.

        Raises:
            Refusal: if it is not there.
        """
        value = self._values.get(name)
        if value is None:
            raise missing_parameter(name)
        return value

    def scopes(self) -> tuple[str, ...] | None:
        """The requested scopes, each once, in order; None where `scope` is absent or blank."""
        return tuple(dict.fromkeys((self.get("scope") or "").split())) or None


def _single(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in pairs:
        if name in values:
            raise Refusal(400, "invalid_request", f"Parameter {name} is repeated")
        values[name] = value
    return values


def query_parameters(request: Request) -> Parameters:
    """The parameters of the query.

    Raises:
        Refusal: if one is repeated.
    """
    return Parameters(_single(request.query_params.multi_items()))


async def read_parameters(request: Request) -> Parameters:
    """The parameters of a body.

    Raises:
        Refusal: if it is too long, of another type, or not well formed.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise Refusal(413, "invalid_request", "Request body is too large")
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        text = body.decode("utf-8")
        if media_type == "application/json":
            return Parameters(_from_json(text))
        if media_type == "application/x-www-form-urlencoded" or not text:
            pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
            return Parameters(_single(pairs))
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise Refusal(400, "invalid_request", "Request body cannot be parsed") from error
    raise Refusal(400, "invalid_request", "Content-Type must be application/x-www-form-urlencoded or application/json")


def _from_json(text: str) -> dict[str, str]:
    document = json.loads(text, object_pairs_hook=lambda pairs: pairs)
    if not isinstance(document, list) or not all(isinstance(pair, tuple) for pair in document):
        raise ValueError("not an object")
    values = _single(document)
    if not all(isinstance(value, str) for value in values.values()):
        raise ValueError("not text")
    "".join(values.values()).encode()  # half a surrogate pair is no text either: it raises a ValueError
    return values


def basic_credentials(request: Request) -> tuple[str, str] | None:
    """Client id and secret of HTTP Basic authentication (RFC 6749 §2.3.1), if they are there."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, separator, secret = base64.b64decode(value.strip(), validate=True).decode("utf-8").partition(":")
    except ValueError as error:  # also for what is not Base64, or not UTF-8
        raise Refusal(400, "invalid_request", "Authorization header cannot be parsed") from error
    if not separator:
        raise Refusal(400, "invalid_request", "Authorization header cannot be parsed")
    return unquote_plus(name), unquote_plus(secret)


def bearer_token(request: Request) -> str | None:
    """The token of the Authorization header (RFC 6750 §2.1), if it is there."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() or None if scheme.lower() == "bearer" else None

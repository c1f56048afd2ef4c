"""The endpoints of what is kept: stores, models, tuples, changes, assertions."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from local.fga import _messages as messages
from local.fga._call import Call
from local.fga._errors import FgaError, validation_error
from local.fga._identifiers import first_of
from local.fga._model import Model
from local.fga._names import is_user, split_object
from local.fga._store_tuples import Write
from local.fga._stores import DEFAULT_PAGE, read_token, write_token
from local.fga._tuples import Tuple
from local.fga._usable import NotUsable, as_validation_error, check_key, check_tuple
from shared.cel import parse_timestamp
from shared.openfga_language import INLINE_CONDITION, ModelError

MAX_TUPLES_PER_WRITE = 100
MAX_TYPES = 100
MAX_MODEL_BYTES = 256 * 1024
MAX_CONTEXT_BYTES = 32 * 1024
MAX_ASSERTIONS_BYTES = 64_000


# Stores


async def create_store(call: Call) -> Mapping[str, Any]:
    """Makes a store."""
    return call.stores.create((await call.body(messages.CREATE_STORE))["name"])


async def list_stores(call: Call) -> Mapping[str, Any]:
    """Lists stores."""
    size = call.page_size(messages.PAGE_SIZE)
    token = call.query("continuation_token", "ContinuationToken", messages.TOKEN_LENGTH, messages.TOKEN)
    return call.stores.all(call.query("name", "Name", messages.MAYBE_STORE_NAME), size, token)


async def get_store(call: Call) -> Mapping[str, Any]:
    """Shows a store."""
    return call.stores.get(call.store)


async def delete_store(call: Call) -> Response:
    """Removes a store."""
    call.stores.delete(call.store)
    return Response(status_code=204, media_type="application/json")


# Models


async def write_model(call: Call) -> Mapping[str, Any]:
    """Adds a model."""
    body = await call.body(messages.WRITE_MODEL)
    if len(body["type_definitions"]) > MAX_TYPES:
        message = f"The number of type definitions in an authorization model exceeds the allowed limit of {MAX_TYPES}"
        raise FgaError("exceeded_entity_limit", message)
    size = len(await call.request.body())
    if size > MAX_MODEL_BYTES:
        raise FgaError("exceeded_entity_limit", f"model exceeds size limit: {size} bytes vs {MAX_MODEL_BYTES} bytes")
    if not call.config.inline_expressions and _has_inline_condition(body):
        raise validation_error(f'{INLINE_CONDITION} requires the "inline_expressions" experimental feature flag')
    document = {name: body[name] for name in ("schema_version", "type_definitions", "conditions")}
    try:
        return {"authorization_model_id": call.stores.add_model(call.store, document)}
    except ModelError as error:
        raise FgaError("invalid_authorization_model", error.problems[0].message) from error


def _has_inline_condition(model: Mapping[str, Any]) -> bool:
    return any(
        reference["condition"] == INLINE_CONDITION
        for definition in model["type_definitions"]
        for metadata in ((definition["metadata"] or {}).get("relations") or {}).values()
        for reference in metadata["directly_related_user_types"]
    )


async def read_model(call: Call) -> Mapping[str, Any]:
    """Shows a model."""
    store, identifier = call.store, call.identifier("id", "Id")
    return {"authorization_model": call.stores.model_document(store, identifier)}


async def list_models(call: Call) -> Mapping[str, Any]:
    """Lists models."""
    size = call.page_size(messages.PAGE_SIZE)
    token = call.query("continuation_token", "ContinuationToken", messages.TOKEN_LENGTH, messages.TOKEN)
    return call.stores.models(call.store, size, token)


# Tuples


def tuple_of(document: Mapping[str, Any]) -> Tuple:
    """A tuple of a request."""
    condition = document.get("condition")
    if condition is None:
        return Tuple(document["object"], document["relation"], document["user"])
    return Tuple(
        document["object"], document["relation"], document["user"], condition["name"], condition["context"] or {}
    )


async def write(call: Call) -> Mapping[str, Any]:
    """Deletes and writes tuples."""
    body = await call.body(messages.WRITE)
    model = call.model(body["authorization_model_id"])
    writes = [tuple_of(each) for each in (body["writes"] or {}).get("tuple_keys", ())]
    deletes = [tuple_of(each) for each in (body["deletes"] or {}).get("tuple_keys", ())]
    if not writes and not deletes:
        message = "Invalid input. Make sure you provide at least one write, or at least one delete"
        raise FgaError("invalid_write_input", message)
    _hold_writes(model, writes)
    for each in deletes:
        if not is_user(each.user):
            raise validation_error(f"Invalid tuple '{each}'. Reason: the 'user' field is malformed")
    _hold_together([*deletes, *writes])
    call.stores.tuples(call.store).apply(
        Write(
            deletes,
            writes,
            ignores_missing=_ignores(body["deletes"], "on_missing"),
            ignores_duplicates=_ignores(body["writes"], "on_duplicate"),
        ),
        call.stores.ulids,
        call.stores.now(),
    )
    return {}


def _hold_writes(model: Model, writes: Sequence[Tuple]) -> None:
    for each in writes:
        try:
            check_tuple(model, each)
        except NotUsable as error:
            raise as_validation_error(error) from None
        if each.user == f"{each.object}#{each.relation}":
            raise validation_error(f"Invalid tuple '{each}'. Reason: cannot write a tuple that is implicit")
        size = len(str(each.context or "").encode())
        if size > MAX_CONTEXT_BYTES:
            why = f"condition context size limit exceeded: {size} bytes exceeds {MAX_CONTEXT_BYTES} bytes"
            raise validation_error(f"Invalid tuple '{each}'. Reason: {why}")


def _hold_together(tuples: Sequence[Tuple]) -> None:
    seen = set()
    for each in tuples:
        if str(each) in seen:
            raise FgaError(
                "cannot_allow_duplicate_tuples_in_one_request",
                f"duplicate tuple in write: user: '{each.user}', relation: '{each.relation}', object: '{each.object}'",
            )
        seen.add(str(each))
    if len(seen) > MAX_TUPLES_PER_WRITE:
        message = f"The number of write operations exceeds the allowed limit of {MAX_TUPLES_PER_WRITE}"
        raise FgaError("exceeded_entity_limit", message)


def _ignores(part: Mapping[str, Any] | None, option: str) -> bool:
    value = (part or {}).get(option, "")
    if value not in {"", "error", "ignore"}:
        raise validation_error(f"invalid {option} option: {value}")
    return bool(value == "ignore")


async def read(call: Call) -> Mapping[str, Any]:
    """Lists tuples."""
    body = await call.body(messages.READ)
    call.stores.get(call.store)
    key = body["tuple_key"]
    if key is not None:
        name, identifier = split_object(key["object"])
        if not name or (not identifier and not key["user"]):
            raise validation_error(
                "the 'tuple_key' field was provided but the object type field is required and both the object id and "
                "user cannot be empty"
            )
    after = read_token(body["continuation_token"])
    tuples, end = call.stores.tuples(call.store).page(key, body["page_size"] or DEFAULT_PAGE, after)
    return {"tuples": tuples, "continuation_token": write_token(end) if end else ""}


async def read_changes(call: Call) -> Mapping[str, Any]:
    """Lists what was written and deleted."""
    name = call.query("type", "Type", messages.CHANGES_TYPE)
    size = call.page_size(_at_least_one)
    token = call.query("continuation_token", "ContinuationToken", messages.TOKEN_LENGTH, messages.TOKEN)
    after = _start(call.query("start_time", "StartTime"))
    if token:
        after, bar, of = read_token(token).partition("|")
        if not bar:
            raise FgaError("invalid_continuation_token", "Invalid continuation token")
        if of != name:
            raise FgaError(
                "query_string_type_continuation_token_mismatch",
                "The type in the querystring and the continuation token don't match",
            )
    changes, end = call.stores.tuples(call.store).changes(name, size or DEFAULT_PAGE, after)
    return {"changes": changes, "continuation_token": write_token(f"{end}|{name}") if end else token}


_AT_LEAST_ONE = "value must be greater than or equal to 1"


def _at_least_one(value: Any) -> str | None:
    return _AT_LEAST_ONE if value < 1 else None


def _start(text: str) -> str:
    if not text:
        return ""
    try:
        return first_of(parse_timestamp(text).nanos // 1_000_000)
    except ValueError as error:
        raise validation_error(f'parsing field "start_time": invalid time "{text}"') from error


# Assertions


async def write_assertions(call: Call) -> Response:
    """Keeps what is asserted of a model."""
    store, identifier = call.store, call.identifier("id", "AuthorizationModelId")
    body = await call.body(messages.WRITE_ASSERTIONS)
    model = call.stores.model(store, identifier)
    if len(str(body).encode()) > MAX_ASSERTIONS_BYTES:
        message = f"The number of bytes exceeds the allowed limit of {MAX_ASSERTIONS_BYTES}"
        raise FgaError("exceeded_entity_limit", message)
    for assertion in body["assertions"]:
        try:
            check_key(model, tuple_of(assertion["tuple_key"]))
            for each in assertion["contextual_tuples"]:
                check_tuple(model, tuple_of(each))
        except NotUsable as error:
            raise as_validation_error(error) from None
    call.stores.write_assertions(store, identifier, body["assertions"])
    return Response(status_code=204, media_type="application/json")


async def read_assertions(call: Call) -> Mapping[str, Any]:
    """Shows what is asserted of a model."""
    store, identifier = call.store, call.identifier("id", "AuthorizationModelId")
    call.stores.get(store)
    return {"authorization_model_id": identifier, "assertions": call.stores.assertions(store, identifier)}

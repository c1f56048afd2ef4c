"""The endpoints of what is asked: check, batch check, expand, list objects, list users."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from starlette.responses import Response, StreamingResponse

from local.fga import _messages as messages
from local.fga._administration import tuple_of
from local.fga._call import Call
from local.fga._check import Checker
from local.fga._errors import FgaError, relation_not_found, type_not_found, validation_error
from local.fga._expand import expand as expand_tree
from local.fga._list_objects import list_objects as objects_of
from local.fga._list_users import list_users as users_of
from local.fga._model import Model
from local.fga._names import user_parts
from local.fga._question import World
from local.fga._tuples import Tuple, WithContext
from local.fga._usable import (
    NotUsable,
    check_key,
    check_object,
    check_relation,
    check_tuple,
    check_user,
    forbidden,
    held,
)
from local.fga._wire import Message

MAX_CHECKS_PER_BATCH = 50
MAX_RESULTS = 1000


async def check(call: Call) -> Mapping[str, Any]:
    """Whether a user has a relation with an object."""
    body = await call.body(messages.CHECK)
    model = call.model(body["authorization_model_id"])
    return {"allowed": _Checks(call, model).answer(body), "resolution": ""}


class _Checks:
    """Checks of one call. Those of the same user in the same world share what they find out."""

    def __init__(self, call: Call, model: Model) -> None:
        self._model = model
        self._tuples = call.stores.tuples(call.store).index
        self._checkers: dict[str, Checker] = {}

    def answer(self, asked: Mapping[str, Any]) -> bool:
        """The answer to one.

        Raises:
            FgaError: where there is none.
        """
        key = tuple_of(asked["tuple_key"])
        given = [tuple_of(each) for each in (asked["contextual_tuples"] or {}).get("tuple_keys", ())]
        context = asked["context"] or {}
        try:
            check_key(self._model, key)
        except NotUsable as error:
            raise validation_error(f"invalid relation: {error}") from None
        if problem := forbidden(context):
            raise validation_error(f"invalid context: {problem}")
        for each in given:
            try:
                check_tuple(self._model, each)
            except NotUsable as error:
                message = f"Invalid tuple '%!s(<nil>)'. Reason: invalid tuple: {error}"
                raise FgaError("invalid_tuple", message) from None
        return self._checker(key.user, given, context).check(key.object, key.relation)

    def _checker(self, user: str, given: list[Tuple], context: Mapping[str, Any]) -> Checker:
        tuples = WithContext(self._tuples, given) if given else self._tuples
        if given or context:
            return Checker(World(self._model, tuples, context), user)
        found = self._checkers.get(user)
        if found is None:
            found = self._checkers[user] = Checker(World(self._model, tuples, context), user)
        return found


async def batch_check(call: Call) -> Mapping[str, Any]:
    """Several checks; each has an answer or an error of its own."""
    body = await call.body(messages.BATCH_CHECK)
    model = call.model(body["authorization_model_id"])
    asked = body["checks"]
    if len(asked) > MAX_CHECKS_PER_BATCH:
        raise validation_error(
            f"batchCheck received {len(asked)} checks, the maximum allowed is {MAX_CHECKS_PER_BATCH}"
        )
    names = [each["correlation_id"] for each in asked]
    if len(set(names)) < len(names):
        duplicate = next(name for index, name in enumerate(names) if name in names[:index])
        raise validation_error(f"received duplicate correlation id: {duplicate}")
    checks = _Checks(call, model)
    return {"result": {each["correlation_id"]: _batch_answer(checks, each) for each in asked}}


def _batch_answer(checks: _Checks, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return {"allowed": checks.answer(asked)}
    except FgaError as error:
        return {"error": {"input_error": error.code, "message": error.message}}


async def expand(call: Call) -> Mapping[str, Any]:
    """Who has a relation with an object, one step deep."""
    body = await call.body(messages.EXPAND)
    model = call.model(body["authorization_model_id"])
    of, relation = body["tuple_key"]["object"], body["tuple_key"]["relation"]
    if not of or not relation:
        message = "Invalid input. Make sure you provide an object and a relation"
        raise FgaError("invalid_expand_input", message)
    world = _world(call, model, (body["contextual_tuples"] or {}).get("tuple_keys", ()), None)
    try:
        check_object(model, of)
        check_relation(model, of, relation)
    except NotUsable as error:
        raise validation_error(str(error)) from None
    return {"tree": {"root": expand_tree(world, of, relation)}}


async def list_objects(call: Call) -> Mapping[str, Any]:
    """Which objects of a type a user has a relation with: at most `MAX_RESULTS` of them."""
    found: list[str] = []
    for each in await _objects(call, messages.LIST_OBJECTS):
        found.append(each)
        if len(found) == MAX_RESULTS:
            break
    return {"objects": found}


async def streamed_list_objects(call: Call) -> Response:
    """The same, one object a line, all of them."""
    objects = await _objects(call, messages.STREAMED_LIST_OBJECTS)

    def lines() -> Iterator[str]:
        try:
            for each in objects:
                yield _line({"result": {"object": each}})
        except FgaError as error:
            yield _line({"error": {"code": error.code, "message": error.message}})

    return StreamingResponse(lines(), media_type="application/json")


def _line(said: Mapping[str, Any]) -> str:
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")) + "\n"


async def _objects(call: Call, message: Message) -> Iterator[str]:
    body = await call.body(message)
    model = call.model(body["authorization_model_id"])
    world = _world(call, model, (body["contextual_tuples"] or {}).get("tuple_keys", ()), body["context"])
    _hold_relation(model, body["type"], body["relation"])
    try:
        check_user(model, body["user"])
    except NotUsable as error:
        raise validation_error(f"invalid 'user' value: {error}") from None
    return objects_of(world, body["type"], body["relation"], body["user"])


async def list_users(call: Call) -> Mapping[str, Any]:
    """Which users of a type have a relation with an object: at most `MAX_RESULTS` of them."""
    body = await call.body(messages.LIST_USERS)
    model = call.model(body["authorization_model_id"])
    world = _world(call, model, body["contextual_tuples"], body["context"])
    wanted = body["user_filters"][0]
    if wanted["relation"]:
        _hold_relation(model, wanted["type"], wanted["relation"])
    elif wanted["type"] not in model.types:
        raise type_not_found(wanted["type"])
    name, relation = body["object"]["type"], body["relation"]
    _hold_relation(model, name, relation)
    of = f"{name}:{body['object']['id']}"
    found = users_of(world, of, relation, wanted["type"], wanted["relation"])
    return {"users": [_user(each) for each in found[:MAX_RESULTS]]}


def _world(call: Call, model: Model, given: Any, context: Mapping[str, Any] | None) -> World:
    tuples = [tuple_of(each) for each in given]
    held(model, tuples)
    kept = call.stores.tuples(call.store).index
    return World(model, WithContext(kept, tuples) if tuples else kept, context or {})


def _hold_relation(model: Model, name: str, relation: str) -> None:
    if name not in model.types:
        raise type_not_found(name)
    if model.relation(name, relation) is None:
        raise relation_not_found(name, relation)


def _user(user: str) -> Mapping[str, Any]:
    name, identifier, relation = user_parts(user)
    if relation:
        return {"userset": {"type": name, "id": identifier, "relation": relation}}
    return {"wildcard": {"type": name}} if identifier == "*" else {"object": {"type": name, "id": identifier}}

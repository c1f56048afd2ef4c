"""Which tuples a model lets be written, and which it lets count."""

from collections.abc import Mapping
from typing import Any

from local.fga._conditions import ParameterError
from local.fga._errors import FgaError, validation_error
from local.fga._inline import InlineError, compiled
from local.fga._model import Model, Restriction
from local.fga._names import (
    has_control,
    is_object,
    is_relation,
    is_typed_wildcard,
    is_user,
    is_userset,
    split_object,
    split_userset,
    user_parts,
)
from local.fga._tuples import Tuple
from shared.openfga_language import INLINE_CONDITION


class NotUsable(Exception):
    """Why a tuple or a part of it does not fit the model.

    Attributes:
        code: OpenFGA's code for it, where it stands alone.
    """

    def __init__(self, message: str, code: str = "validation_error") -> None:
        super().__init__(message)
        self.code = code


def check_user(model: Model, user: str) -> None:
    """Holds a user to its form and to the model.

    Raises:
        NotUsable: where it does not fit.
    """
    if not is_user(user):
        raise NotUsable("the 'user' field is malformed")
    if not is_object(user) and not is_userset(user):
        raise NotUsable(
            "the 'user' field must be an object (e.g. document:1) or an 'object#relation' or a typed wildcard "
            "(e.g. group:*)"
        )
    name, _, relation = user_parts(user)
    if name not in model.types:
        raise NotUsable(f"type '{name}' not found", "type_not_found")
    if is_userset(user) and model.relation(name, relation) is None:
        raise NotUsable(f"relation '{name}#{relation}' not found", "relation_not_found")


def check_object(model: Model, of: str) -> None:
    """Holds an object to its form and to the model.

    Raises:
        NotUsable: where it does not fit.
    """
    if not is_object(of):
        raise NotUsable("invalid 'object' field format")
    name, identifier = split_object(of)
    if identifier == "*":
        raise NotUsable("the 'object' field cannot reference a typed wildcard")
    if name not in model.types:
        raise NotUsable(f"type '{name}' not found", "type_not_found")


def check_relation(model: Model, of: str, relation: str) -> None:
    """Holds a relation of an object to its form and to the model.

    Raises:
        NotUsable: where it does not fit.
    """
    if not is_relation(relation):
        raise NotUsable("the 'relation' field is malformed")
    name, _ = split_object(of)
    if model.relation(name, relation) is None:
        raise NotUsable(f"relation '{name}#{relation}' not found", "relation_not_found")


def check_key(model: Model, each: Tuple) -> None:
    """Holds the three parts of a tuple to the model.

    Raises:
        NotUsable: where one does not fit.
    """
    check_user(model, each.user)
    check_object(model, each.object)
    check_relation(model, each.object, each.relation)


def check_tuple(model: Model, each: Tuple) -> None:
    """Holds a tuple that is to be written, or comes with a question, to the model.

    Raises:
        NotUsable: where it does not fit.
    """
    try:
        check_key(model, each)
    except NotUsable as error:
        raise _invalid(each, str(error)) from None
    if problem := _restriction_problem(model, each):
        raise _invalid(each, problem)
    if problem := _condition_problem(model, each) or _context_problem(model, each):
        raise NotUsable(f"Invalid tuple '{each.shown}'. Reason: {problem}")
    if each.condition == INLINE_CONDITION:
        try:
            compiled(each.context or {})
        except InlineError as error:
            raise NotUsable(f"Invalid tuple '{each.shown}'. Reason: {error}") from None


def _invalid(each: Tuple, why: str) -> NotUsable:
    return NotUsable(f"Invalid tuple '{each}'. Reason: {why}", "invalid_tuple")


def is_usable(model: Model, each: Tuple) -> bool:
    """Whether a tuple that was written counts under this model, which may be a later one."""
    name, _ = split_object(each.object)
    user_type, user_id, user_relation = user_parts(each.user)
    shape = (name, each.relation, user_type, "*" if user_id == "*" else "", user_relation, each.condition)
    known = model.usable_shapes.get(shape)
    if known is None:
        known = model.relation(name, each.relation) is not None and not (
            _restriction_problem(model, each) or _condition_problem(model, each)
        )
        model.usable_shapes[shape] = known
    return known and not (each.condition and _context_problem(model, each))


def _restriction_problem(model: Model, each: Tuple) -> str | None:  # noqa: PLR0911 -- one for each form of a user
    name, _ = split_object(each.object)
    relation = model.types[name][each.relation]
    if relation.is_tupleset:
        if is_typed_wildcard(each.user):
            return f"unexpected wildcard relationship with tupleset relation '{name}#{each.relation}'"
        if not is_object(each.user):
            return f"unexpected user '{each.user}' with tupleset relation '{name}#{each.relation}'"
    of = f"'{name}#{each.relation}'"
    user_type, _, user_relation = user_parts(each.user)
    if is_userset(each.user):
        if (user_type, user_relation) in relation.usersets:
            return None
        return f"'{user_type}#{user_relation}' is not an allowed type restriction for {of}"
    if is_typed_wildcard(each.user):
        if user_type in relation.public:
            return None
        return f"the typed wildcard '{each.user}' is not an allowed type restriction for {of}"
    if user_type in relation.concrete:
        return None
    return f"type '{user_type}' is not an allowed type restriction for {of}"


def _condition_problem(model: Model, each: Tuple) -> str | None:
    name, _ = split_object(each.object)
    restrictions = model.types[name][each.relation].restrictions
    if not each.condition:
        is_fine = any(not of.condition and _is_of(of, each.user) for of in restrictions)
        return None if is_fine else "condition is missing"
    if has_control(each.condition):
        return "condition name contains forbidden characters"
    if each.condition != INLINE_CONDITION and each.condition not in model.conditions:
        return "undefined condition"
    if not any(of.condition == each.condition and _is_of(of, each.user) for of in restrictions):
        return "invalid condition for type restriction"
    return None


def _context_problem(model: Model, each: Tuple) -> str | None:
    if not each.context:
        return None
    if problem := forbidden(each.context):
        return problem
    if each.condition == INLINE_CONDITION:
        return None
    condition = model.conditions[each.condition]
    try:
        condition.typed(each.context)
    except ParameterError as error:
        return f"parameter type error on condition '{each.condition}' - {error}"
    unknown = condition.unknown(each.context)
    return f"found invalid context parameter: {unknown}" if unknown is not None else None


def _is_of(restriction: Restriction, user: str) -> bool:
    of, relation = split_userset(user)
    name, identifier = split_object(of)
    return (
        restriction.type == name
        and restriction.relation == relation
        and restriction.is_wildcard == (identifier == "*" and not relation)
    )


def forbidden(context: Mapping[str, Any]) -> str | None:
    """What in a context has a character that it may not have."""
    for name, value in context.items():
        if has_control(name):
            return f"context key {_quoted(name)} contains forbidden characters"
        if problem := _forbidden_value(value):
            return problem
    return None


def _forbidden_value(value: Any) -> str | None:
    if isinstance(value, str):
        return f"context value {_quoted(value)} contains forbidden characters" if has_control(value) else None
    if isinstance(value, list):
        return next((problem for each in value if (problem := _forbidden_value(each))), None)
    return forbidden(value) if isinstance(value, dict) else None


def _quoted(text: str) -> str:
    """It as Go quotes it."""
    named = {"\t": "\\t", "\n": "\\n", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
    shown = (named.get(each) or (f"\\x{ord(each):02x}" if has_control(each) else each) for each in text)
    return f'"{"".join(shown)}"'


def held(model: Model, given: list[Tuple]) -> None:
    """Holds the tuples that came with a question to the model.

    Raises:
        FgaError: with the code of the first that does not fit.
    """
    for each in given:
        try:
            check_tuple(model, each)
        except NotUsable as error:
            raise FgaError(error.code, str(error)) from None


def as_validation_error(error: NotUsable) -> FgaError:
    """What does not fit, as the error of a field that is not of its form."""
    return validation_error(str(error))

"""OpenFGA's experimental inline expressions: a tuple that brings its own condition (`$expression`)."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from local.fga._conditions import Condition
from local.fga._errors import ConditionFailed
from shared import cel
from shared.openfga_language import INLINE_CONDITION, ConditionError


class InlineError(Exception):
    """An expression that cannot be used; the text is OpenFGA's."""


def compiled(context: Mapping[str, Any]) -> Condition:
    """The condition that a tuple's context holds: `expression`, and `parameters` with their types.

    A name that the expression uses and that has no type there is a string.

    Raises:
        InlineError: where it cannot be compiled.
    """
    expression = context.get("expression")
    parameters = context.get("parameters", {})
    if "expression" not in context:
        raise InlineError(f'{INLINE_CONDITION}: missing required context field "expression"')
    if not isinstance(expression, str) or not expression:
        raise InlineError(f'{INLINE_CONDITION}: context field "expression" must be a non-empty string')
    if not isinstance(parameters, dict):
        raise InlineError(f'{INLINE_CONDITION}: context field "parameters" must be a struct')
    return _compiled(expression, tuple(sorted((name, str(kind)) for name, kind in parameters.items())))


@lru_cache(maxsize=256)
def _compiled(expression: str, parameters: tuple[tuple[str, str], ...]) -> Condition:
    declared = {name: _reference(name, kind) for name, kind in parameters}
    try:
        names = cel.free_names(expression)
        references = {name: {"type_name": "TYPE_NAME_STRING"} for name in names} | declared
        document = {"name": INLINE_CONDITION, "expression": expression, "parameters": references}
        return Condition(document)
    except cel.CompileError as error:
        shown = error.shown("<input>")
        raise InlineError(f"{INLINE_CONDITION}: invalid CEL expression: {shown}") from error
    except ConditionError as error:
        raise InlineError(str(error)) from error


def _reference(name: str, kind: str) -> dict[str, Any]:
    outer, bracket, inner = kind.partition("<")
    reference: dict[str, Any] = {"type_name": f"TYPE_NAME_{outer.strip().upper()}", "generic_types": []}
    if bracket:
        reference["generic_types"] = [_reference(name, inner.removesuffix(">"))]
    if not outer or (bracket and not inner.endswith(">")):
        raise InlineError(f'{INLINE_CONDITION}: invalid parameter type for parameter "{name}": {kind}')
    return reference


def is_met(shown: str, request: Mapping[str, Any], context: Mapping[str, Any]) -> bool:
    """Whether the expression that a tuple brings holds, for the request's context alone.

    Raises:
        ConditionFailed: where it cannot be used, a parameter is missing or the expression has no value. OpenFGA lets
            no other tuple of the same relation make up for it.
    """
    try:
        condition = compiled(context)
    except InlineError as error:
        raise ConditionFailed(INLINE_CONDITION, str(error), is_final=True) from None
    try:
        return condition.is_met(shown, request if condition.has_parameters else {}, {})
    except ConditionFailed as error:
        error.is_final = True
        raise

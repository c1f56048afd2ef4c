"""Conditions at work: a context becomes typed parameters, and the expression runs on them."""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from local.fga._errors import ConditionFailed
from shared import cel
from shared.openfga_language import compile_condition

MAX_COST = 100
"""The most that an expression may cost."""

_INT64 = 1 << 63


class ParameterError(Exception):
    """A value is not of its parameter's type; the text is OpenFGA's."""


class Condition:
    """A condition of a model, compiled."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.name: str = document["name"]
        self._parameters: Mapping[str, Mapping[str, Any]] = document.get("parameters") or {}
        self._program = compile_condition(document)

    @property
    def has_parameters(self) -> bool:
        """Whether it takes any."""
        return bool(self._parameters)

    def typed(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters that a context gives, converted.

        Raises:
            ParameterError: where one is not of its type.
        """
        if context and not self._parameters:
            raise ParameterError("no parameters defined for the condition")
        typed = {}
        for name, reference in self._parameters.items():
            if name in context:
                try:
                    typed[name] = _converted(context[name], reference)
                except ParameterError as error:
                    raise ParameterError(f"failed to convert context parameter '{name}': {error}") from None
        return typed

    def unknown(self, context: Mapping[str, Any]) -> str | None:
        """The first name in a context that is no parameter."""
        return next((name for name in context if name not in self._parameters), None)

    def is_met(self, shown: str, request: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
        """Whether it holds.

        Args:
            shown: The tuple that asks, as text.
            request: The context of the request.
            given: The tuple's own context, which stands over the request's.

        Raises:
            ConditionFailed: where a parameter is missing or not of its type, or the expression has no value.
        """
        try:
            typed = self.typed({**request, **given})
        except ParameterError as error:
            raise ConditionFailed(self.name, str(error), is_type_error=True) from None
        missing = sorted(self._parameters.keys() - typed.keys())
        if missing:
            cause = f"tuple '{shown}' is missing context parameters '[{' '.join(missing)}]'"
            raise ConditionFailed(self.name, cause)
        try:
            return bool(self._program.run(typed, limit=MAX_COST))
        except cel.EvaluationError as error:
            raise ConditionFailed(self.name, f"failed to evaluate condition expression: {error}") from None


def _converted(value: Any, reference: Mapping[str, Any]) -> Any:
    name = reference["type_name"]
    if name == "TYPE_NAME_LIST":
        return _list(value, reference["generic_types"][0])
    if name == "TYPE_NAME_MAP":
        return _map(value, reference["generic_types"][0])
    return _CONVERTERS[name](value)


def _list(value: Any, item: Mapping[str, Any]) -> list[Any]:
    if not isinstance(value, list):
        raise ParameterError(f"list requires a list, found: {_go_type(value)}")
    converted = []
    for index, each in enumerate(value):
        try:
            converted.append(_converted(each, item))
        except ParameterError as error:
            raise ParameterError(f"found an invalid list item at index `{index}`: {error}") from None
    return converted


def _map(value: Any, item: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ParameterError(f"map requires a map, found: {_go_type(value)}")
    converted = {}
    for key, each in value.items():
        try:
            converted[key] = _converted(each, item)
        except ParameterError as error:
            raise ParameterError(f"found an invalid value for key '{key}': {error}") from None
    return converted


def _any(value: Any) -> Any:
    """JSON as it is; its numbers are doubles."""
    if isinstance(value, bool) or not isinstance(value, int | list | dict):
        return value
    if isinstance(value, int):
        return float(value)
    if isinstance(value, list):
        return [_any(each) for each in value]
    return {name: _any(each) for name, each in value.items()}


def _primitive(kind: type, shown: str) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if isinstance(value, kind):
            return value
        raise ParameterError(f"expected type value '{shown}', but found '{_go_type(value)}'")

    return convert


def _number(value: Any, shown: str) -> tuple[Fraction, str]:
    """A number, or text that is one, and how it is shown."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Fraction(float(value)), f"{float(value):g}"
    if not isinstance(value, str):
        raise ParameterError(f"expected type value '{shown}', but found '{_go_type(value)}'")
    try:
        if not value.isascii() or value != value.strip() or "_" in value:
            raise InvalidOperation  # noqa: TRY301 -- as what follows does
        return Fraction(Decimal(value)), value
    except (InvalidOperation, ValueError, OverflowError):
        raise ParameterError(f"expected a {shown} value, but found invalid string value '{value}'") from None


def _int(value: Any) -> int:
    number, text = _number(value, "int64")
    if number.denominator != 1:
        raise ParameterError(f"expected an int value, but found numeric value '{text}'")
    return max(-_INT64, min(_INT64 - 1, int(number)))


def _uint(value: Any) -> cel.UInt:
    number, text = _number(value, "uint64")
    if number.denominator != 1:
        raise ParameterError(f"expected a uint value, but found numeric value '{text}'")
    if number < 0:
        raise ParameterError(f"expected a uint value, but found int64 value '{text}'")
    return cel.UInt(min(_INT64 - 1, int(number)))


def _double(value: Any) -> float:
    number, text = _number(value, "float64")
    try:
        double = float(number)
    except OverflowError:
        raise ParameterError(f"number cannot be represented as a float64: {text}") from None
    if Fraction(double) != number:
        raise ParameterError(f"number cannot be represented as a float64: {text}")
    return double


def _text(what: str, parse: Callable[[str], Any], expected: str) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if not isinstance(value, str):
            raise ParameterError(f"expected {what}, but found: {_go_type(value)} '{value}'")
        try:
            return parse(value)
        except ValueError:
            raise ParameterError(expected.format(value)) from None

    return convert


_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "TYPE_NAME_ANY": _any,
    "TYPE_NAME_BOOL": _primitive(bool, "bool"),
    "TYPE_NAME_STRING": _primitive(str, "string"),
    "TYPE_NAME_INT": _int,
    "TYPE_NAME_UINT": _uint,
    "TYPE_NAME_DOUBLE": _double,
    "TYPE_NAME_DURATION": _text(
        "a duration string", cel.parse_duration, "expected a valid duration string, but found: '{}'"
    ),
    "TYPE_NAME_TIMESTAMP": _text(
        "RFC 3339 formatted timestamp string",
        cel.parse_timestamp,
        "expected RFC 3339 formatted timestamp string, but found '{}'",
    ),
    "TYPE_NAME_IPADDRESS": _text(
        "an ipaddress string", cel.parse_ip_address, "expected a well-formed IP address, but found: '{}'"
    ),
}


def _go_type(value: Any) -> str:
    """What OpenFGA calls a JSON value's type."""
    if value is None:
        return "%!s(<nil>)"
    kinds: tuple[tuple[type, str], ...] = (
        (bool, "bool"),
        (int, "float64"),
        (float, "float64"),
        (str, "string"),
        (list, "[]interface {}"),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), "map[string]interface {}")

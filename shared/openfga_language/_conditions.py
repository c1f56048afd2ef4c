"""Conditions as programs."""

from collections.abc import Mapping
from typing import Any

from shared import cel

_TYPES = {
    "TYPE_NAME_ANY": cel.ANY,
    "TYPE_NAME_BOOL": cel.BOOL,
    "TYPE_NAME_STRING": cel.STRING,
    "TYPE_NAME_INT": cel.INT,
    "TYPE_NAME_UINT": cel.UINT,
    "TYPE_NAME_DOUBLE": cel.DOUBLE,
    "TYPE_NAME_DURATION": cel.DURATION,
    "TYPE_NAME_TIMESTAMP": cel.TIMESTAMP,
    "TYPE_NAME_IPADDRESS": cel.IP_ADDRESS,
}
_CONTAINERS = frozenset({"TYPE_NAME_LIST", "TYPE_NAME_MAP"})


class ConditionError(Exception):
    """A condition that cannot be compiled; its text is OpenFGA's."""


def compile_condition(condition: Mapping[str, Any]) -> cel.Program:
    """Makes a condition of a model a program over its parameters.

    Raises:
        ConditionError: where its expression does not fit its parameters, or gives no boolean.
    """
    name = condition.get("name", "")
    variables = {}
    for parameter, reference in (condition.get("parameters") or {}).items():
        try:
            variables[parameter] = _type(reference)
        except ValueError as error:
            raise _failed(name, f"failed to decode parameter type for parameter '{parameter}': {error}") from error
    try:
        program = cel.Program(condition.get("expression") or "", variables)
    except cel.CompileError as error:
        raise _failed(name, error.shown(name)) from error
    except cel.ConstructionError as error:
        raise _failed(name, f"condition expression construction: {error}") from error
    if program.type != cel.BOOL:
        raise _failed(name, f"expected a bool condition expression output, but got '{program.type}'")
    return program


def _type(reference: Mapping[str, Any]) -> cel.Type:
    name = reference.get("type_name", "TYPE_NAME_UNSPECIFIED")
    generic = reference.get("generic_types") or []
    if name not in _TYPES and name not in _CONTAINERS:
        raise ValueError(f"unknown condition parameter type `{name}`")
    wanted = 1 if name in _CONTAINERS else 0
    if len(generic) != wanted:
        raise ValueError(f"condition parameter type `{name}` requires {wanted} generic types; found {len(generic)}")
    if name in _TYPES:
        return _TYPES[name]
    item = _type(generic[0])
    return cel.list_of(item) if name == "TYPE_NAME_LIST" else cel.map_of(cel.STRING, item)


def _failed(name: str, why: str) -> ConditionError:
    return ConditionError(f"failed to compile expression on condition '{name}' - {why}")

"""What each function takes and gives: the standard library's overloads, and OpenFGA's own two."""

from dataclasses import dataclass

from shared.cel._types import (
    ANY,
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    IP_ADDRESS,
    STRING,
    TIMESTAMP,
    UINT,
    A,
    B,
    Type,
    list_of,
    map_of,
    type_of,
)

_NUMBERS = (INT, UINT, DOUBLE)
_ORDERED = (BOOL, *_NUMBERS, STRING, BYTES, TIMESTAMP, DURATION)


@dataclass(frozen=True, slots=True)
class Overload:
    """One way to call a function.

    Attributes:
        arguments: Their types; of a method the target's comes first.
        result: The type of what it gives.
        is_method: Whether it is called on a target.
    """

    arguments: tuple[Type, ...]
    result: Type
    is_method: bool = False


def _functions(result: Type, *arguments: tuple[Type, ...]) -> tuple[Overload, ...]:
    return tuple(Overload(each, result) for each in arguments)


def _method(result: Type, *arguments: Type) -> Overload:
    return Overload(arguments, result, is_method=True)


def _accessor() -> tuple[Overload, ...]:
    return (_method(INT, TIMESTAMP), _method(INT, TIMESTAMP, STRING))


def _conversion(result: Type, *sources: Type) -> tuple[Overload, ...]:
    return _functions(result, *((source,) for source in sources))


_ORDER = _functions(BOOL, *((each, each) for each in _ORDERED))
SIGNATURES: dict[str, tuple[Overload, ...]] = {
    "_?_:_": (Overload((BOOL, A, A), A),),
    "_&&_": (Overload((BOOL, BOOL), BOOL),),
    "_||_": (Overload((BOOL, BOOL), BOOL),),
    "!_": (Overload((BOOL,), BOOL),),
    "-_": (Overload((INT,), INT), Overload((DOUBLE,), DOUBLE)),
    "_==_": (Overload((A, A), BOOL),),
    "_!=_": (Overload((A, A), BOOL),),
    "_<_": _ORDER,
    "_<=_": _ORDER,
    "_>_": _ORDER,
    "_>=_": _ORDER,
    "_+_": (
        *(Overload((each, each), each) for each in (*_NUMBERS, STRING, BYTES, DURATION)),
        Overload((list_of(A), list_of(A)), list_of(A)),
        Overload((TIMESTAMP, DURATION), TIMESTAMP),
        Overload((DURATION, TIMESTAMP), TIMESTAMP),
    ),
    "_-_": (
        *(Overload((each, each), each) for each in (*_NUMBERS, DURATION)),
        Overload((TIMESTAMP, TIMESTAMP), DURATION),
        Overload((TIMESTAMP, DURATION), TIMESTAMP),
    ),
    "_*_": tuple(Overload((each, each), each) for each in _NUMBERS),
    "_/_": tuple(Overload((each, each), each) for each in _NUMBERS),
    "_%_": tuple(Overload((each, each), each) for each in (INT, UINT)),
    "_[_]": (Overload((list_of(A), INT), A), Overload((map_of(A, B), A), B)),
    "@in": (Overload((A, list_of(A)), BOOL), Overload((A, map_of(A, B)), BOOL)),
    "size": tuple(
        Overload((each,), INT, is_method)
        for is_method in (False, True)
        for each in (STRING, BYTES, list_of(A), map_of(A, B))
    ),
    "contains": (_method(BOOL, STRING, STRING),),
    "startsWith": (_method(BOOL, STRING, STRING),),
    "endsWith": (_method(BOOL, STRING, STRING),),
    "matches": (_method(BOOL, STRING, STRING), Overload((STRING, STRING), BOOL)),
    "bool": _conversion(BOOL, BOOL, STRING),
    "int": _conversion(INT, INT, UINT, DOUBLE, STRING, TIMESTAMP, DURATION),
    "uint": _conversion(UINT, UINT, INT, DOUBLE, STRING),
    "double": _conversion(DOUBLE, DOUBLE, INT, UINT, STRING),
    "string": _conversion(STRING, STRING, BOOL, INT, UINT, DOUBLE, BYTES, TIMESTAMP, DURATION),
    "bytes": _conversion(BYTES, BYTES, STRING),
    "timestamp": _conversion(TIMESTAMP, TIMESTAMP, STRING, INT),
    "duration": _conversion(DURATION, DURATION, STRING, INT),
    "dyn": _conversion(DYN, A),
    "type": (Overload((A,), type_of(A)),),
    **{
        name: _accessor()
        for name in ("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear")
    },
    **{
        name: (*_accessor(), _method(INT, DURATION))
        for name in ("getHours", "getMinutes", "getSeconds", "getMilliseconds")
    },
    "ipaddress": (Overload((STRING,), IP_ADDRESS),),
    "in_cidr": (_method(BOOL, IP_ADDRESS, STRING),),
}

PARAMETERLESS = {"any": ANY, "bool": BOOL, "string": STRING, "int": INT, "uint": UINT, "double": DOUBLE} | {
    "duration": DURATION,
    "timestamp": TIMESTAMP,
    "ipaddress": IP_ADDRESS,
}
"""OpenFGA's names of the types that a condition's parameter may have, but for lists and maps."""

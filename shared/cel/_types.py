"""The types that an expression is checked with."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Type:
    """A type; a list has its items' as its parameter, a map its keys' and its values', `type` what it is of."""

    name: str
    parameters: "tuple[Type, ...]" = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.parameters))})" if self.parameters else self.name


BOOL, INT, UINT, DOUBLE = Type("bool"), Type("int"), Type("uint"), Type("double")
STRING, BYTES, NULL, DYN, ANY = Type("string"), Type("bytes"), Type("null"), Type("dyn"), Type("any")
TIMESTAMP, DURATION = Type("timestamp"), Type("duration")
IP_ADDRESS = Type("IPAddress")
A, B = Type("<A>"), Type("<B>")
"""What stands for any type, the same wherever it stands in a signature."""


def list_of(item: Type) -> Type:
    """The type of a list."""
    return Type("list", (item,))


def map_of(key: Type, value: Type) -> Type:
    """The type of a map."""
    return Type("map", (key, value))


def type_of(which: Type) -> Type:
    """The type of a type."""
    return Type("type", (which,))


TYPE_NAMES = {
    "bool": BOOL,
    "int": INT,
    "uint": UINT,
    "double": DOUBLE,
    "string": STRING,
    "bytes": BYTES,
    "null_type": NULL,
    "list": list_of(DYN),
    "map": map_of(DYN, DYN),
    "type": Type("type", (DYN,)),
    "google.protobuf.Timestamp": TIMESTAMP,
    "google.protobuf.Duration": DURATION,
}
"""The types that an expression may name."""

_ANYTHING = frozenset({"dyn", "any", "error"})
_NULLABLE = frozenset({"timestamp", "duration", "IPAddress", "null"})


def unify(wanted: Type, given: Type, bound: dict[str, Type]) -> bool:
    """Whether a value of a type may stand where another is wanted; binds what stands for any type."""
    if wanted in {A, B}:
        known = bound.get(wanted.name)
        if known is None or (known.name in _ANYTHING and given.name not in _ANYTHING):
            bound[wanted.name] = given
            return True
        return unify(known, given, bound)
    if wanted.name in _ANYTHING or given.name in _ANYTHING:
        return True
    if "null" in {wanted.name, given.name} and {wanted.name, given.name} <= _NULLABLE:
        return True
    if wanted.name == "type" and given.name == "type":
        return True
    return (
        wanted.name == given.name
        and len(wanted.parameters) == len(given.parameters)
        and all(map(unify, wanted.parameters, given.parameters, [bound] * len(wanted.parameters)))
    )


def substitute(which: Type, bound: dict[str, Type]) -> Type:
    """A type with what was bound in place of what stands for any type."""
    if which in {A, B}:
        return bound.get(which.name, DYN)
    return Type(which.name, tuple(substitute(each, bound) for each in which.parameters))

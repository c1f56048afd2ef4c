"""Reads JSON bodies as OpenFGA does: as messages of its protocol, with the rules of their fields.

Unknown fields are left alone, as are unknown names of an enumeration; a field that is null is as one that is not there.
A rule that is broken is told with the message's and the field's own names.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.fga._errors import FgaError, validation_error

Rule = Callable[[Any], str | None]
"""Says why a value may not stand, if it may not."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message.

    Attributes:
        kind: "string", "bool", "int", "struct", "message", or the name of an enumeration's type; "optional …" of what
            is None where it is not there.
        message: The message's form, of a "message".
        is_list: Whether it holds several.
        is_map: Whether it holds several by name.
        rules: What its value has to meet.
        aliases: Other names that it may come under.
        names: The names of an enumeration.
        key_rule: What the names of a map have to meet.
    """

    kind: str
    message: "Message | None" = None
    is_list: bool = False
    is_map: bool = False
    rules: tuple[Rule, ...] = ()
    aliases: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    key_rule: Rule | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """The form of a body, or of a part of one.

    Attributes:
        one_of: Fields of which one at most is there; the others are left out.
    """

    name: str
    fields: Mapping[str, Field]
    one_of: frozenset[str] = frozenset()


_EMPTY: dict[str, Any] = {"string": "", "bool": False, "int": 0}


def read(message: Message, body: Any) -> dict[str, Any]:
    """What a body says, with every field in it; messages and numbers that are not there are None.

    Raises:
        FgaError: where it is not of the form, or breaks a rule.
    """
    if not isinstance(body, dict):
        raise validation_error(f"unexpected token {_shown(body)}")
    parsed = {name: _parsed(name, field, body) for name, field in message.fields.items()}
    _hold(message, parsed)
    return parsed


def _parsed(name: str, field: Field, body: Mapping[str, Any]) -> Any:
    value = next((body[each] for each in (name, *field.aliases) if body.get(each) is not None), None)
    if field.is_list:
        if value is not None and not isinstance(value, list):
            raise validation_error(f"unexpected token {_shown(value)}")
        return [_one(name, field, each) for each in value or ()]
    if field.is_map:
        if value is not None and not isinstance(value, dict):
            raise validation_error(f"unexpected token {_shown(value)}")
        return {key: _one(name, field, each) for key, each in (value or {}).items()}
    return _EMPTY.get(field.kind) if value is None else _one(name, field, value)


def _one(name: str, field: Field, value: Any) -> Any:
    if field.kind == "message" and field.message is not None:
        if not isinstance(value, dict):
            raise validation_error(f"unexpected token {_shown(value)}")
        return _inner(field.message, value)
    if field.kind == "struct":
        if not isinstance(value, dict):
            raise validation_error(f"unexpected token {_shown(value)}")
        return value
    bare = field.kind.removeprefix("optional ")
    if bare == "int" and isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,10}", value, re.ASCII):
        value = int(value)
    fits = {"string": str, "bool": bool, "int": int}.get(bare)
    if fits is None:
        return value if value in field.names else field.names[0]
    if not isinstance(value, fits) or (fits is int and isinstance(value, bool)):
        kind = {"int": "int32"}.get(bare, bare)
        name = name if bare == field.kind else "value"
        raise validation_error(f"invalid value for {kind} field {name}: {_shown(value)}")
    return value


def _inner(message: Message, body: Mapping[str, Any]) -> dict[str, Any]:
    parsed = {name: _parsed(name, field, body) for name, field in message.fields.items()}
    for name in message.one_of:
        if parsed[name] is None:
            del parsed[name]
    if len(message.one_of & parsed.keys()) > 1:
        raise validation_error("error parsing: oneof is already set")
    return parsed


def _shown(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict):
        return "{"
    return "[" if isinstance(value, list) else f'"{value}"' if isinstance(value, str) else str(value)


def _hold(message: Message, parsed: Mapping[str, Any]) -> None:
    problems = list(_problems(message, parsed))
    if problems:  # of the text, OpenFGA tells what stands last; and goes by it for the code
        text = "; ".join(problems).rpartition(_CAUSED_BY)[2].strip()
        raise FgaError(_code(text), text)


_CAUSED_BY = "| caused by:"


def _problems(message: Message, parsed: Mapping[str, Any]) -> Iterator[str]:
    """All that breaks a rule, in the order of the fields."""
    for name, field in message.fields.items():
        if name not in parsed:
            continue
        value, shown = parsed[name], f"invalid {message.name}.{_field_name(name)}"
        yield from (f"{shown}: {reason}" for rule in field.rules if (reason := rule(value)) is not None)
        if field.is_map:
            for key in sorted(value):
                if field.key_rule is not None and (reason := field.key_rule(key)) is not None:
                    yield f"{shown}[{key}]: {reason}"
                yield from _inner_problems(f"{shown}[{key}]", field, value[key])
        elif field.is_list:
            for index, each in enumerate(value):
                yield from _inner_problems(f"{shown}[{index}]", field, each)
        else:
            yield from _inner_problems(shown, field, value)


def _inner_problems(shown: str, field: Field, value: Any) -> Iterator[str]:
    if field.message is not None and value is not None:
        problems = "; ".join(_problems(field.message, value))
        if problems:
            yield f"{shown}: embedded message failed validation {_CAUSED_BY} {problems}"


def _field_name(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


_CODES = (
    ("Assertions", "value must contain no more than", "assertions_too_many_items"),
    ("AuthorizationModelId", "value length must be at most", "authorization_model_id_too_long"),
    ("Base", "value is required", "difference_base_missing_value"),
    ("Id", "value length must be at most", "id_too_long"),
    ("Object", "value length must be at most", "object_too_long"),
    ("PageSize", "value must be inside range", "page_size_invalid"),
    ("Relation", "value length must be at most", "relation_too_long"),
    ("Subtract", "value is required", "subtract_base_missing_value"),
    ("StoreId", "value length must be", "store_id_invalid_length"),
    ("TupleKey", "value is required", "tuple_key_value_not_specified"),
    ("TupleKeys", "value must contain between", "tuple_keys_too_many_or_too_few_items"),
    ("Type", "value length must be at", "type_invalid_length"),
    ("Type", "value does not match regex pattern", "type_invalid_pattern"),
    ("TypeDefinitions", "value must contain at least", "type_definitions_too_few_items"),
)


def _code(text: str) -> str:
    place, _, reason = text.partition(": ")
    if place.count(".") != 1:
        return "validation_error"
    return code_of(place.partition(".")[2], reason)


def code_of(field: str, reason: str) -> str:
    """OpenFGA's code for a field that broke a rule."""
    for name, begin, code in _CODES:
        if field == name and reason.startswith(begin):
            return code
    if field.startswith("Relations[") and reason.startswith("value does not match regex pattern"):
        return "relations_invalid_pattern"
    return "validation_error"


# Rules


def required(value: Any) -> str | None:
    """It has to be there."""
    return "value is required" if value is None else None


def matches(pattern: str, *, may_be_empty: bool = False) -> Rule:
    """It has to match; `pattern` is Go's, which Python reads alike."""
    compiled = re.compile(pattern.replace("$", r"\Z"), re.ASCII)
    shown = pattern.replace("\\", "\\\\")

    def rule(value: Any) -> str | None:
        if (may_be_empty and not value) or compiled.search(value):
            return None
        return f'value does not match regex pattern "{shown}"'

    return rule


def at_most_bytes(limit: int) -> Rule:
    """It may be so long."""

    def rule(value: Any) -> str | None:
        return f"value length must be at most {limit} bytes" if len(value.encode()) > limit else None

    return rule


def between_bytes(low: int, high: int) -> Rule:
    """It has to be so long."""

    def rule(value: Any) -> str | None:
        if low <= len(value.encode()) <= high:
            return None
        return f"value length must be between {low} and {high} bytes, inclusive"

    return rule


def at_least_items(least: int) -> Rule:
    """It has to have so many."""

    def rule(value: Any) -> str | None:
        return f"value must contain at least {least} item(s)" if len(value) < least else None

    return rule


def at_most_items(limit: int, what: str = "item(s)") -> Rule:
    """It may have so many."""

    def rule(value: Any) -> str | None:
        return f"value must contain no more than {limit} {what}" if len(value) > limit else None

    return rule


def exactly_items(count: int) -> Rule:
    """It has to have exactly so many."""

    def rule(value: Any) -> str | None:
        return f"value must contain exactly {count} item(s)" if len(value) != count else None

    return rule


def in_range(low: int, high: int) -> Rule:
    """A number has to lie between two, if it is there."""

    def rule(value: Any) -> str | None:
        return None if value is None or low <= value <= high else f"value must be inside range [{low}, {high}]"

    return rule


def one_of(*names: str) -> Rule:
    """It has to be one of these."""

    def rule(value: Any) -> str | None:
        return None if value in names else f"value must be in list [{' '.join(names)}]"

    return rule

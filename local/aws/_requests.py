"""A request as it came over the wire, read back into an operation and its parameters.

Four of the services' protocols: rest-json, rest-xml, json and query, each as far as the services here use it
(https://smithy.io/2.0/aws/protocols/).
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, unquote
from xml.etree import ElementTree as ET

from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

_LABEL: Final = re.compile(r"\{(\w+)(\+?)\}")


class NotReadableError(ValueError):
    """The request is none that the service's model describes."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What came."""

    method: str
    path: str
    """Still percent-encoded."""
    query: str
    headers: Mapping[str, str]
    body: bytes


def read_request(model: ServiceModel, request: HttpRequest) -> tuple[OperationModel, dict[str, Any]]:
    """The operation that is asked for, and its parameters as botocore was given them.

    Raises:
        NotReadableError: it is no request of this service.
    """
    try:
        match model.metadata["protocol"]:
            case "json":
                return _read_json(model, request)
            case "query":
                return _read_query(model, request)
            case _:
                return _read_rest(model, request)
    except (UnicodeDecodeError, json.JSONDecodeError, ET.ParseError, KeyError) as error:
        raise NotReadableError(f"{type(error).__name__} in the request") from error


def _read_json(model: ServiceModel, request: HttpRequest) -> tuple[OperationModel, dict[str, Any]]:
    prefix, _, name = request.headers.get("x-amz-target", "").partition(".")
    if prefix != model.metadata["targetPrefix"] or name not in model.operation_names:
        raise NotReadableError("X-Amz-Target names no operation")
    operation = model.operation_model(name)
    return operation, _from_json(operation.input_shape, json.loads(request.body or b"{}"))


def _read_query(model: ServiceModel, request: HttpRequest) -> tuple[OperationModel, dict[str, Any]]:
    fields = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
    name = fields.pop("Action", "")
    if fields.pop("Version", None) != model.api_version or name not in model.operation_names:
        raise NotReadableError("Action and Version name no operation")
    operation = model.operation_model(name)
    shape = operation.input_shape
    parameters = _from_fields(shape, fields, "") if shape is not None else {}
    left = fields.keys() - _used(shape, fields)
    if left:
        raise NotReadableError(f"fields that the operation does not have: {', '.join(sorted(left))}")
    return operation, parameters


def _read_rest(model: ServiceModel, request: HttpRequest) -> tuple[OperationModel, dict[str, Any]]:
    for name in _by_specificity(model, request.method):
        operation = model.operation_model(name)
        labels = _labels(operation, request)
        if labels is not None:
            return operation, _rest_parameters(operation, labels, request)
    raise NotReadableError(f"no operation is at {request.method} {request.path}")


def _by_specificity(model: ServiceModel, method: str) -> Iterator[str]:
    """Operations of a method, those with the most fixed path and query first."""

    def fixed(name: str) -> tuple[int, int]:
        path, _, query = str(model.operation_model(name).http["requestUri"]).partition("?")
        return len(query), len(_LABEL.sub("", path))

    names = [name for name in model.operation_names if model.operation_model(name).http["method"] == method]
    yield from sorted(names, key=fixed, reverse=True)


def _labels(operation: OperationModel, request: HttpRequest) -> dict[str, str] | None:
    """The labels of the path, if it is this operation's."""
    path, _, constant = str(operation.http["requestUri"]).partition("?")
    queried = dict(parse_qsl(request.query, keep_blank_values=True))
    if any(queried.get(name) != value for name, value in parse_qsl(constant, keep_blank_values=True)):
        return None
    if not _needed(operation.input_shape) <= queried.keys() | request.headers.keys():
        return None  # S3 has several operations at one path, which differ in what they need
    pattern = ""
    for index, part in enumerate(re.split(r"(\{\w+\+?\})", path)):
        label = _LABEL.fullmatch(part) if index % 2 else None
        pattern += f"(?P<{label[1]}>{'.+' if label[2] else '[^/]+'})" if label else re.escape(part)
    found = re.fullmatch(pattern.rstrip("/") + "/?", request.path)
    return {name: unquote(value) for name, value in found.groupdict().items()} if found else None


def _needed(shape: Shape | None) -> set[str]:
    """What must stand in the query or in a header."""
    members = [shape.members[name] for name in shape.required_members] if isinstance(shape, StructureShape) else []
    places = [(member.serialization.get("location"), str(member.serialization.get("name"))) for member in members]
    return {name.lower() if at == "header" else name for at, name in places if at in {"header", "querystring"}}


def _rest_parameters(operation: OperationModel, labels: dict[str, str], request: HttpRequest) -> dict[str, Any]:
    shape = operation.input_shape
    if shape is None:
        return {}
    assert isinstance(shape, StructureShape)  # noqa: S101 -- an operation's input always is; this tells the type checker
    queried = dict(parse_qsl(request.query, keep_blank_values=True))
    parameters: dict[str, Any] = {}
    payload = shape.serialization.get("payload")
    for name, member in shape.members.items():
        at, wire = member.serialization.get("location"), member.serialization.get("name", name)
        if at == "uri" and wire in labels:
            parameters[name] = _from_text(member, labels[wire])
        elif at == "querystring" and wire in queried:
            parameters[name] = _from_text(member, queried[wire])
        elif at == "header" and wire.lower() in request.headers:
            parameters[name] = _from_text(member, request.headers[wire.lower()])
        elif name == payload and request.body:
            parameters[name] = _body(operation, member, request.body)
    if payload is None and request.body:
        body = {k: v for k, v in shape.members.items() if "location" not in v.serialization}
        parameters |= _json_members(body, json.loads(request.body))
    return parameters


def _body(operation: OperationModel, member: Shape, body: bytes) -> Any:
    if member.type_name == "blob":
        return body
    if operation.service_model.metadata["protocol"] == "rest-xml":
        return _from_xml(member, ET.fromstring(body))  # noqa: S314 -- from botocore, on loopback, in a stand-in
    return _from_json(member, json.loads(body))


def _from_json(shape: Shape | None, value: Any) -> Any:
    """JSON by the names of the parameters; null is as good as absent."""
    if isinstance(shape, StructureShape) and isinstance(value, dict) and not getattr(shape, "is_document_type", False):
        return _json_members(shape.members, value)
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_from_json(shape.member, item) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: _from_json(shape.value, item) for key, item in value.items()}
    if shape is not None and shape.type_name == "blob" and isinstance(value, str):
        return base64.b64decode(value)
    return value


def _json_members(members: Mapping[str, Shape], value: dict[str, Any]) -> dict[str, Any]:
    names = {member.serialization.get("name", name): name for name, member in members.items()}
    return {
        names.get(key, key): _from_json(members.get(names.get(key, key)), item)
        for key, item in value.items()
        if item is not None
    }


def _from_xml(shape: Shape, node: ET.Element) -> Any:
    if isinstance(shape, StructureShape):
        names = {member.serialization.get("name", name): name for name, member in shape.members.items()}
        found: dict[str, Any] = {}
        for child in node:
            name = names[child.tag.rpartition("}")[2]]
            member = shape.members[name]
            if isinstance(member, ListShape) and member.serialization.get("flattened"):
                found.setdefault(name, []).append(_from_xml(member.member, child))
            else:
                found[name] = _from_xml(member, child)
        return found
    if isinstance(shape, ListShape):
        return [_from_xml(shape.member, child) for child in node]
    return _from_text(shape, node.text or "")


def _from_fields(shape: Shape, fields: Mapping[str, str], prefix: str) -> Any:
    """Form fields of the query protocol: `Parameters.member.1.ParameterKey`."""
    if isinstance(shape, StructureShape):
        return {
            name: _from_fields(member, fields, at)
            for name, member in shape.members.items()
            if _has(fields, at := _joined(prefix, member.serialization.get("name", name)))
        }
    if isinstance(shape, ListShape):
        return [_from_fields(shape.member, fields, at) for at in _items(fields, f"{prefix}.member")]
    if isinstance(shape, MapShape):
        entries = _items(fields, f"{prefix}.entry")
        return {fields[f"{at}.key"]: _from_fields(shape.value, fields, f"{at}.value") for at in entries}
    return _from_text(shape, fields[prefix])


def _items(fields: Mapping[str, str], prefix: str) -> Iterator[str]:
    number = 1
    while _has(fields, f"{prefix}.{number}"):
        yield f"{prefix}.{number}"
        number += 1


def _has(fields: Mapping[str, str], prefix: str) -> bool:
    return prefix in fields or any(name.startswith(f"{prefix}.") for name in fields)


def _used(shape: Shape | None, fields: Mapping[str, str]) -> set[str]:
    """The fields that belong to a member of the input."""
    members = shape.members if isinstance(shape, StructureShape) else {}
    tops = {member.serialization.get("name", name) for name, member in members.items()}
    return {name for name in fields if name.split(".", 1)[0] in tops}


def _joined(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _from_text(shape: Shape, text: str) -> Any:
    """A value of a label, a header or a field; what cannot be read stays text, and breaks its type."""
    try:
        match shape.type_name:
            case "integer" | "long":
                return int(text)
            case "float" | "double":
                return float(text)
            case "boolean":
                return {"true": True, "false": False}.get(text, text)
    except ValueError:
        return text
    return text

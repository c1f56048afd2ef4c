"""Results and errors written as a service writes them, after the model has been asked whether they are right."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from local.aws._violations import violations


class AwsError(Exception):
    """A service's refusal, by the code that its model has.

    Args:
        code: As `ThrottlingException`.
        status: The HTTP status.
        message: What the service says.
        members: What the error has besides.
    """

    def __init__(self, code: str, *, status: int = 400, message: str = "", **members: Any) -> None:
        self.code = code
        self.status = status
        self.message = message or f"{code}, it was said"
        self.members = members
        super().__init__(f"{code}: {self.message}")


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What goes back."""

    status: int
    body: bytes
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


def write_result(operation: OperationModel, result: Mapping[str, Any]) -> HttpResponse:
    """The answer for a result.

    Raises:
        ValueError: the stand-in itself is wrong: the operation has no such result.
    """
    shape = operation.output_shape
    wrong = violations(shape, dict(result)) if shape is not None or result else []
    if wrong:
        raise ValueError(f"{operation.name} has no such result: {'; '.join(wrong)}")
    status = int(operation.http.get("responseCode", 200))
    match operation.service_model.metadata["protocol"]:
        case "json":
            version = operation.service_model.metadata["jsonVersion"]
            return HttpResponse(status, _json(shape, result), f"application/x-amz-json-{version}")
        case "rest-json":
            return HttpResponse(status, _json(shape, result), "application/json")
        case "query":
            return HttpResponse(status, _query(operation, result), "text/xml")
        case _:
            return _rest_xml(operation, result, status)


def write_error(error: AwsError, *, protocol: str) -> HttpResponse:
    """The answer for a refusal, in the form of the protocol."""
    headers = {"x-amzn-errortype": error.code, "x-amzn-requestid": "00000000-0000-4000-8000-000000000000"}
    if protocol in {"json", "rest-json"}:
        members = {"__type": error.code, "message": error.message, **error.members}
        return HttpResponse(error.status, json.dumps(members).encode(), "application/json", headers)
    root = ET.Element("Error" if protocol == "rest-xml" else "ErrorResponse")
    holder = root if protocol == "rest-xml" else ET.SubElement(root, "Error")
    for name, text in (("Type", "Sender"), ("Code", error.code), ("Message", error.message)):
        ET.SubElement(holder, name).text = text
    return HttpResponse(error.status, ET.tostring(root), "text/xml", headers)


def _json(shape: Shape | None, result: Mapping[str, Any]) -> bytes:
    return json.dumps(_jsonable(shape, result)).encode()


def _jsonable(shape: Shape | None, value: Any) -> Any:
    if isinstance(shape, StructureShape):
        names = {name: member.serialization.get("name", name) for name, member in shape.members.items()}
        return {names[key]: _jsonable(shape.members[key], item) for key, item in value.items()}
    if isinstance(shape, ListShape):
        return [_jsonable(shape.member, item) for item in value]
    if isinstance(shape, MapShape):
        return {key: _jsonable(shape.value, item) for key, item in value.items()}
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    return value


def _query(operation: OperationModel, result: Mapping[str, Any]) -> bytes:
    root = ET.Element(f"{operation.name}Response")
    shape = operation.output_shape
    if shape is not None:
        wrapper = shape.serialization.get("resultWrapper", f"{operation.name}Result")
        _fill(ET.SubElement(root, wrapper), shape, result)
    metadata = ET.SubElement(root, "ResponseMetadata")
    ET.SubElement(metadata, "RequestId").text = "00000000-0000-4000-8000-000000000000"
    return ET.tostring(root)


def _rest_xml(operation: OperationModel, result: Mapping[str, Any], status: int) -> HttpResponse:
    """Headers and an XML body; no result here has a payload of its own."""
    shape = operation.output_shape
    headers: dict[str, str] = {}
    root = ET.Element(f"{operation.name}Result")
    members = shape.members if isinstance(shape, StructureShape) else {}
    for name, value in result.items():
        member = members[name]
        if member.serialization.get("location") == "header":
            headers[str(member.serialization["name"])] = str(value)
        else:
            _fill_member(root, name, member, value)
    return HttpResponse(status, ET.tostring(root) if len(root) else b"", "application/xml", headers)


def _fill(node: ET.Element, shape: Shape, value: Any) -> None:
    if isinstance(shape, StructureShape):
        for name, item in value.items():
            _fill_member(node, name, shape.members[name], item)
    elif isinstance(shape, ListShape):
        for item in value:
            _fill(ET.SubElement(node, str(shape.member.serialization.get("name", "member"))), shape.member, item)
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            entry = ET.SubElement(node, "entry")
            ET.SubElement(entry, "key").text = key
            _fill(ET.SubElement(entry, "value"), shape.value, item)
    elif isinstance(value, bool):
        node.text = "true" if value else "false"
    elif isinstance(value, datetime):
        node.text = value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    else:
        node.text = str(value)


def _fill_member(node: ET.Element, name: str, member: Shape, value: Any) -> None:
    """A member of a structure; the items of a flattened list stand beside the other members."""
    wire = str(member.serialization.get("name", name))
    if isinstance(member, ListShape) and member.serialization.get("flattened"):
        for item in value:
            _fill(ET.SubElement(node, wire), member.member, item)
    else:
        _fill(ET.SubElement(node, wire), member, value)

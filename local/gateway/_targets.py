"""A target: a Lambda function and the tools that the gateway shows for it."""

import json
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from mcp import types
from pydantic import TypeAdapter

from local.gateway._functions import LambdaFunction
from shared.errors import ConfigurationError

SEPARATOR: Final = "___"
"""Between the target's name and the tool's."""

_SCHEMA_MEMBERS: Final = frozenset({"type", "properties", "required", "items", "description"})
_DEFINITIONS: Final = TypeAdapter(list[dict[str, Any]])


class LambdaTarget:
    """A target of type Lambda.

    Args:
        name: Stands before the names of its tools.
        target_id: As the gateway made it.
        function: What does the work.
        tools: The definitions: what `inlinePayload` holds.
        allowed_request_headers: The headers that the function gets, in lower case.
    """

    def __init__(
        self,
        name: str,
        target_id: str,
        function: LambdaFunction,
        tools: Sequence[Mapping[str, Any]],
        *,
        allowed_request_headers: Sequence[str] = (),
    ) -> None:
        self._function = function
        self._target_id = target_id
        self._headers = frozenset(header.lower() for header in allowed_request_headers)
        self.tools = [_tool(name, definition) for definition in tools]

    async def call(
        self, name: str, arguments: dict[str, Any], *, gateway_id: str, message_id: str, headers: Mapping[str, str]
    ) -> Any:
        """Calls one of the tools.

        Args:
            name: With the target's name before it.
            arguments: Handed over as they are: a gateway checks no more than its schema can say.
            gateway_id: Of the gateway that calls.
            message_id: The id of the JSON-RPC request.
            headers: Those of the request, with what the interceptor made of them.

        Raises:
            FunctionFailed: the function failed.
        """
        custom = {
            "bedrockAgentCoreMessageVersion": "1.0",
            "bedrockAgentCoreAwsRequestId": str(uuid.uuid4()),
            "bedrockAgentCoreMcpMessageId": message_id,
            "bedrockAgentCoreGatewayId": gateway_id,
            "bedrockAgentCoreTargetId": self._target_id,
            "bedrockAgentCoreToolName": name,
            "bedrockAgentCorePropagatedHeaders": {
                header: value for header, value in headers.items() if header.lower() in self._headers
            },
        }
        return await self._function.invoke(arguments, custom)


def read_tools(path: Path) -> list[dict[str, Any]]:
    """The definitions in a file of the form that `toolSchema` takes.

    Raises:
        ConfigurationError: the file cannot be read, or holds what a gateway would not take.
    """
    try:
        definitions = _DEFINITIONS.validate_python(json.loads(path.read_text(encoding="utf-8")))
        for definition in definitions:
            _check_schema(definition["inputSchema"])
            _tool("target", definition)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{path.name} is no schema of tools that a gateway takes: {error}.") from error
    return definitions


def _tool(target: str, definition: Mapping[str, Any]) -> types.Tool:
    return types.Tool(
        name=f"{target}{SEPARATOR}{definition['name']}",
        description=definition["description"],
        input_schema=dict(definition["inputSchema"]),
    )


def _check_schema(schema: Mapping[str, Any]) -> None:
    """AgentCore's `SchemaDefinition` knows these members and no other."""
    if unknown := schema.keys() - _SCHEMA_MEMBERS:
        raise ValueError(f"a schema has no {', '.join(sorted(unknown))}")
    for inner in schema.get("properties", {}).values():
        _check_schema(inner)
    if "items" in schema:
        _check_schema(schema["items"])

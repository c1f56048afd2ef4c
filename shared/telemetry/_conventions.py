"""The names that attributes of spans have here: those of OpenTelemetry's conventions where there is one.

The type is the list: what is not named here cannot be written, and `docs/reference/telemetry.md` explains each.
"""

from typing import Final, Literal, get_args

Kind = Literal["server", "client", "internal"]
Value = str | int | float | bool

AttributeName = Literal[
    "error.type",
    "faas.name",
    "gen_ai.agent.name",
    "gen_ai.conversation.id",
    "gen_ai.input.messages",
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.call.id",
    "gen_ai.tool.call.result",
    "gen_ai.tool.name",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "helpdesk.act.id",
    "helpdesk.client.id",
    "helpdesk.model_calls",
    "helpdesk.request.id",
    "helpdesk.task.id",
    "http.request.method",
    "http.response.status_code",
    "mcp.method.name",
    "mcp.protocol.version",
    "rpc.method",
    "rpc.system.name",
    "server.address",
    "server.port",
    "session.id",
    "url.template",
]
ATTRIBUTE_NAMES: Final[frozenset[str]] = frozenset(get_args(AttributeName))

CONTENT: Final[frozenset[str]] = frozenset(
    {"gen_ai.input.messages", "gen_ai.tool.call.arguments", "gen_ai.tool.call.result"}
)
"""Attributes that hold what people, models and tools say: written only where `TELEMETRY_MESSAGE_CONTENT` says so."""

OTHER: Final = "_OTHER"
"""Stands for a value that is not one of the known ones."""

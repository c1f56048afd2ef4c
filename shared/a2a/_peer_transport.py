"""The SDK's transport, for what another team's agent answers: messages are made of no more than one can stand.

Making messages of JSON takes a thousand times as long as reading it, and all other people wait meanwhile: a megabyte of
empty lists stops a process for seconds.
"""

from typing import Any, Final

from a2a.client.transports.jsonrpc import JsonRpcTransport

from shared.a2a._body import holds_more_than

MAX_PEER_VALUES: Final = 10_000
"""JSON values of one answer, or of one event: many times what an agent has to say."""


class PeerTransport(JsonRpcTransport):
    """Speaks JSON-RPC to another agent."""

    def _check_jsonrpc_response(self, response_data: Any) -> dict[str, Any]:
        """Called with each answer, and each event, before messages are made of it.

        Raises:
            ValueError: it holds too many values.
        """
        if holds_more_than(response_data, MAX_PEER_VALUES):
            raise ValueError(f"more than {MAX_PEER_VALUES} values")
        return super()._check_jsonrpc_response(response_data)

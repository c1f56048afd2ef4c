"""Where decisions are recorded: the log, until something that counts as evidence takes its place."""

from typing import Protocol

from shared.authorization._decision import Allow, Decision
from shared.identity import Principal
from shared.telemetry import get_logger

_log = get_logger()


class DecisionRecord(Protocol):
    """Takes every decision, before it has any effect."""

    async def decided(self, decision: Decision, principal: Principal) -> None:
        """Records it. Whatever this raises denies the call: what cannot be recorded does not happen.

        Args:
            decision: The whole decision.
            principal: For whom it was made: issuer, subject, actors, client, token id.
        """


class DecisionLog:
    """Writes decisions to the log."""

    async def decided(self, decision: Decision, principal: Principal) -> None:
        """Writes a line."""
        fields = {
            "tool": decision.tool,
            "agent": decision.agent,
            "person": decision.person,
            "client_id": principal.client_id,
            "relation": decision.relation,
            "objects": list(decision.objects),
            "model_id": decision.model_id,
            "consistency": decision.consistency.value,
        }
        if isinstance(decision, Allow):
            _log.info("tool_call_allowed", **fields)
        else:
            _log.warning("tool_call_denied", reason=decision.reason.value, detail=decision.detail, **fields)

"""Who calls, and for whom: what the door has verified, as one value."""

from dataclasses import dataclass
from typing import Final

from shared.identity import Principal, RawToken

AGENT_SCHEME: Final = "m2m"
"""The card's security scheme for the calling agent's own token."""

USER_SCHEME: Final = "delegatedUser"
"""The card's security scheme for the delegated user token."""

DELEGATED_USER_HEADER: Final = "Delegated-User-Token"
SESSION_HEADER: Final = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
INVOKE_SCOPE: Final = "agent:invoke"
"""The scope that a machine-to-machine token needs to call any subagent."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A verified caller.

    Attributes:
        user: On whose behalf.
        agent: The agent that called, or None where the user's own client did.
        user_token: The user's token as it came in, to be exchanged for the next hop; never forwarded.
    """

    user: Principal
    agent: Principal | None
    user_token: RawToken

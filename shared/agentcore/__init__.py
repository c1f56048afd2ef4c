"""AgentCore Identity: tokens for agents that run on AWS, so that they hold no secret of their own.

Nothing here was tried against the service itself: the tests call a stand-in (`local.aws`) that checks each request
against the service's model.
"""

from shared.agentcore._held import held_token
from shared.agentcore._identity import AgentCoreIdentity, ConsentNeeded, Flow, ResourceRequest
from shared.agentcore._runtime import WORKLOAD_TOKEN_HEADERS, RuntimeToken, current_runtime_token, runtime_token
from shared.agentcore._tokens import AgentCoreTokens, AudienceAs
from shared.agentcore._workload import WorkloadTokens

__all__ = [
    "WORKLOAD_TOKEN_HEADERS",
    "AgentCoreIdentity",
    "AgentCoreTokens",
    "AudienceAs",
    "ConsentNeeded",
    "Flow",
    "ResourceRequest",
    "RuntimeToken",
    "WorkloadTokens",
    "current_runtime_token",
    "held_token",
    "runtime_token",
]

"""Credentials for other systems: this user's own, through this agent, just in time.

A tool never holds one. It asks `Credentials` for a token right before each call, and nothing of it is written anywhere.
`TokenVault` is Auth0's Token Vault; `AgentCoreCredentials` is AgentCore Identity, with the same interface.
"""

from shared.credentials._agentcore import AgentCoreCredentials
from shared.credentials._create import directory_tokens
from shared.credentials._interface import ActingCaller, ConnectionTokens, Credentials, Resource
from shared.credentials._token_vault import TokenVault

__all__ = [
    "ActingCaller",
    "AgentCoreCredentials",
    "ConnectionTokens",
    "Credentials",
    "Resource",
    "TokenVault",
    "directory_tokens",
]

"""The hop: agents that call each other over A2A, each call authenticated, the user's identity travelling with it."""

from shared.a2a._app import create_agent_app
from shared.a2a._caller import (
    AGENT_SCHEME,
    DELEGATED_USER_HEADER,
    INVOKE_SCOPE,
    SESSION_HEADER,
    USER_SCHEME,
    Caller,
)
from shared.a2a._card import HopSecurity, SignInSecurity, Skill, create_card
from shared.a2a._client import AgentClient, AgentTokens, UserTokens, is_final
from shared.a2a._entry import Anonymous, DelegatedHop, Entry, UserEntry
from shared.a2a._limits import Limits

__all__ = [
    "AGENT_SCHEME",
    "DELEGATED_USER_HEADER",
    "INVOKE_SCOPE",
    "SESSION_HEADER",
    "USER_SCHEME",
    "AgentClient",
    "AgentTokens",
    "Anonymous",
    "Caller",
    "DelegatedHop",
    "Entry",
    "HopSecurity",
    "Limits",
    "SignInSecurity",
    "Skill",
    "UserEntry",
    "UserTokens",
    "create_agent_app",
    "create_card",
    "is_final",
]

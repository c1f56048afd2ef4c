"""The hop: agents that call each other over A2A, each call authenticated, the user's identity travelling with it.

What is imported from here is loaded when it is first asked for: `serve` must be at hand before anything heavy is.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from shared.settings import switch_off_sdk_spans

switch_off_sdk_spans()  # before anything below here, or anywhere after `serve`, imports `a2a`

if TYPE_CHECKING:
    from shared.a2a._app import create_agent_app
    from shared.a2a._caller import (
        AGENT_SCHEME,
        DELEGATED_USER_HEADER,
        INVOKE_SCOPE,
        SESSION_HEADER,
        USER_SCHEME,
        Caller,
    )
    from shared.a2a._card import (
        FIRST_EXAMPLES,
        HopSecurity,
        SignInSecurity,
        Skill,
        create_card,
        described,
        examples_told,
        read_examples,
        tags,
    )
    from shared.a2a._client import AgentClient, UserTokens
    from shared.a2a._context import caller_of
    from shared.a2a._entry import Anonymous, DelegatedHop, Entry, UserEntry
    from shared.a2a._heard import ASK_AGAIN_KEY, is_final
    from shared.a2a._held_card import AgentTokens
    from shared.a2a._limits import Limits, OpenRequests, RateLimit
    from shared.a2a._main import main
    from shared.a2a._own_words import own_words_of
    from shared.a2a._serve import HTTP_PROTOCOL, KEEP_ALIVE_SECONDS, serve
    from shared.a2a._signed_card import CardKeys
    from shared.a2a._waiting import (
        CALLS_KEY,
        MAX_WAITS,
        OUTCOME,
        RESTART,
        WAITING_KEY,
        Wait,
        calls_of,
        waiting_metadata,
        waits_of,
    )

__all__ = [
    "AGENT_SCHEME",
    "ASK_AGAIN_KEY",
    "CALLS_KEY",
    "DELEGATED_USER_HEADER",
    "FIRST_EXAMPLES",
    "HTTP_PROTOCOL",
    "INVOKE_SCOPE",
    "KEEP_ALIVE_SECONDS",
    "MAX_WAITS",
    "OUTCOME",
    "RESTART",
    "SESSION_HEADER",
    "USER_SCHEME",
    "WAITING_KEY",
    "AgentClient",
    "AgentTokens",
    "Anonymous",
    "Caller",
    "CardKeys",
    "DelegatedHop",
    "Entry",
    "HopSecurity",
    "Limits",
    "OpenRequests",
    "RateLimit",
    "SignInSecurity",
    "Skill",
    "UserEntry",
    "UserTokens",
    "Wait",
    "caller_of",
    "calls_of",
    "create_agent_app",
    "create_card",
    "described",
    "examples_told",
    "is_final",
    "main",
    "own_words_of",
    "read_examples",
    "serve",
    "tags",
    "waiting_metadata",
    "waits_of",
]

_MODULES = {
    "_app": ("create_agent_app",),
    "_caller": ("AGENT_SCHEME", "DELEGATED_USER_HEADER", "INVOKE_SCOPE", "SESSION_HEADER", "USER_SCHEME", "Caller"),
    "_card": (
        *("FIRST_EXAMPLES", "HopSecurity", "SignInSecurity", "Skill", "create_card", "described", "examples_told"),
        *("read_examples", "tags"),
    ),
    "_client": ("AgentClient", "UserTokens"),
    "_context": ("caller_of",),
    "_entry": ("Anonymous", "DelegatedHop", "Entry", "UserEntry"),
    "_heard": ("ASK_AGAIN_KEY", "is_final"),
    "_held_card": ("AgentTokens",),
    "_limits": ("Limits", "OpenRequests", "RateLimit"),
    "_main": ("main",),
    "_own_words": ("own_words_of",),
    "_serve": ("HTTP_PROTOCOL", "KEEP_ALIVE_SECONDS", "serve"),
    "_signed_card": ("CardKeys",),
    "_waiting": (
        *("CALLS_KEY", "MAX_WAITS", "OUTCOME", "RESTART", "WAITING_KEY", "Wait"),
        *("calls_of", "waiting_metadata", "waits_of"),
    ),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value

"""Typed settings, read once from the environment."""

from shared.settings._agent import (
    AgentSettings,
    AllowedCaller,
    Environment,
    ModelProvider,
    OutboundSettings,
    ServiceSettings,
    SubagentSettings,
    is_loopback,
    require_secure_url,
)
from shared.settings._load import Settings

__all__ = [
    "AgentSettings",
    "AllowedCaller",
    "Environment",
    "ModelProvider",
    "OutboundSettings",
    "ServiceSettings",
    "Settings",
    "SubagentSettings",
    "is_loopback",
    "require_secure_url",
]

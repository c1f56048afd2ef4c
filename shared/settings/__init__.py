"""Typed settings, read once from the environment.

Nothing here imports what works: an agent reads its settings before it listens, and loads the rest afterwards.
"""

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
from shared.settings._agentcore import AgentCoreSettings
from shared.settings._approval import ApprovalSettings
from shared.settings._audit import AuditSettings
from shared.settings._directory import DirectorySettings
from shared.settings._fga import FgaApiSettings, FgaSettings
from shared.settings._load import Settings
from shared.settings._telemetry import TelemetrySettings, switch_off_sdk_spans, switch_on_sdk_spans

__all__ = [
    "AgentCoreSettings",
    "AgentSettings",
    "AllowedCaller",
    "ApprovalSettings",
    "AuditSettings",
    "DirectorySettings",
    "Environment",
    "FgaApiSettings",
    "FgaSettings",
    "ModelProvider",
    "OutboundSettings",
    "ServiceSettings",
    "Settings",
    "SubagentSettings",
    "TelemetrySettings",
    "is_loopback",
    "require_secure_url",
    "switch_off_sdk_spans",
    "switch_on_sdk_spans",
]

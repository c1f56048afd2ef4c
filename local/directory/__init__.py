"""The upstream system of record, as a stand-in for one machine that speaks the Okta API's wire format."""

from local.directory._app import create_app
from local.directory._config import AGENT_SCOPES, DirectoryConfig, Faults

__all__ = ["AGENT_SCOPES", "DirectoryConfig", "Faults", "create_app"]

"""A stand-in for OpenFGA, and for Auth0 FGA, on one machine: the same HTTP API, over SQLite."""

from local.fga._access import AccessTokens, Anybody, PresharedKeys
from local.fga._app import create_app
from local.fga._config import Faults, FgaConfig

__all__ = ["AccessTokens", "Anybody", "Faults", "FgaConfig", "PresharedKeys", "create_app"]

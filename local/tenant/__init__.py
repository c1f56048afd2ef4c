"""A stand-in for an Auth0 tenant, exact on the wire, for one machine. `README.md` says what is assumed."""

from local.tenant.app import create_app
from local.tenant.settings import TenantSettings

__all__ = ["TenantSettings", "create_app"]

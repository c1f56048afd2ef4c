"""The Management API, as far as this system and the Deploy CLI need it: one table of operations with their scopes."""

from local.tenant.management._call import Operation
from local.tenant.management._operations import FURTHER_SCOPES, OPERATIONS, management_routes

__all__ = ["FURTHER_SCOPES", "OPERATIONS", "Operation", "management_routes"]

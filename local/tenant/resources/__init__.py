"""What the tenant is made of, as the Management API keeps it: a row for each resource, and the definition follows.

A tenant that reads a file has its rows written from it (`fill`); one that is managed has them from whoever calls the
Management API. After every change the tenant serves what `definition_from` makes of them.
"""

from local.tenant.resources._defaults import API_DEFAULTS, CLIENT_DEFAULTS, FACTORS
from local.tenant.resources._definition import definition_from
from local.tenant.resources._fill import fill
from local.tenant.resources._store import Kind, Resource, Resources

__all__ = [
    "API_DEFAULTS",
    "CLIENT_DEFAULTS",
    "FACTORS",
    "Kind",
    "Resource",
    "Resources",
    "definition_from",
    "fill",
]

"""Every check, in the order in which they are listed: a module is a family, or a part of one."""

from typing import Final

from portal.doctor._check import Check
from portal.doctor.checks import (
    auth0_accounts,
    auth0_apis,
    auth0_approvals,
    auth0_clients,
    auth0_issuer,
    aws_runtimes,
    aws_services,
    fga,
    postgres,
    settings,
)

_FAMILIES = (
    settings,
    auth0_issuer,
    auth0_apis,
    auth0_clients,
    auth0_accounts,
    auth0_approvals,
    fga,
    postgres,
    aws_runtimes,
    aws_services,
)

CHECKS: Final[tuple[Check, ...]] = tuple(
    value for family in _FAMILIES for value in vars(family).values() if isinstance(value, Check)
)
"""In each module as they stand there."""

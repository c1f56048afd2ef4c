"""What the tests of the tenant share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.tenant.testing import LocalTenant

MakeTenant = Callable[..., LocalTenant]
Definition = dict[str, Any]
EditDefinition = Callable[[Callable[[Definition], None]], Path]


def named(items: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The part of a definition with this name."""
    return next(item for item in items if item["name"] == name)

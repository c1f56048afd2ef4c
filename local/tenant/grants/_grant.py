"""What a grant is: one way to get tokens, one module."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.tenant._clients import Client
from local.tenant._parameters import Parameters
from local.tenant._tenant import Tenant


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A token request whose client has been authenticated."""

    tenant: Tenant
    client: Client
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """A token response (RFC 6749 §5.1), and what the log says of it."""

    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    user_id: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant type: who may use it, what it does, and how the tenant's log calls it.

    Args:
        grant_type: Its name on the wire.
        allowed: Whether a client may use it.
        handle: Issues tokens, or raises a Refusal.
        succeeded: The log type code of a success.
        failed: The log type code of a failure.
    """

    grant_type: str
    allowed: Callable[[Client], bool]
    handle: Callable[[TokenRequest], TokenResponse | Awaitable[TokenResponse]]
    succeeded: str
    failed: str


def listed(grant_type: str) -> Callable[[Client], bool]:
    """The usual rule: the client's `grant_types` has it."""
    return lambda client: grant_type in client.definition.grant_types

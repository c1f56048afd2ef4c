"""Permits: what a check was made for is what the tool acts on.

A permit is made for one call of one tool with its very arguments, reaches the tool beside the model, and is used once.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import InitVar, dataclass, field
from typing import Any, Final, Generic, Protocol, TypeVar

from strands.types.tools import ToolUse

from shared.authorization._decision import Allow
from shared.authorization._resource import Resource
from shared.errors import AuthorizationDenied

T = TypeVar("T")
_Item = TypeVar("_Item")

SEAL: Final = object()
"""Held by the authorizer: nothing else can make a permit."""

Those = Callable[[Sequence[Any], str, Callable[[Any], Resource[Any]]], Awaitable[list[Any]]]
"""How a permit filters: items, relation, what an item is."""

_KEY: Final = "shared.authorization.permits"


class ToolCall(Protocol):
    """A call of a tool: `strands.ToolContext` is one."""

    tool_use: ToolUse
    invocation_state: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Permitted(Generic[T]):
    """What a tool was permitted to act on.

    Attributes:
        value: The thing itself, as it was found before the check; where several were found, a tuple of those allowed.
        also: Which of the relations hold that the tool declared as widening what it does.
        decision: The decision that permitted it.
    """

    value: T
    also: frozenset[str]
    decision: Allow
    again: Callable[[], Awaitable[None]] = field(repr=False, compare=False)
    those: Those = field(repr=False, compare=False)
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not SEAL:
            raise TypeError("a permit is made by the authorizer alone, from a check that was answered")

    async def recheck(self) -> None:
        """Asks again, for the freshest relationships: right before an act, and after anything that took time.

        Raises:
            AuthorizationDenied: The relation is gone.
            UpstreamUnavailable: It could not be found out.
        """
        await self.again()

    async def readable(
        self, items: Sequence[_Item], relation: str, named: Callable[[_Item], Resource[Any]]
    ) -> list[_Item]:
        """Those of the items to which the person and the agent have a relation: all asked at once.

        Args:
            items: What would be shown.
            relation: What it needs.
            named: What an item is in the relationship store.

        Raises:
            UpstreamUnavailable: It could not be found out.
        """
        return await self.those(items, relation, named)


@dataclass(slots=True)
class _Issued:
    """A permit that waits for its call."""

    permit: Permitted[Any] | None
    tool: str
    arguments: str


def reserve(invocation_state: dict[str, Any], tool_use: ToolUse) -> bool:
    """Takes the call's id for one permit; false where it was taken before, in this run."""
    issued: dict[str, _Issued] = invocation_state.setdefault(_KEY, {})
    if str(tool_use["toolUseId"]) in issued:
        return False
    issued[str(tool_use["toolUseId"])] = _Issued(None, str(tool_use["name"]), _written(tool_use))
    return True


def issue(invocation_state: dict[str, Any], tool_use: ToolUse, permit: Permitted[Any]) -> None:
    """Leaves a permit for the call whose id was reserved."""
    invocation_state[_KEY][str(tool_use["toolUseId"])].permit = permit


def require_permit(invocation_state: dict[str, Any], tool_use: ToolUse) -> Permitted[Any]:
    """The permit of a call, which stays there.

    Raises:
        AuthorizationDenied: There is none, or it is for another tool or other arguments.
    """
    found: _Issued | None = invocation_state.get(_KEY, {}).get(str(tool_use["toolUseId"]))
    if found is None or found.permit is None or found.tool != tool_use["name"] or found.arguments != _written(tool_use):
        raise AuthorizationDenied(detail=f"{tool_use['name']} was called without a permit for it")
    return found.permit


def permitted(call: ToolCall, kind: type[T]) -> Permitted[T]:
    """Takes the permit of a call; a second time there is none.

    Args:
        call: The call of the tool.
        kind: What its value must be.

    Raises:
        AuthorizationDenied: There is none for this very call.
    """
    permit = require_permit(call.invocation_state, call.tool_use)
    if not isinstance(permit.value, kind):
        raise TypeError(f"{call.tool_use['name']} was permitted a {type(permit.value).__name__}, not a {kind.__name__}")
    call.invocation_state[_KEY][str(call.tool_use["toolUseId"])].permit = None
    return permit


def _written(tool_use: ToolUse) -> str:
    return json.dumps(tool_use["input"], sort_keys=True, default=repr)

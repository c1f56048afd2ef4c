"""What a tool needs, declared beside it."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from strands.types.tools import AgentTool, ToolSpec, ToolUse

from shared.authorization._permit import require_permit
from shared.authorization._resource import Resource
from shared.errors import ConfigurationError
from shared.identity import Principal, RawToken

T = TypeVar("T")

_ATTRIBUTE: Final = "needs"


class ActingCaller(Protocol):
    """Who asked an agent to act: `shared.a2a.Caller` is one."""

    @property
    def user(self) -> Principal:
        """On whose behalf."""

    @property
    def user_token(self) -> RawToken:
        """The user's token as it came in."""


Resolve = Callable[[ActingCaller, Mapping[str, Any]], Awaitable[Resource[T] | Sequence[Resource[T]] | None]]
"""Finds what a call is about, for a verified caller and from the model's arguments, which may name a thing and never
who acts. None where there is no such thing, or where it is not clear which. May raise `HelpdeskError`."""


def _no_words(_: Any) -> None:
    """Leaves the words to this package."""


@dataclass(frozen=True, slots=True)
class Needs(Generic[T]):
    """What a call of a tool needs before it may run.

    Attributes:
        relation: What both the person and the agent need to the resource.
        kind: The resource's type in the relationship store.
        of: Finds the resource; where it finds several, the tool gets those to which the relation is there.
        scope: What the person's own token must hold.
        purpose: What the tool does, to end "I could not …" with.
        also: Relations that widen what the tool does, and are not needed for it: which fields it shows.
        irreversible: Whether the check asks for the freshest relationships. Such a tool calls `recheck` before it acts.
        refused: The words of a refusal, for a resource that is the caller's own, or None for every other, so that
            nothing in them can depend on it. Where it gives None, words of this package are used.
    """

    relation: str
    kind: str
    of: Resolve[T]
    scope: str
    purpose: str
    also: tuple[str, ...] = ()
    irreversible: bool = False
    refused: Callable[[T | None], str | None] = _no_words


@dataclass(frozen=True, slots=True)
class Unchecked:
    """Declares that nothing is checked here, and why that is right."""

    why: str


Declaration = Needs[Any] | Unchecked

Abandon = Callable[[str, Any, str], Awaitable[None]]
"""Takes what a tool that waits wanted to be given back, the caller, and the context."""


Ended = Callable[[str, Any], Awaitable[None]]
"""Takes what a tool that waited wanted to be given back, and the caller."""


class DeclaredTool(AgentTool):
    """A tool with its declaration. It runs only under a permit for this very call."""

    def __init__(
        self, tool: AgentTool, declaration: Declaration, abandon: Abandon | None = None, ended: Ended | None = None
    ) -> None:
        super().__init__()
        self._tool = tool
        self.needs = declaration
        self.abandon = abandon
        self.ended = ended

    @property
    def tool_name(self) -> str:
        """The tool's own name."""
        return self._tool.tool_name

    @property
    def tool_spec(self) -> ToolSpec:
        """The tool's own specification."""
        return self._tool.tool_spec

    @property
    def tool_type(self) -> str:
        """The tool's own type."""
        return self._tool.tool_type

    async def stream(
        self, tool_use: ToolUse, invocation_state: dict[str, Any], **kwargs: Any
    ) -> AsyncGenerator[Any, None]:
        """Runs the tool.

        Raises:
            AuthorizationDenied: without a permit, which an agent without the intervention never has.
        """
        if isinstance(self.needs, Needs):
            require_permit(invocation_state, tool_use)
        async for event in self._tool.stream(tool_use, invocation_state, **kwargs):
            yield event


def needs(
    declaration: Declaration, *, abandon: Abandon | None = None, ended: Ended | None = None
) -> Callable[[AgentTool], DeclaredTool]:
    """Declares what the tool below needs: stands above `@tool`.

    Args:
        declaration: What it needs.
        abandon: Called where its task is cancelled while it waits, with what it wanted to be given back.
        ended: Called where its task has gone on and ended, or waits for others alone, with the same: also where the
            check refused the call, so that the tool itself heard nothing of it.
    """
    return lambda tool: DeclaredTool(tool, declaration, abandon, ended)


def declaration_of(tool: AgentTool | None) -> Declaration | None:
    """What a tool declares, if it does."""
    found = getattr(tool, _ATTRIBUTE, None)
    return found if isinstance(found, Needs | Unchecked) else None


def require_declarations(tools: Sequence[AgentTool]) -> None:
    """Refuses tools that declare nothing.

    Raises:
        ConfigurationError: naming them.
    """
    undeclared = [tool.tool_name for tool in tools if declaration_of(tool) is None]
    if undeclared:
        raise ConfigurationError(
            f"The tool {undeclared[0]} declares nothing that it needs: put @needs(…) above its @tool, "
            "and say there which relation to what it takes."
        )

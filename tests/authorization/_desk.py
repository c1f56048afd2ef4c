"""One tool over a shelf of things, called through a real Strands agent whose model says what the test wrote."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from strands import Agent, ToolContext, tool
from strands.types.tools import AgentTool

from shared.authorization import (
    ActingCaller,
    Allow,
    Authorizer,
    AuthorizeToolCalls,
    Decision,
    Deny,
    Needs,
    Resource,
    needs,
    object_name,
    permitted,
    user_of,
)
from shared.identity import Principal, RawToken
from shared.testing import Calls, Relationships, Says, ScriptedModel, make_principal

SCOPE = "things:use"
AGENT = "agent:shopkeeper"


@dataclass(frozen=True)
class Asker:
    user: Principal
    user_token: RawToken = field(default_factory=lambda: RawToken("never-used"))


AMELIA = Asker(make_principal("auth0|amelia", scopes={SCOPE}))
PERSON = user_of(AMELIA.user)


@dataclass
class Record:
    """Keeps the decisions; fails where it is told to."""

    decisions: list[Decision] = field(default_factory=list)
    broken: bool = False

    async def decided(self, decision: Decision, principal: Principal) -> None:
        assert user_of(principal) == decision.person
        if self.broken:
            raise OSError("the disk is full")
        self.decisions.append(decision)

    @property
    def reasons(self) -> list[str]:
        return ["allowed" if isinstance(each, Allow) else each.reason.value for each in self.decisions]


@dataclass
class Desk:
    """The tool `take`, its shelf, and all that was asked and done.

    Attributes:
        before_act: Runs in the tool, before it acts.
    """

    relationships: Relationships = field(default_factory=Relationships)
    record: Record = field(default_factory=Record)
    irreversible: bool = False
    before_act: Callable[[], None] = lambda: None
    taken: list[str] = field(default_factory=list)
    shown: list[frozenset[str]] = field(default_factory=list)
    model: ScriptedModel = field(default_factory=lambda: ScriptedModel([]))

    @property
    def authorizer(self) -> Authorizer:
        return Authorizer(self.relationships, agent="shopkeeper", record=self.record)

    @property
    def declared(self) -> Needs[str]:
        return Needs(
            "can_take",
            "thing",
            _find,
            scope=SCOPE,
            purpose="take it",
            also=("can_weigh", "can_open"),
            irreversible=self.irreversible,
        )

    def tool(self) -> AgentTool:
        @needs(self.declared)
        @tool(context=True)
        async def take(tool_context: ToolContext, thing: str = "lamp") -> str:
            """Takes a thing.

            Args:
                tool_context: Handed in by the loop.
                thing: Which one.
            """
            permit = permitted(tool_context, str)
            self.shown.append(permit.also)
            self.before_act()
            if self.irreversible:
                await permit.recheck()
            self.taken.append(permit.value)
            return f"took the {permit.value}, asked for {thing}"

        return take

    async def call(self, *calls: tuple[str, dict[str, Any]], tools: Sequence[AgentTool] | None = None) -> list[str]:
        """Has the model make these calls at once; what the tools answered."""
        self.model = ScriptedModel([Calls(tuple(calls)), Says(("done",))])
        agent = Agent(
            model=self.model,
            tools=[*(tools or [self.tool()])],
            callback_handler=None,
            interventions=[AuthorizeToolCalls(self.authorizer)],
        )
        await agent.invoke_async("please", invocation_state={"caller": AMELIA})
        return [
            "".join(part.get("text", "") for part in block["toolResult"]["content"]).removeprefix("DENIED: ")
            for message in agent.messages
            for block in message["content"]
            if "toolResult" in block
        ]

    async def take(self, thing: str = "lamp", **more: Any) -> str:
        """One call."""
        [answer] = await self.call(("take", {"thing": thing, **more}))
        return answer


async def _find(_: ActingCaller, arguments: Mapping[str, Any]) -> Resource[str] | None:
    thing = arguments.get("thing", "lamp")
    return Resource(thing, object_name("thing", thing), own=thing == "lamp") if thing in {"lamp", "clock"} else None


def last_denial(record: Record) -> Deny:
    """The newest decision, which denies."""
    denial = record.decisions[-1]
    assert isinstance(denial, Deny)
    return denial

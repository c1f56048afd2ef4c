"""Asks an agent's tools through a real Strands agent whose model says what the test wrote."""

from collections.abc import Awaitable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from a2a.types import Message, Part
from strands import Agent
from strands.types.tools import AgentTool

from shared.agent_loop._being_done import TO_ITS_END
from shared.agent_loop._history import own_words
from shared.authorization import Authorizer, AuthorizeToolCalls
from shared.testing import Calls, Relationships, Says, ScriptedModel
from tests.directory._world import Asker, asker, texts_of

Call = tuple[str, dict[str, Any]]


@dataclass
class Turn:
    """One turn of the agent loop: what the tools answered, and everything that the model was shown."""

    answers: list[str]
    model: ScriptedModel

    @property
    def answer(self) -> str:
        """The answer of the only call."""
        [answer] = self.answers
        return answer


async def ask(
    tools: Sequence[AgentTool],
    calls: Sequence[Call],
    *,
    who: Asker,
    text: str = "",
    history: Sequence[Any] = (),
    relationships: Relationships | None = None,
) -> Turn:
    """Has the model make these calls, all at once, for the person's text."""
    model = ScriptedModel([Calls(tuple(calls)), Says(("done",))])
    agent = Agent(
        model=model,
        tools=list(tools),
        messages=list(history),
        callback_handler=None,
        interventions=[AuthorizeToolCalls(Authorizer(relationships or Relationships(), agent="an_agent"))],
    )
    before = len(agent.messages)
    asked = Message(parts=[Part(text=text or "please")])
    state = {"caller": who, TO_ITS_END: _done, "own_words": own_words(agent.messages, asked)}
    await agent.invoke_async(text or "please", invocation_state=state)
    answers = [text.removeprefix("DENIED: ") for text in texts_of(agent.messages[before:])]
    return Turn(answers, model)


async def _done(work: Awaitable[Any]) -> Any:
    """No task here is stopped."""
    return await work


EMPLOYEE_SCOPES = frozenset(
    {"account:read", "people:read", "password:read", "password:reset", "account:unlock"},
)
OPERATOR_SCOPES = EMPLOYEE_SCOPES | {"people:manage", "password:expire", "factors:reset"}


def employee(login: str = "amelia.hart", scopes: Collection[str] | None = None) -> Asker:
    """Somebody with an employee's scopes at both agents, or with these."""
    return asker(login, EMPLOYEE_SCOPES if scopes is None else scopes)


def operator(login: str = "oscar.lind") -> Asker:
    """Somebody with a help-desk operator's scopes at both agents."""
    return asker(login, OPERATOR_SCOPES)

"""What stands between a risky act and its effect: a person approves it, and it is done once.

asked ──▶ the task waits ──▶ prepared anew ──▶ permitted still ──▶ taken from the ledger ──▶ done
                                                                          │
                                                no answer ◀───────────────┘
                                                    └──▶ the directory's log tells what became of it,
                                                         and so does the record then
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from agents.password_reset import act_wording as wording
from shared import audit
from shared.a2a import OUTCOME
from shared.agent_loop import to_its_end
from shared.approval import ENDED, UNDER_WAY, WAITING, Approval, Approvals, Entry, Intent, Person, Shown, State
from shared.directory import (
    Account,
    AccountAct,
    ActingCaller,
    ActKind,
    DirectoryClient,
    ToolCall,
    User,
    account_name,
    short_login,
)
from shared.errors import ApprovalEnded, AuthorizationDenied, HelpdeskError, UpstreamUnavailable, WaitsForPerson

LOOKED_BACK: Final = timedelta(hours=1)
MOST_ACTS: Final = 100
SETTLED_SECONDS: Final = 15.0
"""Longer than the directory takes for a call: what its log does not know of by then did not happen."""

WAITED_FOR_SECONDS: Final = 600.0
DIRECTORY_LOG: Final = "directory_log"
"""What settles an act in doubt, as the record has it."""

Effect = Callable[[ActingCaller, User, Entry | None], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class Risk:
    """What a risky act needs.

    Attributes:
        title: The act, as the person who approves it reads it.
        approval: Who that is.
        leaves: What it leaves in the directory's log.
    """

    title: str
    approval: Approval
    leaves: frozenset[ActKind]


@dataclass(frozen=True, slots=True)
class Prepared:
    """An act that is ready to be done.

    Attributes:
        effect: Does it, under the approval in the ledger, if it needed one; says so, where something else came of it
            than `told`.
        told: What is said then.
        parameters: What else decides what it does.
        shown: The same for the person who approves it, by a title.
        effects: How many lines it leaves in the directory's log.
    """

    effect: Effect
    told: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    shown: Mapping[str, str] = field(default_factory=dict)
    effects: int = 1


@dataclass(frozen=True, slots=True)
class RiskyAct:
    """A risky act that a call asks for.

    Attributes:
        name: What it is called in logs.
        purpose: What it does, to end "I could not …" with.
        risk: What it needs.
        call: The call of the tool.
        caller: For whom.
        account: On which account.
        on_record: What each of its effects is in the audit trail.
    """

    name: str
    purpose: str
    risk: Risk
    call: ToolCall
    caller: ActingCaller
    account: Account
    on_record: audit.Action


Prepare = Callable[[], Awaitable[Prepared | str]]
Perform = Callable[[Prepared, Entry | None], Awaitable[str]]


class Guard(Protocol):
    """What risky acts go through."""

    async def carry_out(self, act: RiskyAct, prepare: Prepare, perform: Perform) -> str:
        """Does it, once it may be done, and says what came of it.

        Args:
            act: The act.
            prepare: Finds out what it would do now, or why it is not done.
            perform: Does it.

        Raises:
            WaitsForPerson: it may not be done yet.
        """

    async def abandon(self, resume: str, caller: ActingCaller, context_id: str) -> None:
        """The task was cancelled while it waited."""

    async def ended(self, resume: str, caller: ActingCaller) -> None:
        """The task has ended, whether the act was done or not."""


class ByApproval:
    """Has a person approve each risky act.

    Args:
        directory: Where the accounts are.
        approvals: Asks people, and keeps the ledger.
        trail: The record of what became of an act in doubt.
        renew: Has the caller's credential for the directory asked for anew.
        agents: The names of the agents that call, by their client in Auth0.
        agent: This agent's own name.
    """

    def __init__(
        self,
        directory: DirectoryClient,
        approvals: Approvals,
        trail: audit.Trail,
        *,
        renew: Callable[[ActingCaller], Awaitable[None]],
        agents: Mapping[str, str],
        agent: str,
    ) -> None:
        self._directory = directory
        self._approvals = approvals
        self._trail = trail
        self._renew = renew
        self._agents = agents
        self._agent = agent

    async def carry_out(self, act: RiskyAct, prepare: Prepare, perform: Perform) -> str:
        """See `Guard`."""
        try:
            return await self._carry_out(act, prepare, perform)
        except ApprovalEnded as error:
            return error.public_message

    async def abandon(self, resume: str, caller: ActingCaller, context_id: str) -> None:
        """See `Guard`."""
        await self._approvals.abandon(resume, caller, context_id)

    async def ended(self, resume: str, caller: ActingCaller) -> None:
        """See `Guard`."""
        await self._approvals.task_ended(resume, caller)

    async def _carry_out(self, act: RiskyAct, prepare: Prepare, perform: Perform) -> str:
        entry = await self._approvals.earlier(act.call, act.caller, operation=act.name, account=act.account.user.id)
        if entry is not None:
            if entry.state in WAITING:
                raise self._approvals.waits(entry)
            if entry.state in UNDER_WAY or entry.settled:
                return await self._settle(act, entry)
            if entry.state is State.DONE:
                return entry.told
            if entry.state in ENDED:
                return self._approvals.ended(entry, act.purpose)
        ready = await prepare()
        if isinstance(ready, str):
            if entry is not None:
                await self._approvals.withdraw(entry, "not_ready")
            return ready
        intent = await self._intent(act, ready)
        if entry is None:
            return await self._approvals.ask(intent, act.call, act.caller)
        return await self._act(act, entry, intent, ready, perform)

    async def _act(self, act: RiskyAct, entry: Entry, intent: Intent, ready: Prepared, perform: Perform) -> str:
        """What was approved, once."""
        try:
            await act.account.permit.recheck()
            await self._renew(act.caller)
            before = await self._log(act, since=self._directory.now() - LOOKED_BACK)
        except AuthorizationDenied:
            await self._approvals.withdraw(entry, "no_longer_permitted")
            raise
        mark = max((one.at.timestamp() for one in before), default=0.0)

        async def taken() -> str:
            begun = await self._approvals.begin(entry, intent, act.call, act.caller, mark=mark, effects=ready.effects)
            return await self._begun(act, begun, ready, perform)

        return await to_its_end(act.call, taken())

    async def _begun(self, act: RiskyAct, entry: Entry, ready: Prepared, perform: Perform) -> str:
        """An act that is taken from the ledger, until the ledger knows what came of it."""
        try:
            words = await perform(ready, entry)
        except WaitsForPerson:  # the credential is not to be had: nothing was sent, and what was approved still may be
            await self._approvals.not_begun(entry)
            raise
        except UpstreamUnavailable as error:
            if error.outcome_unknown:
                await self._approvals.in_doubt(entry)
                return await self._settle(act, await self._approvals.current(entry))
            await self._approvals.finish(entry, State.FAILED, error.reason)
            raise
        except HelpdeskError as error:
            await self._approvals.finish(entry, State.FAILED, error.reason)
            raise
        await self._approvals.finish(entry, State.DONE)
        return words

    async def _settle(self, act: RiskyAct, entry: Entry) -> str:
        """What became of an act that was under way when its process ended, or its answer was lost; never a second act.

        The ledger decides it, once; then it goes on record, and only then it is told. A crash in between is made up for
        by whoever goes on with the task: what the row and the log say is recorded again, in the same words.

        Raises:
            WaitsForPerson: that cannot be told yet.
        """
        try:
            lines = await self._lines(act, entry)
        except UpstreamUnavailable:
            lines = None
        now = self._directory.now().timestamp()
        if lines is not None and entry.state in UNDER_WAY and self._is_settled(entry, len(lines)):
            entry = await self._approvals.settle(entry, len(lines))
        if lines is None or entry.state in UNDER_WAY:
            raise WaitsForPerson(
                wording.in_doubt(act.purpose),
                kind=OUTCOME,
                subject=entry.code,
                expires_at=now + WAITED_FOR_SECONDS,
                resume=entry.id,
                is_over=lambda: self._is_known(act, entry),
                detail=f"action {entry.id}",
            )
        if entry.settled:
            await self._put_on_record(act, entry, lines)
        return entry.told if entry.state is State.DONE else self._approvals.ended(entry, act.purpose)

    async def _put_on_record(self, act: RiskyAct, entry: Entry, lines: Sequence[AccountAct]) -> None:
        """The outcome of each effect that there is, and of the one that it ended at, if it did not come to its end."""
        for place in range(entry.effects if entry.state is State.DONE else entry.effects + 1):
            happened = place < entry.effects
            seen = lines[place : place + 1] if happened else ()
            event = audit.Event(
                action=act.on_record,
                outcome=audit.Outcome.SUCCEEDED if happened else audit.Outcome.FAILED,
                who=audit.Who.of(act.caller.user),
                tool=act.name,
                resource=account_name(act.account.user),
                act=entry.act(place),
                approval=on_record(entry),
                result="" if happened else entry.reason,
            )
            await audit.settled(self._trail, event, by=DIRECTORY_LOG, kept_as=seen[0].request if seen else "")

    def _is_settled(self, entry: Entry, seen: int) -> bool:
        return seen >= entry.effects or self._directory.now().timestamp() >= entry.acting_at + SETTLED_SECONDS

    async def _is_known(self, act: RiskyAct, entry: Entry) -> bool:
        """Whether the directory can tell by now what became of it."""
        try:
            lines = await self._lines(act, entry)
        except UpstreamUnavailable:
            return False
        return self._is_settled(entry, len(lines))

    async def _lines(self, act: RiskyAct, entry: Entry) -> list[AccountAct]:
        """What an act that has begun has left in the directory's log, in the order that it was done."""
        begun = datetime.fromtimestamp(entry.acting_at, UTC)
        return [one for one in await self._log(act, since=begun - LOOKED_BACK) if one.at.timestamp() > entry.mark]

    async def _log(self, act: RiskyAct, *, since: datetime) -> list[AccountAct]:
        """When the directory did this to the account, for this person, by its own clock; oldest first."""
        caller, account = act.caller, act.account
        person = account.user if account.own else await self._directory.own_user(caller)
        acts = await self._directory.acts(caller, account.user, since=since, limit=MOST_ACTS)
        return [one for one in reversed(acts) if one.what in act.risk.leaves and one.by.id == person.id]

    async def _intent(self, act: RiskyAct, ready: Prepared) -> Intent:
        user, caller = act.account.user, act.caller
        asks = user if act.account.own else await self._directory.own_user(caller)
        through = [self._agents.get(actor, f"application {actor[:8]}") for actor in reversed(caller.user.actors)]
        return Intent(
            operation=act.name,
            account=user.id,
            policy=act.risk.approval,
            owner=Person(user.subject, user.display_name),
            purpose=act.purpose,
            shown=Shown(
                operation=act.risk.title,
                account=short_login(user),
                requested_by=f"{asks.display_name} ({short_login(asks)})",
                through=(*through, self._agent),
                parameters=ready.shown,
            ),
            told=ready.told,
            parameters=ready.parameters,
        )


def on_record(entry: Entry | None) -> audit.Approval:
    """Under which approval something is done, for the record."""
    if entry is None:
        return audit.Approval()
    return audit.Approval(id=entry.id, approver=entry.approver, action_hash=entry.digest)

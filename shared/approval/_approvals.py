"""What an agent does with risky acts: ask for approval, act once, and find out what became of an act in doubt.

ask ──▶ (the task waits, WaitsForPerson) ──▶ earlier ──▶ begin ──▶ the act ──▶ finish
                                                │                     │
                                                └── ended: words      └── no answer: in_doubt ──▶ settle
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from strands.types.tools import ToolUse

from shared.a2a import OUTCOME, Wait
from shared.approval import _words
from shared.approval._action import (
    Action,
    Shown,
    authorization_details,
    binding_message,
    new_code,
    new_nonce,
)
from shared.approval._asking import Asking, Backchannel
from shared.approval._ledger import (
    ENDED,
    HAPPENED,
    NOT_HAPPENED,
    PARTLY,
    UNDER_WAY,
    WAITING,
    ActionLedger,
    Entry,
    Limits,
    State,
    TooMuch,
)
from shared.approval._policy import Approval, Person, approvers
from shared.approval._poller import GOOD_FOR_SECONDS, Poller
from shared.approval._recording import record_end
from shared.audit import Trail, Unrecorded
from shared.errors import ApprovalEnded, HelpdeskError, OAuthError, WaitsForPerson
from shared.identity import Principal, TokenVerifier
from shared.telemetry import get_logger

KIND: Final = "approval"
"""What a task waits for, in one word for programs."""

WAITED_FOR_SECONDS: Final = 300
SILENT_SECONDS: Final = 1800.0
"""For how long who has not answered is asked after the others, where several may be."""

_log = get_logger()


class ToolCall(Protocol):
    """A call of a tool: `strands.ToolContext` is one."""

    tool_use: ToolUse
    invocation_state: dict[str, Any]


class ActingCaller(Protocol):
    """Who asks, verified."""

    @property
    def user(self) -> Principal:
        """On whose behalf."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A risky act, right before it would be done: nothing has happened yet.

    Attributes:
        operation: Which act.
        account: On which account, by its id in the directory.
        policy: Who has to approve it.
        owner: Whose account it is.
        purpose: What it does, to end "I could not …" with.
        shown: What the person who is asked sees of it.
        told: What is said once it is done.
        parameters: What else decides what it does.
    """

    operation: str
    account: str
    policy: Approval
    owner: Person
    purpose: str
    shown: Shown
    told: str
    parameters: Mapping[str, str] = field(default_factory=dict)


class Approvals:
    """Approvals of one agent.

    Args:
        ledger: The rows.
        backchannel: Reaches people.
        verifier: Verifies what they send back, for this agent's own audience.
        security: Who is on call; the first who can be asked is.
        url: Where people approve in a browser, if there is such a place.
        seconds: For how long a person is asked.
        limits: How much one person is asked.
        clock: Seconds since the epoch.
        trail: The record of who was asked, and what they said; without one, as in a test, none is kept.
    """

    def __init__(
        self,
        ledger: ActionLedger,
        backchannel: Backchannel,
        verifier: TokenVerifier,
        *,
        security: Sequence[Person] = (),
        url: str | None = None,
        seconds: int = WAITED_FOR_SECONDS,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.time,
        trail: Trail | None = None,
    ) -> None:
        self._ledger = ledger
        self._trail = trail or Unrecorded()
        self._limits = limits or Limits()
        self._asking = Asking(ledger, backchannel, verifier, self._limits, clock, self._trail)
        self._poller = Poller(ledger, self._asking, clock=clock)
        self._security = security
        self._url = url
        self._seconds = seconds
        self._clock = clock

    def start(self) -> None:
        """Looks after what waits, also what a process before this one left."""
        self._poller.start()

    async def aclose(self) -> None:
        """Stops that."""
        await self._poller.aclose()

    async def earlier(self, call: ToolCall, caller: ActingCaller, *, operation: str, account: str) -> Entry | None:
        """The action that a call goes on with: the one for which its task waited. None where it begins.

        Only what the task itself kept is looked at, never what a message says; and only a row of the same task, of the
        same person, for the same act on the same account.

        Raises:
            ApprovalEnded: it is of another.
        """
        resume = str(call.invocation_state.get("resume", {}).get(call.tool_use["toolUseId"]) or "")
        if not resume:
            return None
        entry = await self._ledger.get(resume)
        mine = (caller.user.key, str(call.invocation_state["task_id"]), operation, account)
        if entry is None or (entry.owner, entry.task_id, entry.operation, entry.account) != mine:
            raise ApprovalEnded(_words.changed("do this"), detail="the row is of another task, person or act")
        return entry

    async def ask(self, intent: Intent, call: ToolCall, caller: ActingCaller) -> str:
        """Has the person asked, and the task wait.

        Returns:
            Why nobody is asked.

        Raises:
            WaitsForPerson: they are.
            UpstreamError, ClientAuthenticationError: they could not be.
        """
        user = caller.user
        found = approvers(intent.policy, owner=intent.owner, security=self._security, requester=user.subject)
        said = _words.nobody(intent.purpose, four_eyes=intent.policy.four_eyes)
        for who in await self._by_readiness(found):
            entry = self._entry(intent, call, caller, who)
            own = who.subject == user.subject
            refused = await self._ledger.open(entry, self._limits)
            if refused is None:
                if await self._asked(entry):
                    self._poller.wake()
                    raise self.waits(entry)
                said = _words.no_device(who, intent.purpose, own=own, url=self._url)
                continue
            _log.warning("approval_not_asked_for", why=str(refused), operation=intent.operation, account=intent.account)
            said = _words.too_much(refused, who, own=own, wait=self._limits.cooldown)
            if refused is not TooMuch.PENDING:  # a no is not made up for by asking somebody else
                break
        return said

    async def _by_readiness(self, people: Sequence[Person]) -> list[Person]:
        """The same people, those last who have just not answered."""
        since = self._clock() - SILENT_SECONDS
        silent = [await self._ledger.ended(one.subject, State.EXPIRED, since) for one in people]
        return [one for _, one in sorted(zip(silent, people, strict=True), key=lambda pair: pair[0])]

    async def _asked(self, entry: Entry) -> bool:
        """Whether the person could be asked.

        Raises:
            UpstreamError, ClientAuthenticationError: nobody could be.
        """
        try:
            await self._asking.ask(entry)
        except OAuthError as error:
            _log.warning("approval_not_to_be_had", action=entry.id, reason=error.error, detail=error.detail)
            await self._asking.end(entry, State.FAILED, error.error)
            return False
        except HelpdeskError as error:
            await self._asking.end(entry, State.FAILED, error.reason)
            raise
        return True

    def waits(self, entry: Entry) -> WaitsForPerson:
        """What a task that waits for this raises."""

        async def is_over() -> bool:
            now = await self._ledger.get(entry.id)
            return now is None or now.state not in WAITING

        return WaitsForPerson(
            entry.words,
            kind=KIND,
            subject=entry.code,
            url=self._url,
            expires_at=entry.deadline,
            resume=entry.id,
            is_over=is_over,
            detail=f"approval {entry.id}",
        )

    async def begin(
        self, entry: Entry, intent: Intent, call: ToolCall, caller: ActingCaller, *, mark: float, effects: int
    ) -> Entry:
        """Takes the approval: from now on the act is under way, and nobody else begins it.

        Args:
            entry: The action.
            intent: What would be done now, found anew.
            call: The call.
            caller: Who asks.
            mark: The newest such act that the directory's log knows, so that a later one is told from it.
            effects: How many lines it leaves there.

        Returns:
            The action, begun.

        Raises:
            ApprovalEnded: what would be done is not what was approved, it was approved too long ago, or another has
                taken it.
        """
        action = _action(intent, call, caller, nonce=entry.id)
        if action.digest != entry.digest:
            await self.withdraw(entry, "changed")
            _log.error("approval_of_another_action", action=entry.id, operation=intent.operation)
            raise ApprovalEnded(_words.changed(intent.purpose), detail="the hash is another")
        if self._clock() - entry.approved_at > GOOD_FOR_SECONDS:
            await self._ledger.move(entry.id, {State.APPROVED}, State.EXPIRED, reason="not_used")
        acting_at = self._clock()
        taken = await self._ledger.move(
            entry.id,
            {State.APPROVED},
            State.ACTING,
            acting_at=acting_at,
            mark=mark,
            effects=effects,
            told=intent.told,
        )
        if not taken:
            now = await self._ledger.get(entry.id) or entry
            words = _words.ended(now, intent.purpose) if now.state in ENDED else _words.changed(intent.purpose)
            raise ApprovalEnded(words, detail=f"it is {now.state}")
        return replace(entry, state=State.ACTING, acting_at=acting_at, mark=mark, effects=effects, told=intent.told)

    async def not_begun(self, entry: Entry) -> None:
        """The act could not even be sent: what was approved may still be done."""
        await self._ledger.move(entry.id, {State.ACTING}, State.APPROVED)

    async def in_doubt(self, entry: Entry) -> None:
        """It was sent, and no answer came."""
        await self._ledger.move(entry.id, {State.ACTING}, State.IN_DOUBT)
        _log.warning("action_in_doubt", action=entry.id, operation=entry.operation, account=entry.account)

    async def finish(self, entry: Entry, state: State, reason: str = "") -> None:
        """It was done, or was not."""
        await self._ledger.move(entry.id, {*UNDER_WAY}, state, reason=reason)
        _log.info("action_ended", action=entry.id, operation=entry.operation, state=str(state), reason=reason)

    async def settle(self, entry: Entry, effects: int) -> Entry:
        """How an act in doubt ended, by the other system's log; the first to say so decides it.

        Args:
            entry: The action.
            effects: How many lines it has left there.

        Returns:
            The row as it is then, `settled` unless whoever acted has ended it.
        """
        done = effects >= entry.effects
        state = State.DONE if done else State.FAILED
        reason = HAPPENED if done else PARTLY if effects else NOT_HAPPENED
        left = min(effects, entry.effects)
        if await self._ledger.move(entry.id, {*UNDER_WAY}, state, reason=reason, effects=left):
            _log.info("action_ended", action=entry.id, operation=entry.operation, state=str(state), reason=reason)
        return await self.current(entry)

    async def withdraw(self, entry: Entry, reason: str) -> None:
        """What was approved, or still waits, will not be done."""
        if await self._ledger.move(entry.id, {*WAITING, State.APPROVED}, State.FAILED, reason=reason, auth_req_id=""):
            _log.info(
                "approval_ended", action=entry.id, state=str(State.FAILED), reason=reason, operation=entry.operation
            )
            record_end(self._trail, entry, State.FAILED, reason)

    async def abandon(self, resume: str, caller: ActingCaller, context_id: str) -> None:  # noqa: ARG002 -- as the agent loop calls it
        """The task was cancelled: whatever the person answers has no effect any more."""
        entry = await self._ledger.get(resume)
        if entry is None or entry.owner != caller.user.key:
            return
        cancelled = await self._ledger.move(
            resume, {*WAITING, State.APPROVED}, State.CANCELLED, reason="cancelled", auth_req_id=""
        )
        if cancelled:
            _log.info(
                "approval_ended",
                action=entry.id,
                state=str(State.CANCELLED),
                reason="cancelled",
                operation=entry.operation,
            )
            record_end(self._trail, entry, State.CANCELLED, "cancelled")

    async def task_ended(self, resume: str, caller: ActingCaller) -> None:
        """The task has ended without the act: what was approved for it, or still waits, is of no use any more."""
        entry = await self._ledger.get(resume)
        if entry is not None and entry.owner == caller.user.key:
            await self.withdraw(entry, "task_ended")

    async def cut_off(self, task_id: str) -> Sequence[tuple[Wait, str]]:
        """What a task that was cut off was at: it waits for that again, and says what became of it when it goes on."""
        return [
            (
                Wait(
                    OUTCOME if entry.state in UNDER_WAY else KIND,
                    entry.code,
                    self._url,
                    entry.deadline,
                    tool=entry.tool,
                    arguments=json.loads(entry.arguments),
                    resume=entry.id,
                ),
                entry.words if entry.state in WAITING else _words.INTERRUPTED,
            )
            for entry in _to_be_told(await self._ledger.of_task(task_id))
        ]

    def ended(self, entry: Entry, purpose: str) -> str:
        """How it ended without the act, in words."""
        return _words.ended(entry, purpose)

    async def current(self, entry: Entry) -> Entry:
        """The row as it is now."""
        return await self._ledger.get(entry.id) or entry

    def _entry(self, intent: Intent, call: ToolCall, caller: ActingCaller, who: Person) -> Entry:
        nonce, code, now = new_nonce(), new_code(), self._clock()
        action = _action(intent, call, caller, nonce=nonce)
        deadline = now + self._seconds
        own = who.subject == caller.user.subject
        return Entry(
            id=nonce,
            state=State.ASKING,
            owner=caller.user.key,
            task_id=action.task_id,
            operation=intent.operation,
            account=intent.account,
            approver=who.subject,
            digest=action.digest,
            details=json.dumps(authorization_details(action, intent.shown, code)),
            binding_message=binding_message(intent.shown, code),
            code=code,
            words=_words.waits(who, own=own, what=intent.purpose, code=code, until=deadline, url=self._url),
            tool=str(call.tool_use["name"]),
            arguments=json.dumps(call.tool_use["input"]),
            created_at=now,
            deadline=deadline,
            asked_at=now,
            next_poll_at=now,
        )


def _to_be_told(entries: Sequence[Entry]) -> list[Entry]:
    """The rows of a task, without those of people who could not be asked where another was."""

    def came_to_something(entry: Entry) -> bool:
        return entry.asked > 0 or entry.state is not State.FAILED

    asked = {(entry.operation, entry.account) for entry in entries if came_to_something(entry)}
    return [entry for entry in entries if came_to_something(entry) or (entry.operation, entry.account) not in asked]


def _action(intent: Intent, call: ToolCall, caller: ActingCaller, *, nonce: str) -> Action:
    user = caller.user
    return Action(
        operation=intent.operation,
        account=intent.account,
        issuer=user.issuer,
        subject=user.subject,
        actors=user.actors,
        task_id=str(call.invocation_state["task_id"]),
        nonce=nonce,
        parameters=intent.parameters,
    )

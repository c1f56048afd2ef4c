"""The ledger of risky actions: a row for each, from the request to the end.

    asking ──▶ requested ──▶ approved ──▶ acting ──▶ done
       ▲          │  │          │           │  ▲
       └──────────┘  │          │           ▼  │
     (an answer that │          │        in doubt ──▶ failed
      a crash lost)  ▼          ▼
          denied, expired, cancelled, failed

Every step is one compare-and-set, so that of two workers, or two replicas, one takes it. A row in `acting` or
`in doubt` is never acted upon again: whether the act took place is for the directory's log to say.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Final, Protocol


class State(StrEnum):
    """Where an action is."""

    ASKING = "asking"
    REQUESTED = "requested"
    APPROVED = "approved"
    ACTING = "acting"
    IN_DOUBT = "in_doubt"
    DONE = "done"
    DENIED = "denied"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FAILED = "failed"


KEPT_SECONDS: Final = 90 * 24 * 60 * 60
ASKED_SECONDS: Final = 3600.0
"""Over which it is counted how often a person was asked for nothing."""

FIRST_LEASE_SECONDS: Final = 30.0
ACTING_SECONDS: Final = 120.0
"""Whoever acts has ended by then, or died."""

WAITING = frozenset({State.ASKING, State.REQUESTED})
UNDER_WAY = frozenset({State.ACTING, State.IN_DOUBT})
ENDED = frozenset({State.DONE, State.DENIED, State.EXPIRED, State.CANCELLED, State.FAILED})


def _is_one_of(states: Collection[State]) -> str:
    """The same in SQL, for the tables of both databases."""
    return "state IN ({})".format(", ".join(f"'{state}'" for state in sorted(states)))


IS_WAITING: Final = _is_one_of(WAITING)
IS_ENDED: Final = _is_one_of(ENDED)
CAME_TO_NOTHING: Final = _is_one_of(ENDED - {State.DONE})

HAPPENED: Final = "happened"
PARTLY: Final = "partly"
NOT_HAPPENED: Final = "not_happened"
SETTLED: Final = frozenset({HAPPENED, PARTLY, NOT_HAPPENED})
"""The reasons of rows that ended by what the other system's log said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row. Times are in seconds since the epoch. It holds no token.

    Attributes:
        id: The action's nonce, and its idempotency key.
        state: Where it is.
        owner: Whose task it is: `Principal.key`.
        task_id: The task.
        operation: Which act.
        account: On which account.
        approver: Who is asked: a `sub`.
        digest: The hash of the action.
        details: The `authorization_details` that were sent, as JSON.
        binding_message: What both sides show.
        code: The code in it.
        words: What the task says while it waits.
        tool: The tool that is called when the task goes on …
        arguments: … and with what, as JSON.
        created_at: When it was asked for.
        deadline: Until when there is an answer to wait for.
        asked_at: When the person was last asked.
        asked: How often they were.
        auth_req_id: What their answer is asked for by; worth nothing without this client's key.
        interval: Seconds between polls.
        next_poll_at: When to ask next.
        approved_at: When the approval came.
        token_id: The `jti` of the token that said so.
        acting_at: When the act began.
        mark: The newest such act in the directory's log before that, by the directory's clock.
        effects: How many lines it leaves there; once it was settled, how many it has left.
        told: What is said once it is done.
        reason: Why it ended otherwise.
    """

    id: str
    state: State
    owner: str
    task_id: str
    operation: str
    account: str
    approver: str
    digest: str
    details: str
    binding_message: str
    code: str
    words: str
    tool: str
    arguments: str
    created_at: float
    deadline: float
    asked_at: float = 0.0
    asked: int = 0
    auth_req_id: str = field(default="", repr=False)
    interval: float = 5.0
    next_poll_at: float = 0.0
    approved_at: float = 0.0
    token_id: str = ""
    acting_at: float = 0.0
    mark: float = 0.0
    effects: int = 1
    told: str = ""
    reason: str = ""

    @property
    def settled(self) -> bool:
        """Whether it was the other system's log that said how it ended."""
        return self.state in ENDED and self.reason in SETTLED

    def act(self, place: int) -> str:
        """What the act is called on record, the same in every process; begun again, it is another.

        Args:
            place: Which of its effects, from 0.
        """
        return hashlib.sha256(f"{self.id} {self.acting_at!r} {place}".encode()).hexdigest()[:32]


COLUMNS: Final = tuple(each.name for each in fields(Entry))
"""Of its table, in order."""

CHANGEABLE: Final = frozenset(COLUMNS) - {"id", "state", "owner", "task_id", "digest", "approver"}
"""What a step may change besides the state."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one person is asked (the fatigue of who is asked is a way in, too).

    Attributes:
        pending: How many actions may wait for one person.
        cooldown: For how many seconds nobody asks a person again who has just denied them something, nor another for
            the same.
        denials: From how many denials within a day on they are flagged.
        unanswered: How often within an hour one person may have another asked for what comes to nothing: denied, not
            answered, or cancelled, which asks them no less.
    """

    pending: int = 3
    cooldown: float = 300.0
    denials: int = 3
    unanswered: int = 6


class TooMuch(StrEnum):
    """Why a person is not asked."""

    SAME = "same"
    """The same waits for them already."""

    PENDING = "pending"
    """As much waits for them as may."""

    COOLDOWN = "cooldown"
    """They have just said no."""

    OFTEN = "often"
    """They were asked again and again, for nothing."""


class ActionLedger(Protocol):
    """Where the rows are. What a method has returned is durable."""

    async def open(self, entry: Entry, limits: Limits) -> TooMuch | None:
        """Adds a row in `asking`, leased to this process, unless the person is asked too much: all in one step."""

    async def get(self, entry_id: str) -> Entry | None:
        """The row."""

    async def of_task(self, task_id: str) -> Sequence[Entry]:
        """The rows of a task, oldest first."""

    async def move(self, entry_id: str, before: Collection[State], after: State, **values: float | str) -> bool:
        """Changes the state from one of `before`, and these columns with it; false where it was in none of them.

        It gives back the lease. A `token_id` that any row has already is refused as well.
        """

    async def due(self, limit: int) -> Sequence[Entry]:
        """Rows that wait, whose time has come and which nobody has leased; those that waited longest first."""

    async def lease(self, entry: Entry, seconds: float) -> bool:
        """Takes a row that was due; of several processes one has it."""

    async def soonest(self) -> float | None:
        """When the next row that nobody has leased is due; None where none waits."""

    async def overdue(self, approved_before: float, limit: int) -> Sequence[Entry]:
        """Rows that were approved before then and not acted upon."""

    async def ended(self, approver: str, state: State, since: float) -> int:
        """How often something that a person was asked for has ended so since."""

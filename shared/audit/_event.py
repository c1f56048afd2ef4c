"""One thing that happened, as it is recorded."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any, Final, Self

from shared.audit._vocabulary import Action, Outcome
from shared.identity import Principal
from shared.telemetry import CONTEXT_ID, REQUEST_ID, TASK_ID, TRACE_ID, current_ids

MAX_VALUE_CHARACTERS: Final = 256
MAX_ITEMS: Final = 64
MOST_KEPT: Final = 1024
_CUT: Final = "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """On whose behalf, and through whom: ids alone, no names.

    Attributes:
        issuer: The issuer of the token.
        subject: Its subject.
        actors: The chain of actors, from the outermost.
        client: The client that the token was issued to.
        audience: For whom the token was.
        scopes: Its scopes.
        token_id: Its `jti`, or a keyed hash of it; never the token.
        until: When it ends, in seconds since 1970.
    """

    issuer: str = ""
    subject: str = ""
    actors: tuple[str, ...] = ()
    client: str = ""
    audience: str = ""
    scopes: tuple[str, ...] = ()
    token_id: str = ""
    until: int = 0

    @staticmethod
    def of(principal: Principal) -> "Who":
        """As a principal says; kept, as one principal has many events."""
        return _who_of(principal)

    def members(self) -> dict[str, Any]:
        """As JSON members; kept, and not to be changed."""
        return _who_members(self)


@lru_cache(maxsize=MOST_KEPT)
def _who_of(principal: Principal) -> Who:
    return Who(
        issuer=principal.issuer,
        subject=principal.subject,
        actors=principal.actors,
        client=principal.client_id,
        audience=principal.audience,
        scopes=tuple(sorted(principal.scopes)),
        token_id=principal.token_id,
        until=principal.expires_at,
    )


@lru_cache(maxsize=MOST_KEPT)
def _who_members(who: Who) -> dict[str, Any]:
    texts = _filled(
        ("issuer", who.issuer),
        ("subject", who.subject),
        ("client", who.client),
        ("audience", who.audience),
        ("token_id", who.token_id),
    )
    until = {"until": who.until} if who.until else {}
    return texts | _listed(("actors", who.actors), ("scopes", who.scopes)) | until


NOBODY: Final = Who()
"""Where nobody was verified: a request that the door refused, or the trail's own events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """By which rule it was decided.

    Attributes:
        reason: Why, as a stable code.
        relation: The relation that was asked for, or the scope.
        resources: The objects that it was asked about, each as `type:id`; the first 64 of them.
        model: The id of the authorization model.
    """

    reason: str = ""
    relation: str = ""
    resources: tuple[str, ...] = ()
    model: str = ""

    def members(self) -> dict[str, Any]:
        """As JSON members."""
        if self is NO_RULE:
            return {}
        texts = _filled(("reason", self.reason), ("relation", self.relation), ("model", self.model))
        return texts | _listed(("resources", self.resources))


NO_RULE: Final = Rule()
"""Where nothing was decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Who approved, and what: the hash is of the exact action."""

    id: str = ""
    approver: str = ""
    action_hash: str = ""

    def members(self) -> dict[str, Any]:
        """As JSON members."""
        if self is NO_APPROVAL:
            return {}
        return _filled(("id", self.id), ("approver", self.approver), ("action_hash", self.action_hash))

    @classmethod
    def here(cls) -> "Approval":
        """The approval under which something is done now: see `acting_under`."""
        return _APPROVAL.get()


NO_APPROVAL: Final = Approval()
"""Where nobody was asked."""

_APPROVAL: Final[ContextVar[Approval]] = ContextVar("shared.audit.approval", default=NO_APPROVAL)


@contextmanager
def acting_under(approval: Approval) -> Iterator[None]:
    """Has every event that is made meanwhile, in this task, name the approval."""
    token = _APPROVAL.set(approval)
    try:
        yield
    finally:
        _APPROVAL.reset(token)


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """In which piece of work it happened; each id leads to the log, the trace and the task."""

    task: str = ""
    context: str = ""
    request: str = ""
    trace: str = ""

    @classmethod
    def here(cls) -> Self:
        """Where what runs now belongs: as its log events say."""
        ids = current_ids()
        return cls(
            task=ids.get(TASK_ID, ""),
            context=ids.get(CONTEXT_ID, ""),
            request=ids.get(REQUEST_ID, ""),
            trace=ids.get(TRACE_ID, ""),
        )

    def members(self) -> dict[str, Any]:
        """As JSON members."""
        return _filled(("task", self.task), ("context", self.context), ("request", self.request), ("trace", self.trace))


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What is recorded.

    Nothing in it is free text of a person or a model: ids, codes and names of the vocabulary. Some of the ids are of
    others' making all the same, so what looks like a credential is written as `[redacted]`, and what is longer than 256
    characters is cut: nobody can keep an event out of the record by what they send.

    Attributes:
        action: What.
        outcome: What came of it.
        who: On whose behalf.
        tool: The tool or operation that it was part of.
        resource: What it was done to, as `type:id`.
        act: Joins the event before an irreversible act and the one after it.
        rule: How it was decided.
        approval: Who approved: as `acting_under` says, unless it is given.
        where: In which task, context, request and trace: as the log events of what runs now, unless it is given.
        result: A stable code of what came of it.
        details: A few more ids or numbers.
    """

    action: Action
    outcome: Outcome
    who: Who = NOBODY
    tool: str = ""
    resource: str = ""
    act: str = ""
    rule: Rule = NO_RULE
    approval: Approval = field(default_factory=Approval.here)
    where: Where = field(default_factory=Where.here)
    result: str = ""
    details: Mapping[str, str | int] = field(default_factory=dict)

    def members(self) -> dict[str, Any]:
        """The event as JSON members; what is empty is left out."""
        members = {
            "action": self.action.value,
            "outcome": self.outcome.value,
            **_filled(("tool", self.tool), ("resource", self.resource), ("act", self.act), ("result", self.result)),
        }
        if who := self.who.members():
            members["who"] = who
        if rule := self.rule.members():
            members["rule"] = rule
        if approval := self.approval.members():
            members["approval"] = approval
        if where := self.where.members():
            members["where"] = where
        if details := self._details():
            members["details"] = details
        return members

    def _details(self) -> dict[str, str | int]:
        details = self.details if len(self.details) <= MAX_ITEMS else dict(islice(self.details.items(), MAX_ITEMS))
        return {name: _cut(value) if isinstance(value, str) else value for name, value in details.items()}


def _filled(*members: tuple[str, str]) -> dict[str, Any]:
    return {name: _cut(value) for name, value in members if value}


def _listed(*members: tuple[str, Sequence[str]]) -> dict[str, Any]:
    return {name: [_cut(value) for value in values[:MAX_ITEMS]] for name, values in members if values}


def _cut(value: str) -> str:
    return value if len(value) <= MAX_VALUE_CHARACTERS else value[: MAX_VALUE_CHARACTERS - 1] + _CUT

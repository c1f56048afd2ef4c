"""One thing that happened, as it is recorded."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from shared.audit._vocabulary import Action, Outcome
from shared.identity import Principal

MAX_VALUE_CHARACTERS: Final = 256
MAX_ITEMS: Final = 64
_CREDENTIAL: Final = re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}|-----BEGIN ")


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
    """

    issuer: str = ""
    subject: str = ""
    actors: tuple[str, ...] = ()
    client: str = ""
    audience: str = ""
    scopes: tuple[str, ...] = ()
    token_id: str = ""

    @classmethod
    def of(cls, principal: Principal) -> Self:
        """As a principal says."""
        return cls(
            issuer=principal.issuer,
            subject=principal.subject,
            actors=principal.actors,
            client=principal.client_id,
            audience=principal.audience,
            scopes=tuple(sorted(principal.scopes)),
            token_id=principal.token_id,
        )


NOBODY: Final = Who()
"""Where nobody was verified: a request that the door refused, or the trail's own events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """By which rule it was decided.

    Attributes:
        reason: Why, as a stable code.
        relation: The relation that was asked for, or the scope.
        resource: The object that it was asked about, as `type:id`.
        model: The id of the authorization model.
    """

    reason: str = ""
    relation: str = ""
    resource: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Who approved, and what: the hash is of the exact action."""

    id: str = ""
    approver: str = ""
    action_hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """In which piece of work it happened; each id leads to the log, the trace and the task."""

    task: str = ""
    context: str = ""
    request: str = ""
    trace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What is recorded.

    Nothing in it is free text of a person or a model: ids, codes and names of the vocabulary. A value that looks like a
    credential, or is longer than 256 characters, cannot be put in.

    Attributes:
        action: What.
        outcome: What came of it.
        who: On whose behalf.
        tool: The tool or operation that it was part of.
        resource: What it was done to, as `type:id`.
        act: Joins the event before an irreversible act and the one after it.
        rule: How it was decided.
        approval: Who approved.
        where: In which task, context, request and trace.
        result: A stable code of what came of it.
        details: A few more ids or numbers.
    """

    action: Action
    outcome: Outcome
    who: Who = NOBODY
    tool: str = ""
    resource: str = ""
    act: str = ""
    rule: Rule = field(default_factory=Rule)
    approval: Approval = field(default_factory=Approval)
    where: Where = field(default_factory=Where)
    result: str = ""
    details: Mapping[str, str | int] = field(default_factory=dict)

    def members(self) -> dict[str, Any]:
        """The event as JSON members; what is empty is left out.

        Raises:
            ValueError: if a value is too long, or looks like a credential.
        """
        found: dict[str, Any] = {
            "action": self.action.value,
            "outcome": self.outcome.value,
            "who": _filled(
                issuer=self.who.issuer,
                subject=self.who.subject,
                actors=list(self.who.actors),
                client=self.who.client,
                audience=self.who.audience,
                scopes=list(self.who.scopes),
                token_id=self.who.token_id,
            ),
            "rule": _filled(
                reason=self.rule.reason, relation=self.rule.relation, resource=self.rule.resource, model=self.rule.model
            ),
            "approval": _filled(
                id=self.approval.id, approver=self.approval.approver, action_hash=self.approval.action_hash
            ),
            "where": _filled(
                task=self.where.task, context=self.where.context, request=self.where.request, trace=self.where.trace
            ),
            "details": dict(self.details),
            **_filled(tool=self.tool, resource=self.resource, act=self.act, result=self.result),
        }
        _check(found)
        return {name: value for name, value in found.items() if value}


def _filled(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value}


def _check(value: Any) -> None:
    if isinstance(value, dict):
        if len(value) > MAX_ITEMS:
            raise ValueError("an audit event has too many members")
        for name, item in value.items():
            _check(name)
            _check(item)
    elif isinstance(value, list):
        if len(value) > MAX_ITEMS:
            raise ValueError("an audit event has too many items")
        for item in value:
            _check(item)
    elif isinstance(value, str):
        if len(value) > MAX_VALUE_CHARACTERS:
            raise ValueError("a value of an audit event is too long")
        if _CREDENTIAL.search(value):
            raise ValueError("a value of an audit event looks like a credential")

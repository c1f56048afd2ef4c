"""What is asked, and what was decided and why: values that say it whole, for the record."""

from dataclasses import dataclass
from enum import StrEnum


class Consistency(StrEnum):
    """How fresh an answer has to be, in OpenFGA's words."""

    MINIMIZE_LATENCY = "MINIMIZE_LATENCY"
    HIGHER_CONSISTENCY = "HIGHER_CONSISTENCY"


@dataclass(frozen=True, slots=True)
class Fact:
    """A relationship that holds for one question only (a contextual tuple)."""

    user: str
    relation: str
    object: str


@dataclass(frozen=True, slots=True)
class Check:
    """A question: does `user` have `relation` to `object`?"""

    user: str
    relation: str
    object: str
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the relationship store said to a check; where it said no answer, `error` says what it did."""

    check: Check
    allowed: bool
    error: str = ""


class Reason(StrEnum):
    """Why a tool call was denied."""

    PERSON = "person_lacks_relation"
    AGENT = "agent_lacks_relation"
    NOT_THERE = "resource_not_there"
    SCOPE = "scope_missing"
    UNDECLARED = "tool_undeclared"
    REPEATED = "tool_call_repeated"
    UNRESOLVED = "resource_unresolved"
    UNAVAILABLE = "authorization_unavailable"
    UNRECORDED = "decision_unrecorded"
    FAILED = "authorization_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    """What any decision says.

    Attributes:
        tool: What was to be done.
        agent: The agent that was to do it, as the relationship store names it.
        person: For whom, as the relationship store names them.
        relation: The relation that it needs; empty where it did not come so far.
        objects: What it is needed to.
        model_id: The authorization model that was asked.
        consistency: How fresh the answers were.
        answers: All that was asked, with the answers.
    """

    tool: str
    agent: str
    person: str
    relation: str = ""
    objects: tuple[str, ...] = ()
    model_id: str = ""
    consistency: Consistency = Consistency.MINIMIZE_LATENCY
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Allow(_Decided):
    """The person and the agent both have the relation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deny(_Decided):
    """They do not, or it could not be found out.

    Attributes:
        reason: Why, for the record.
        words: What the caller is told: the same for what is not there and for what is not theirs.
        detail: More for the record, where there is more.
        is_undecided: Whether a part was away that is needed to decide; asked again later, it may be allowed.
    """

    reason: Reason
    words: str
    detail: str = ""
    is_undecided: bool = False


Decision = Allow | Deny

"""Decides whether a tool call may run: the person's right and the agent's, asked for in one question."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, Final, TypedDict, TypeVar

from shared.answers import refusal
from shared.authorization import _words
from shared.authorization._checks import PART, Checks
from shared.authorization._decision import Allow, Answer, Check, Consistency, Decision, Deny, Reason
from shared.authorization._declaration import ActingCaller, Needs
from shared.authorization._names import object_name, user_of
from shared.authorization._permit import SEAL, Permitted
from shared.authorization._record import DecisionLog, DecisionRecord
from shared.authorization._resource import Resource
from shared.errors import AuthorizationDenied, HelpdeskError, InsufficientScope, UpstreamUnavailable, WaitsForPerson
from shared.telemetry import get_logger, metrics

T = TypeVar("T")
_Item = TypeVar("_Item")

_NOBODY_S: Final = "-"
"""The id of no thing: asked about where a thing is not there, so that this takes as long as where it is not theirs."""

_log = get_logger()


class _Who(TypedDict):
    """What any decision says."""

    tool: str
    agent: str
    person: str


class _About(_Who):
    """What a decision says that came to a check."""

    relation: str
    objects: tuple[str, ...]
    model_id: str
    consistency: Consistency


class Authorizer:
    """Decides for one agent.

    Args:
        checks: Where relationships are.
        agent: The agent's own name: it needs each relation as well as the person does.
        record: Takes each decision before it has any effect.
    """

    def __init__(self, checks: Checks, *, agent: str, record: DecisionRecord | None = None) -> None:
        self._checks = checks
        self.agent = object_name("agent", agent)
        self._record = record or DecisionLog()

    async def permit(
        self, needs: Needs[T], caller: ActingCaller, arguments: Mapping[str, Any], *, tool: str
    ) -> Permitted[T] | Deny:
        """Finds what the call is about, and asks whether it may run.

        Whoever carries an act on later (after an approval, after a restart) asks again with the same arguments: the
        thing is found anew and nothing of the earlier answer counts.

        Args:
            needs: What the tool declared.
            caller: For whom, verified.
            arguments: What the model gave; they may name a thing, never who acts.
            tool: The tool's name, for the record.

        Raises:
            WaitsForPerson: The person has to do something before it can be found what the call is about.
        """
        if needs.scope not in caller.user.scopes:
            words = refusal(InsufficientScope((needs.scope,)), needs.purpose)
            return await self._denied(caller, Deny(**self._who(tool, caller), reason=Reason.SCOPE, words=words))
        try:
            found = await needs.of(caller, arguments)
        except WaitsForPerson:
            raise
        except HelpdeskError as error:
            metrics.not_done(error)
            words = refusal(error, needs.purpose)
            detail = f"{error.reason}: {error.detail}"
            away = isinstance(error, UpstreamUnavailable)
            who = self._who(tool, caller)
            unresolved = Deny(**who, reason=Reason.UNRESOLVED, words=words, detail=detail, is_undecided=away)
            return await self._denied(caller, unresolved)
        resources = _listed(found, needs.kind)
        decision, kept, also = await self._decide(needs, caller, resources, tool=tool, fresh=needs.irreversible)
        recorded = await self._recorded(decision, caller, needs.purpose)
        if isinstance(recorded, Deny):
            return recorded
        value: Any = kept[0].value if isinstance(found, Resource) else tuple(resource.value for resource in kept)

        async def again() -> None:
            await self._again(needs, caller, kept, tool=tool)

        async def those(items: Sequence[_Item], relation: str, named: Callable[[_Item], Resource[Any]]) -> list[_Item]:
            listing: Needs[Any] = Needs(relation, "", needs.of, needs.scope, needs.purpose)
            return await self._readable(listing, caller, items, named, tool=tool)

        return Permitted(value=value, also=also, decision=recorded, again=again, those=those, seal=SEAL)

    async def can_decide(self, needs: Needs[T], caller: ActingCaller, arguments: Mapping[str, Any]) -> bool:
        """Whether all parts are there that are needed to decide about a call; nothing is decided, or recorded."""
        try:
            found = await needs.of(caller, arguments)
            resources = _listed(found, needs.kind)
            decision, *_ = await self._decide(needs, caller, resources, tool="", fresh=False)
        except UpstreamUnavailable:
            return False
        except HelpdeskError:
            return True
        return not (isinstance(decision, Deny) and decision.is_undecided)

    async def refuse(self, caller: ActingCaller, reason: Reason, *, tool: str) -> Deny:
        """Denies a call that has no declaration to decide by."""
        words = _words.words_without_purpose(reason)
        return await self._denied(caller, Deny(**self._who(tool, caller), reason=reason, words=words))

    async def _decide(
        self, needs: Needs[Any], caller: ActingCaller, resources: Sequence[Resource[Any]], *, tool: str, fresh: bool
    ) -> tuple[Decision, list[Resource[Any]], frozenset[str]]:
        """The decision, the resources that it allows, and the other relations that hold for all of them."""
        person = user_of(caller.user)
        asked = resources or (Resource(None, object_name(needs.kind, _NOBODY_S)),)
        relations = (needs.relation, *needs.also)
        checks = [
            Check(who, relation, resource.object, resource.facts)
            for resource in asked
            for relation in relations
            for who in (person, self.agent)
        ]
        consistency = Consistency.HIGHER_CONSISTENCY if fresh else Consistency.MINIMIZE_LATENCY
        about = _About(
            **self._who(tool, caller),
            relation=needs.relation,
            objects=tuple(resource.object for resource in asked),
            model_id=self._checks.model_id,
            consistency=consistency,
        )
        try:
            answers = tuple(await self._checks.ask(checks, consistency=consistency))
        except UpstreamUnavailable as error:
            metrics.not_done(error)
            words = _words.unavailable(needs.purpose)
            denied = Deny(**about, reason=Reason.UNAVAILABLE, words=words, detail=error.detail, is_undecided=True)
            return denied, [], frozenset()
        held = {answer.check for answer in answers if answer.allowed}
        kept = [
            resource
            for resource in resources
            if all(Check(who, needs.relation, resource.object, resource.facts) in held for who in (person, self.agent))
        ]
        if not kept:
            return self._not_allowed(needs, about, resources, answers), [], frozenset()
        also = frozenset(
            relation
            for relation in needs.also
            if all(
                Check(who, relation, resource.object, resource.facts) in held
                for resource in kept
                for who in (person, self.agent)
            )
        )
        return Allow(**about, answers=answers), kept, also

    def _not_allowed(
        self, needs: Needs[Any], about: "_About", resources: Sequence[Resource[Any]], answers: tuple[Answer, ...]
    ) -> Deny:
        needed = [answer for answer in answers if answer.check.relation == needs.relation]
        broken = [answer.error for answer in needed if answer.error]
        own = resources[0].value if len(resources) == 1 and resources[0].own else None
        if broken:
            words = _words.unavailable(needs.purpose)
            reason, detail = Reason.UNAVAILABLE, broken[0]
            return Deny(**about, answers=answers, reason=reason, words=words, detail=detail, is_undecided=True)
        if not resources:
            reason = Reason.NOT_THERE
        elif any(answer.allowed for answer in needed if answer.check.user != self.agent):
            reason = Reason.AGENT
        else:
            reason = Reason.PERSON
        return Deny(**about, answers=answers, reason=reason, words=_words.refused(needs, own))

    async def _again(
        self, needs: Needs[Any], caller: ActingCaller, kept: Sequence[Resource[Any]], *, tool: str
    ) -> None:
        decision, still, _ = await self._decide(needs, caller, kept, tool=tool, fresh=True)
        if isinstance(decision, Allow) and len(still) < len(kept):
            about = {each.name: getattr(decision, each.name) for each in fields(decision)}
            decision = Deny(**about, reason=Reason.PERSON, words=_words.refused(needs, None), detail="not all of it")
        recorded = await self._recorded(decision, caller, needs.purpose)
        if isinstance(recorded, Deny):
            _raise_if_unknown(recorded)
            raise AuthorizationDenied(recorded.words, detail=f"{recorded.reason} at the act")

    async def _readable(
        self,
        needs: Needs[Any],
        caller: ActingCaller,
        items: Sequence[_Item],
        named: Callable[[_Item], Resource[Any]],
        *,
        tool: str,
    ) -> list[_Item]:
        """The items to which both have the relation; the decision about all of them is one."""
        resources = [named(item) for item in items]
        if not resources:
            return []
        decision, kept, _ = await self._decide(needs, caller, resources, tool=tool, fresh=False)
        recorded = await self._recorded(decision, caller, needs.purpose)
        if isinstance(recorded, Deny):
            _raise_if_unknown(recorded)
        if len(kept) < len(items):
            _log.info("items_filtered", relation=needs.relation, of=len(items), kept=len(kept), person=decision.person)
        held = {id(resource) for resource in kept}
        return [item for item, resource in zip(items, resources, strict=True) if id(resource) in held]

    def _who(self, tool: str, caller: ActingCaller) -> "_Who":
        return {"tool": tool, "agent": self.agent, "person": user_of(caller.user)}

    async def _denied(self, caller: ActingCaller, decision: Deny) -> Deny:
        """Records a refusal, which stands whether it could be recorded or not."""
        await self._recorded(decision, caller, "")
        return decision

    async def _recorded(self, decision: Decision, caller: ActingCaller, purpose: str) -> Decision:
        """The decision, once it is recorded; a refusal in place of what cannot be."""
        if isinstance(decision, Deny):
            metrics.REFUSALS.add("tool", decision.reason.value)
        try:
            await self._record.decided(decision, caller.user)
        except Exception:  # noqa: BLE001 -- a record may fail in any way, and none of them lets anything through
            _log.exception("decision_unrecorded", tool=decision.tool)
            if isinstance(decision, Allow):
                who: _Who = {"tool": decision.tool, "agent": decision.agent, "person": decision.person}
                return Deny(**who, reason=Reason.UNRECORDED, words=_words.unrecorded(purpose), is_undecided=True)
        return decision


def _raise_if_unknown(decision: Deny) -> None:
    """Says that a part is away, where that is why something was denied.

    Raises:
        UpstreamUnavailable: It could not be found out, or not be recorded.
    """
    if decision.reason in {Reason.UNAVAILABLE, Reason.UNRECORDED}:
        raise UpstreamUnavailable(PART, detail=decision.detail or decision.reason)


def _listed(found: Resource[Any] | Sequence[Resource[Any]] | None, kind: str) -> list[Resource[Any]]:
    """What was found, as a list. A thing of another type would be checked against the wrong relations.

    Raises:
        TypeError: It is of another type than was declared.
    """
    resources = [found] if isinstance(found, Resource) else list(found or ())
    for resource in resources:
        if not resource.object.startswith(f"{kind}:"):
            raise TypeError(f"a {kind} was declared, and {resource.object.partition(':')[0]} was found")
    return resources

"""What an agent's decisions and credentials leave on record."""

from collections import OrderedDict
from collections.abc import Collection
from typing import Final

from shared.a2a import UserTokens
from shared.audit import Action, Event, Outcome, Rule, Trail, Where, Who
from shared.authorization import Allow, Decision, DecisionLog
from shared.credentials import ActingCaller, ConnectionTokens
from shared.errors import HelpdeskError
from shared.identity import AccessToken, Principal, RawToken

MOST_REMEMBERED: Final = 10_000


class DecisionTrail:
    """Puts every decision on record, and in the log.

    Args:
        trail: The record.
    """

    def __init__(self, trail: Trail) -> None:
        self._trail = trail
        self._log = DecisionLog()

    async def decided(self, decision: Decision, principal: Principal) -> None:
        """Records a decision, before it has any effect.

        It is in the record before anything that is recorded after it, and so on the disk before an irreversible act
        that it permits.

        Raises:
            AuditUnavailable: it cannot be recorded, and so permits nothing.
        """
        await self._log.decided(decision, principal)
        allowed = isinstance(decision, Allow)
        objects = decision.objects
        self._trail.note(
            Event(
                action=Action.TOOL_AUTHORIZE,
                outcome=Outcome.ALLOWED if allowed else Outcome.DENIED,
                who=Who.of(principal),
                tool=decision.tool,
                resource=objects[0] if len(objects) == 1 else "",
                rule=Rule(
                    reason="" if isinstance(decision, Allow) else decision.reason.value,
                    relation=decision.relation,
                    resources=objects if len(objects) > 1 else (),
                    model=decision.model_id,
                ),
                details={"resources": len(objects)} if len(objects) > 1 else {},
            )
        )


class RecordedConnection:
    """Gives the tokens of a connection, and puts on record that they were obtained.

    A token is recorded once for each task that it is used in, by a keyed hash.

    Args:
        tokens: Where they come from.
        trail: The record.
        connection: The name of the connection.
    """

    def __init__(self, tokens: ConnectionTokens, trail: Trail, *, connection: str) -> None:
        self._tokens = tokens
        self._obtained = _Obtained(trail, connection)

    async def token(self, caller: ActingCaller) -> RawToken:
        """The token for this caller: see `shared.credentials.Credentials`."""
        try:
            token = await self._tokens.token(caller)
        except HelpdeskError as error:
            self._obtained.not_obtained(caller.user, error)
            raise
        self._obtained.obtained(caller.user, token)
        return token

    async def renew(self, caller: ActingCaller) -> None:
        """Has it asked for anew, which is on record like the first time."""
        try:
            await self._tokens.renew(caller)
        except HelpdeskError as error:
            self._obtained.not_obtained(caller.user, error)
            raise
        await self.token(caller)

    def refused(self, caller: ActingCaller, token: RawToken) -> None:
        """The other system did not accept it."""
        self._tokens.refused(caller, token)

    async def aclose(self) -> None:
        """Lets go of what the provider holds open."""
        await self._tokens.aclose()


class RecordedExchange:
    """Exchanges people's tokens, and puts on record what was obtained.

    Args:
        tokens: What exchanges them.
        trail: The record.
    """

    def __init__(self, tokens: UserTokens, trail: Trail) -> None:
        self._tokens = tokens
        self._trail = trail
        self._by_audience: dict[str, _Obtained] = {}

    async def exchange(
        self, subject: RawToken, principal: Principal, *, audience: str, scopes: Collection[str]
    ) -> AccessToken:
        """See `shared.a2a.UserTokens`."""
        obtained = self._by_audience.setdefault(audience, _Obtained(self._trail, audience))
        try:
            token = await self._tokens.exchange(subject, principal, audience=audience, scopes=scopes)
        except HelpdeskError as error:
            obtained.not_obtained(principal, error)
            raise
        obtained.obtained(principal, token.token, scopes=token.scopes, until=int(token.expires_at))
        return token


class _Obtained:
    """Records the tokens for one system: each once for each task."""

    def __init__(self, trail: Trail, name: str) -> None:
        self._trail = trail
        self._name = name
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def obtained(
        self, principal: Principal, token: RawToken, *, scopes: Collection[str] = (), until: int | None = None
    ) -> None:
        """A token is about to be used."""
        key = (Where.here().task, self._trail.name_of(token))
        if key in self._known:
            return
        self._known[key] = None
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        details: dict[str, str | int] = {"token": key[1]}
        if scopes:
            details["scopes"] = " ".join(sorted(scopes))
        if until is not None:
            details["until"] = until
        self._trail.note(
            Event(
                action=Action.CREDENTIAL_OBTAIN,
                outcome=Outcome.SUCCEEDED,
                who=Who.of(principal),
                resource=f"credential:{self._name}",
                details=details,
            )
        )

    def not_obtained(self, principal: Principal, error: HelpdeskError) -> None:
        """None was to be had."""
        self._trail.note(
            Event(
                action=Action.CREDENTIAL_OBTAIN,
                outcome=Outcome.FAILED,
                who=Who.of(principal),
                resource=f"credential:{self._name}",
                rule=Rule(reason=error.reason),
            )
        )

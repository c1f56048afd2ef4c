"""One step towards an answer: the person is asked, or it is asked whether they have answered."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from shared.approval._evidence import APPROVE_SCOPE, verify_approval
from shared.approval._ledger import WAITING, ActionLedger, Entry, Limits, State
from shared.approval._recording import record_approval, record_end, record_request
from shared.audit import Trail, Unrecorded
from shared.errors import HelpdeskError, InvalidToken, OAuthError, UpstreamUnavailable
from shared.identity import AccessToken, BackchannelAuthentication, BackchannelRequest, Pending, TokenVerifier
from shared.telemetry import get_logger

SCOPES: Final = frozenset({"openid", APPROVE_SCOPE})
ATTEMPTS: Final = 3
"""How often one person is asked for one action, where a crash lost their answer."""

SHORTEST_SECONDS: Final = 20.0
"""With less time left nobody is asked again."""

SLOWER_BY: Final = 5.0  # CIBA Core §11
LONGEST_INTERVAL: Final = 15.0
AGE_PER_POLL: Final = 10.0
"""Who has not answered after a while is asked about less often: every tenth of the time that it takes already."""

LAST_LOOK_SECONDS: Final = 1.5
RETRY_SECONDS: Final = 5.0
DAY_SECONDS: Final = 86_400.0

_log = get_logger()


class Backchannel(Protocol):
    """Asks people on their devices: `shared.identity.BackchannelClient` is one."""

    client_id: str

    async def ask(self, request: BackchannelRequest) -> BackchannelAuthentication:
        """Has a person asked."""

    async def poll(self, auth_req_id: str, *, scopes: frozenset[str]) -> AccessToken | Pending:
        """Asks once whether they have answered."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Takes rows that wait one step on; each row is this process's own while it does.

    Attributes:
        ledger: The rows.
        backchannel: Reaches people.
        verifier: Verifies what they send back, for this agent's own audience.
        limits: When repeated denials are flagged.
        clock: Seconds since the epoch.
        trail: The record of who was asked, and what they said.
    """

    ledger: ActionLedger
    backchannel: Backchannel
    verifier: TokenVerifier
    limits: Limits
    clock: Callable[[], float]
    trail: Trail = field(default_factory=Unrecorded)

    async def step(self, entry: Entry) -> None:
        """Takes a row one step on: never raises what another look can mend.

        Raises:
            Exception: what no row is to blame for; the caller puts it off.
        """
        if self.clock() >= entry.deadline:
            await self._past_deadline(entry)
        elif entry.state is State.ASKING:
            await self._ask_again(entry)
        else:
            await self._poll(entry)

    async def ask(self, entry: Entry) -> bool:
        """Has the person asked, and notes by what the answer is found; false where nobody waits for it any more.

        Raises:
            OAuthError: the server does not ask them; nothing is changed here.
            UpstreamUnavailable, UpstreamRefused, ClientAuthenticationError: it could not be asked to.
        """
        asked_at = self.clock()
        request = BackchannelRequest(
            subject=entry.approver,
            audience=self.verifier.audience,
            scopes=SCOPES,
            binding_message=entry.binding_message,
            authorization_details=json.loads(entry.details),
            requested_expiry=max(1, round(entry.deadline - asked_at)),
        )
        answer = await self.backchannel.ask(request)
        taken = await self.ledger.move(
            entry.id,
            {State.ASKING},
            State.REQUESTED,
            asked_at=asked_at,
            asked=entry.asked + 1,
            auth_req_id=answer.auth_req_id,
            interval=answer.interval,
            next_poll_at=self.clock() + answer.interval,
            deadline=min(entry.deadline, asked_at + answer.expires_in),
        )
        _log.info(
            "approval_requested", action=entry.id, operation=entry.operation, digest=entry.digest, asked=entry.asked + 1
        )
        record_request(self.trail, entry)
        return taken

    async def _ask_again(self, entry: Entry) -> None:
        """A crash came between the row and the request, or between the answer and its note: asks once more."""
        if entry.asked >= ATTEMPTS or entry.deadline - self.clock() < SHORTEST_SECONDS:
            await self.end(entry, State.FAILED, "answer_lost")
            return
        try:
            await self.ask(entry)
        except UpstreamUnavailable as error:
            await self._put_off(entry, error.retry_after)
        except HelpdeskError as error:
            await self._refused(entry, error)

    async def _poll(self, entry: Entry) -> None:
        try:
            answer = await self.backchannel.poll(entry.auth_req_id, scopes=SCOPES)
        except OAuthError as error:
            await self._ended(entry, error)
        except UpstreamUnavailable as error:
            await self._put_off(entry, error.retry_after)
        except HelpdeskError as error:
            await self._refused(entry, error)
        else:
            if isinstance(answer, Pending):
                await self._still_pending(entry, answer)
            else:
                await self._answered(entry, answer)

    async def _still_pending(self, entry: Entry, answer: Pending) -> None:
        now = self.clock()
        interval = max(entry.interval, answer.wait or 0.0)
        if answer.slow_down:
            interval = max(entry.interval + SLOWER_BY, interval)
            _log.info("approval_polls_slower", action=entry.id, interval=interval)
        at = now + max(interval, min(LONGEST_INTERVAL, (now - entry.asked_at) / AGE_PER_POLL))
        # A look right before the deadline: after it the server says the same of what was denied and of what expired.
        last = entry.deadline - LAST_LOOK_SECONDS
        at = last if now + interval <= last < at else min(at, entry.deadline)
        await self.ledger.move(entry.id, {State.REQUESTED}, State.REQUESTED, interval=interval, next_poll_at=at)

    async def _answered(self, entry: Entry, token: AccessToken) -> None:
        now = self.clock()
        try:
            evidence = await verify_approval(
                token.token, entry, verifier=self.verifier, client_id=self.backchannel.client_id, now=now
            )
        except InvalidToken as error:
            _log.error("approval_not_accepted", action=entry.id, reason=error.reason, detail=error.detail)
            await self.end(entry, State.FAILED, error.reason)
            return
        taken = await self.ledger.move(
            entry.id, {State.REQUESTED}, State.APPROVED, approved_at=now, token_id=evidence.token_id, auth_req_id=""
        )
        if taken:
            _log.info("approval_given", action=entry.id, operation=entry.operation, token_id=evidence.token_id)
            record_approval(self.trail, entry)
        else:
            _log.warning("approval_not_used", action=entry.id, token_id=evidence.token_id)

    async def _ended(self, entry: Entry, error: OAuthError) -> None:
        """The server's last word; Auth0 says `access_denied` of what was denied and of what has expired."""
        if error.error == "invalid_grant":  # its answer went to a process that died before it was noted
            _log.warning("approval_answer_lost", action=entry.id, asked=entry.asked)
            await self.ledger.move(entry.id, {State.REQUESTED}, State.ASKING, auth_req_id="", next_poll_at=self.clock())
        elif error.error == "expired_token" or (error.error == "access_denied" and self.clock() >= entry.deadline):
            await self.end(entry, State.EXPIRED, "no_answer")
        elif error.error == "access_denied":
            await self._denied(entry)
        else:
            await self._refused(entry, error)

    async def _denied(self, entry: Entry) -> None:
        await self.end(entry, State.DENIED, "denied")
        denials = await self.ledger.ended(entry.approver, State.DENIED, self.clock() - DAY_SECONDS)
        if denials >= self.limits.denials:
            _log.warning("approvals_denied_repeatedly", denials=denials, operation=entry.operation, action=entry.id)

    async def _past_deadline(self, entry: Entry) -> None:
        """The last look: what was approved before the deadline counts, and nothing that comes later."""
        if entry.state is State.REQUESTED:
            try:
                answer = await self.backchannel.poll(entry.auth_req_id, scopes=SCOPES)
            except HelpdeskError as error:
                _log.info("approval_not_heard", action=entry.id, reason=error.reason)
            else:
                if isinstance(answer, AccessToken):
                    await self._answered(entry, answer)
        await self.end(entry, State.EXPIRED, "no_answer")

    async def _refused(self, entry: Entry, error: HelpdeskError) -> None:
        _log.error("approval_not_to_be_had", action=entry.id, reason=error.reason, detail=error.detail)
        await self.end(entry, State.FAILED, error.reason)

    async def _put_off(self, entry: Entry, retry_after: float | None) -> None:
        pause = max(RETRY_SECONDS, entry.interval, retry_after or 0.0)
        await self.ledger.move(
            entry.id, {entry.state}, entry.state, next_poll_at=min(self.clock() + pause, entry.deadline)
        )

    async def end(self, entry: Entry, state: State, reason: str) -> bool:
        """Ends a row that waits."""
        ended = await self.ledger.move(entry.id, WAITING, state, reason=reason, auth_req_id="")
        if ended:
            _log.info("approval_ended", action=entry.id, state=str(state), reason=reason, operation=entry.operation)
            record_end(self.trail, entry, state, reason)
        return ended

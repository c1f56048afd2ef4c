"""What the System Log API answers, turned into values (developer.okta.com/docs/reference/api/system-log)."""

from typing import Any

from pydantic import AwareDatetime, Field, TypeAdapter

from shared.directory._types import AccountAct, ActKind, Actor, SignIn
from shared.directory._wire import Wire

_ACTS = {
    "user.account.lock": ActKind.LOCKED,
    "user.account.unlock": ActKind.UNLOCKED,
    "user.account.unlock_by_admin": ActKind.UNLOCKED,
    "user.account.reset_password": ActKind.RESET,
    "system.email.password_reset.sent_message": ActKind.LINK_MAILED,
    "user.account.update_password": ActKind.PASSWORD_CHOSEN,
    "user.account.expire_password": ActKind.EXPIRED,
    "user.lifecycle.suspend": ActKind.SUSPENDED,
    "user.lifecycle.unsuspend": ActKind.UNSUSPENDED,
    "user.lifecycle.deactivate": ActKind.CLOSED,
    "user.mfa.factor.deactivate": ActKind.FACTOR_REMOVED,
    "user.mfa.factor.reset_all": ActKind.FACTORS_REMOVED,
}
"""The log's events that are acts on an account."""
EVENT_TYPES = tuple(_ACTS)


class _UserAgent(Wire):
    os: str | None = None
    browser: str | None = None


class _Place(Wire):
    city: str | None = None
    country: str | None = None


class _Client(Wire):
    ip_address: str | None = None
    user_agent: _UserAgent | None = None
    geographical_context: _Place | None = None


class _LogDevice(Wire):
    name: str | None = None


class _Entity(Wire):
    id: str = ""
    type: str = ""
    display_name: str | None = None


class _Debug(Wire):
    debug_data: dict[str, Any] = Field(default_factory=dict)


class _Outcome(Wire):
    result: str
    reason: str | None = None


class WireLogEvent(Wire):
    """An event of the System Log API."""

    published: AwareDatetime
    event_type: str = ""
    outcome: _Outcome
    actor: _Entity = _Entity()
    target: tuple[_Entity, ...] | None = None
    client: _Client | None = None
    device: _LogDevice | None = None
    debug_context: _Debug | None = None

    def sign_in(self) -> SignIn:
        """The event as an attempt to sign in."""
        client = self.client or _Client()
        agent, place = client.user_agent or _UserAgent(), client.geographical_context or _Place()
        browser = agent.browser.capitalize() if agent.browser and agent.browser.isupper() else agent.browser
        known = [word for word in (browser, agent.os) if word and word.upper() != "UNKNOWN"]
        return SignIn(
            at=self.published,
            succeeded=self.outcome.result in {"SUCCESS", "ALLOW"},
            reason=self.outcome.reason,
            ip_address=client.ip_address,
            city=place.city,
            country=place.country,
            client=" on ".join(known) or None,
            device=self.device.name if self.device else None,
        )

    def act(self) -> AccountAct | None:
        """The event as something that was done to an account; None where it is nothing of that kind."""
        what = _ACTS.get(self.event_type)
        if what is None or self.outcome.result != ("FAILURE" if what is ActKind.LOCKED else "SUCCESS"):
            return None
        debug = self.debug_context.debug_data if self.debug_context else {}
        through, request = debug.get("clientAppName"), debug.get("requestId")
        actor = Actor(
            id=self.actor.id,
            name=self.actor.display_name or "",
            is_person=self.actor.type == "User",
            through=through if isinstance(through, str) else None,
        )
        account = next((entity.id for entity in self.target or () if entity.type == "User"), "")
        return AccountAct(self.published, what, actor, account, request if isinstance(request, str) else "")


LOG_EVENTS = TypeAdapter(list[WireLogEvent])

"""The typed client that agents reach the directory with."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import httpx

from shared.audit import Action, Event, Outcome, Trail, Unrecorded, Who
from shared.authorization import object_name
from shared.directory._access import ActingCaller, TokenSource
from shared.directory._history import resets_of
from shared.directory._pages import LARGEST_PAGE, Reader, quoted
from shared.directory._search import is_exactly, search_expression
from shared.directory._transport import PART, Transport
from shared.directory._types import (
    AccountAct,
    ActKind,
    Application,
    Device,
    Factor,
    Group,
    PasswordPolicy,
    Reset,
    SignIn,
    User,
)
from shared.directory._wire import APPLICATIONS, DEVICES, FACTORS, GROUPS, POLICIES, USER, USERS
from shared.directory._wire_log import EVENT_TYPES, LOG_EVENTS, WireLogEvent
from shared.errors import UpstreamRefused

_USERS_READ, _USERS_MANAGE = "okta.users.read", "okta.users.manage"
_LOGS_READ, _POLICIES_READ = "okta.logs.read", "okta.policies.read"
_ACTS = " or ".join(f'eventType eq "{kind}"' for kind in EVENT_TYPES)


class DirectoryClient:
    """Reads accounts, and unlocks and resets them.

    Each call is made for a caller, with the token that the directory issued for them, and so bounded by what they may
    do there. Which account is read or changed is always a `User` that the directory gave: the caller's own, or among
    the candidates that `find` gave for a text. Whether the caller may is for whoever calls to have asked, too.

    Each read is recorded, with whose account was read and not what was found there. Acts are for whoever acts to record
    before and after, with `shared.audit.recorded`; they give the directory's own name for the request, under which its
    log has what was done.

    Every method raises `AccountNotConnected` where the caller has to connect their account first,
    `UpstreamUnavailable` where the directory is away, slow, rate-limited or not making sense, `UpstreamRefused` where
    it said no, and `AuthorizationDenied` where the caller's rights there do not suffice.

    Args:
        base_url: The API, up to and with `/api/v1`.
        http: The process's client.
        tokens: Gives the token for each call.
        timeout: Seconds that one call may take.
        clock: The time, in seconds since the epoch.
        trail: The record of what is read; without one, as in a test, none is kept.
    """

    def __init__(
        self,
        base_url: str,
        http: httpx.AsyncClient,
        tokens: TokenSource,
        *,
        timeout: float = 5.0,
        clock: Callable[[], float] = time.time,
        trail: Trail | None = None,
    ) -> None:
        self._trail = trail or Unrecorded()
        self._transport = Transport(base_url, http, tokens, timeout=timeout, clock=clock)
        self._reader = Reader(self._transport)
        self._clock = clock

    def now(self) -> datetime:
        """The time, in UTC, by the clock that the client was given."""
        return datetime.fromtimestamp(self._clock(), UTC)

    async def own_user(self, caller: ActingCaller) -> User:
        """The caller's own account, as it is now: the one that the directory issued the caller's token for.

        Raises:
            UpstreamRefused: `account_mismatch` where the caller has connected somebody else's account, or one that the
                directory ties to no sign-in here.
        """
        user = await self._user(caller, "me")
        if user.subject != caller.user.subject:
            raise UpstreamRefused(
                PART,
                "The account that you have connected belongs to somebody else, or to nobody who signs in here. "
                "Disconnect it, and connect your own (`helpdesk accounts`).",
                code="account_mismatch",
            )
        return user

    async def find(self, caller: ActingCaller, text: str, *, limit: int) -> list[User]:
        """The accounts that a text may mean: a name or its beginning, a login, a mail address, an employee number.

        Where the text is the whole of one of these, an account that it is merely the beginning of is left out.

        Args:
            caller: For whom.
            text: What somebody is called.
            limit: How many at most.
        """
        expression = search_expression(text)
        if expression is None:
            return []
        parameters = {"search": expression, "limit": str(LARGEST_PAGE)}
        users = await self._reader.all(caller, USERS, "/users", _USERS_READ, parameters, pages=1)
        found = [user.value() for user in users]
        exact = [user for user in found if is_exactly(user, text)]
        self._note(caller, Action.ACCOUNT_SEARCH, found=len(exact or found))
        return sorted(exact or found, key=lambda user: (user.display_name.casefold(), user.login))[:limit]

    async def refreshed(self, caller: ActingCaller, user: User) -> User:
        """The account as it is now.

        Raises:
            UpstreamRefused: `account_not_found` where it is gone.
        """
        return await self._user(caller, user.id)

    async def applications(self, caller: ActingCaller, user: User) -> list[Application]:
        """The applications that the user has, by name."""
        found = await self._reader.all(caller, APPLICATIONS, f"/users/{user.id}/appLinks", _USERS_READ)
        self._note(caller, Action.ACCOUNT_APPLICATIONS_READ, user)
        return sorted((one.value() for one in found), key=lambda one: one.label.casefold())

    async def groups(self, caller: ActingCaller, user: User) -> list[Group]:
        """The groups that the user is a member of, by name."""
        found = await self._reader.all(caller, GROUPS, f"/users/{user.id}/groups", _USERS_READ)
        self._note(caller, Action.ACCOUNT_GROUPS_READ, user)
        return sorted((group.value() for group in found), key=lambda group: group.name.casefold())

    async def devices(self, caller: ActingCaller, user: User) -> list[Device]:
        """The devices that are registered to the user."""
        found = await self._reader.all(caller, DEVICES, f"/users/{user.id}/devices", _USERS_READ)
        self._note(caller, Action.ACCOUNT_DEVICES_READ, user)
        return [device.value() for device in found]

    async def factors(self, caller: ActingCaller, user: User) -> list[Factor]:
        """The factors that the user enrolled."""
        found = await self._reader.all(caller, FACTORS, f"/users/{user.id}/factors", _USERS_READ)
        self._note(caller, Action.ACCOUNT_FACTORS_READ, user)
        return [factor.value() for factor in found]

    async def sign_ins(
        self, caller: ActingCaller, user: User, *, since: datetime, limit: int, succeeded: bool | None = None
    ) -> list[SignIn]:
        """The user's attempts to sign in, newest first.

        Args:
            caller: For whom.
            user: Whose.
            since: From when on.
            limit: How many at most.
            succeeded: Only those that worked, or only those that failed.
        """
        expression = f'eventType eq "user.session.start" and actor.id eq {quoted(user.id)}'
        if succeeded is not None:
            expression += f' and outcome.result eq "{"SUCCESS" if succeeded else "FAILURE"}"'
        events = await self._events(caller, expression, since, limit)
        self._note(caller, Action.ACCOUNT_SIGN_INS_READ, user, found=len(events))
        return [event.sign_in() for event in events]

    async def acts(self, caller: ActingCaller, user: User, *, since: datetime, limit: int) -> list[AccountAct]:
        """What was done to the user's account, by anybody, newest first."""
        expression = f"target.id eq {quoted(user.id)} and ({_ACTS})"
        events = await self._events(caller, expression, since, limit)
        self._note(caller, Action.ACCOUNT_HISTORY_READ, user, found=len(events))
        return [act for event in events if (act := event.act()) is not None]

    async def acts_for_others(
        self, caller: ActingCaller, *, since: datetime, limit: int, kinds: frozenset[ActKind]
    ) -> list[AccountAct]:
        """What the caller had done to accounts that are not their own, newest first."""
        own = await self.own_user(caller)
        expression = f"actor.id eq {quoted(own.id)} and ({_ACTS})"
        acts = [event.act() for event in await self._events(caller, expression, since, limit)]
        return [act for act in acts if act is not None and act.what in kinds and act.account_id != own.id]

    async def resets(self, caller: ActingCaller, user: User, *, since: datetime) -> list[Reset]:
        """The user's password resets, newest first, and what became of each link."""
        return resets_of(await self.acts(caller, user, since=since, limit=LARGEST_PAGE))

    async def password_resets(self, caller: ActingCaller, user: User, *, since: datetime, limit: int) -> list[datetime]:
        """When the user's password was reset, by anybody, newest first."""
        expression = (
            f'eventType eq "user.account.reset_password" and target.id eq {quoted(user.id)} '
            'and outcome.result eq "SUCCESS"'
        )
        events = await self._events(caller, expression, since, limit)
        self._note(caller, Action.ACCOUNT_HISTORY_READ, user, found=len(events))
        return [event.published for event in events]

    async def password_policy(self, caller: ActingCaller, user: User) -> PasswordPolicy:
        """The password policy that applies to the user: the first by priority that covers a group of theirs.

        Raises:
            UpstreamRefused: `no_password_policy` where none does.
        """
        policies = await self._reader.all(caller, POLICIES, "/policies", _POLICIES_READ, {"type": "PASSWORD"})
        groups = {group.id for group in await self.groups(caller, user)}
        for policy in sorted(policies, key=lambda policy: policy.priority):
            if policy.applies_to(groups):
                return policy.value()
        raise UpstreamRefused(PART, "The directory has no password policy for your account.", code="no_password_policy")

    async def unlock(self, caller: ActingCaller, user: User) -> str:
        """Unlocks the account; the password stays.

        Raises:
            UpstreamRefused: `unlock_not_allowed` where it is not locked.
        """
        return await self._act(caller, f"/users/{user.id}/lifecycle/unlock", {})

    async def reset_password(self, caller: ActingCaller, user: User) -> str:
        """Has the directory send a one-time link to the user's registered address. The link never comes here.

        Raises:
            UpstreamRefused: `status_forbids` where the account is not in a state for it.
        """
        return await self._act(caller, f"/users/{user.id}/lifecycle/reset_password", {"sendEmail": "true"})

    async def expire_password(self, caller: ActingCaller, user: User) -> str:
        """Has the user choose a new password at their next sign-in; the old one works until then.

        Raises:
            UpstreamRefused: `status_forbids` where the account is not in a state for it.
        """
        return await self._act(caller, f"/users/{user.id}/lifecycle/expire_password", {"tempPassword": "false"})

    async def reset_factors(self, caller: ActingCaller, user: User) -> str:
        """Removes every factor that the user enrolled.

        Raises:
            UpstreamRefused: `status_forbids` where the account is not in a state for it.
        """
        return await self._act(caller, f"/users/{user.id}/lifecycle/reset_factors", {})

    async def remove_factor(self, caller: ActingCaller, user: User, factor: Factor) -> str:
        """Removes one factor that the user enrolled.

        Raises:
            UpstreamRefused: `account_not_found` where it is gone.
        """
        return _kept_as(await self._transport.delete(caller, f"/users/{user.id}/factors/{factor.id}", _USERS_MANAGE))

    async def _act(self, caller: ActingCaller, path: str, parameters: Mapping[str, str]) -> str:
        """Acts; what an answer says beyond that it was done is not read, so that no link or password gets in."""
        return _kept_as(await self._transport.post(caller, path, _USERS_MANAGE, parameters))

    async def _user(self, caller: ActingCaller, user_id: str) -> User:
        user = (await self._reader.one(caller, USER, f"/users/{user_id}", _USERS_READ)).value()
        self._note(caller, Action.ACCOUNT_READ, user)
        return user

    def _note(self, caller: ActingCaller, action: Action, user: User | None = None, **details: int) -> None:
        """Records a read, for whatever it may be shown or used."""
        resource = object_name("account", user.id) if user is not None else ""
        who = Who.of(caller.user)
        event = Event(action=action, outcome=Outcome.SUCCEEDED, who=who, resource=resource, details=details)
        self._trail.note(event)

    async def _events(self, caller: ActingCaller, expression: str, since: datetime, limit: int) -> list[WireLogEvent]:
        # Until when is the directory's to say: a clock of ours that is behind must not hide its newest events.
        parameters = {
            "filter": expression,
            "since": since.astimezone(UTC).isoformat(timespec="milliseconds"),
            "sortOrder": "DESCENDING",
            "limit": str(min(limit, LARGEST_PAGE)),
        }
        return await self._reader.all(caller, LOG_EVENTS, "/logs", _LOGS_READ, parameters, most=limit)


def _kept_as(response: httpx.Response) -> str:
    """The directory's name for a request: its log has it as `debugContext.debugData.requestId`."""
    return str(response.headers.get("x-okta-request-id", ""))

"""The typed client that agents reach the directory with."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx
from pydantic import TypeAdapter

from shared.directory._access import ActingCaller, TokenSource
from shared.directory._transport import PART, Transport, unexpected
from shared.directory._types import Device, Factor, Group, PasswordPolicy, SignIn, User
from shared.directory._wire import (
    DEVICES,
    FACTORS,
    GROUPS,
    LOG_EVENTS,
    POLICIES,
    USER,
    USERS,
    UnexpectedBody,
    WireLogEvent,
    read,
)
from shared.errors import UpstreamRefused

_USERS_READ, _USERS_MANAGE = "okta.users.read", "okta.users.manage"
_LOGS_READ, _POLICIES_READ = "okta.logs.read", "okta.policies.read"
_LARGEST_PAGE = 200
_MOST_PAGES = 20
_IDS_KEPT = 4096

_T = TypeVar("_T")


class DirectoryClient:
    """Reads accounts, and unlocks and resets them.

    Each call is made for a caller: with the token that the source gives for that caller, and with the caller's
    subject in the directory's own log. Which account is meant is always a `User` that the directory gave for a
    verified subject; there is no way to name one by its login, mail or name.

    Every method raises `UpstreamUnavailable` where the directory is away, slow, rate-limited or not making sense,
    `UpstreamRefused` where it said no, and `AuthorizationDenied` where this agent's token may not.

    Args:
        base_url: The API, up to and with `/api/v1`.
        http: The process's client.
        tokens: Gives the token for each call.
        timeout: Seconds that one call may take.
        clock: The time, in seconds since the epoch.
    """

    def __init__(
        self,
        base_url: str,
        http: httpx.AsyncClient,
        tokens: TokenSource,
        *,
        timeout: float = 5.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._transport = Transport(base_url, http, tokens, timeout=timeout, clock=clock)
        self._clock = clock
        self._ids: OrderedDict[str, str] = OrderedDict()

    def now(self) -> datetime:
        """The time, in UTC, by the clock that the client was given."""
        return datetime.fromtimestamp(self._clock(), UTC)

    async def user_by_subject(self, caller: ActingCaller, subject: str) -> User:
        """The account that belongs to a verified subject, as it is now.

        A search finds its id, once; the account itself is then read by id, as a search may be a moment behind.

        Raises:
            UpstreamRefused: `account_not_found` where there is none, `account_ambiguous` where there are several.
        """
        known = self._ids.get(subject)
        if known is not None:
            self._ids.move_to_end(subject)
            try:
                user = await self._user(caller, known)
            except UpstreamRefused as error:
                if error.reason != "account_not_found":
                    raise
            else:
                if user.subject == subject:
                    return user
            self._ids.pop(subject, None)
        user = await self._search(caller, subject)
        self._ids[subject] = user.id
        if len(self._ids) > _IDS_KEPT:
            self._ids.popitem(last=False)
        return user

    async def groups(self, caller: ActingCaller, user: User) -> list[Group]:
        """The groups that the user is a member of, by name."""
        found = await self._list(caller, GROUPS, f"/users/{user.id}/groups", _USERS_READ)
        return sorted((group.value() for group in found), key=lambda group: group.name.casefold())

    async def devices(self, caller: ActingCaller, user: User) -> list[Device]:
        """The devices that are registered to the user."""
        found = await self._list(caller, DEVICES, f"/users/{user.id}/devices", _USERS_READ)
        return [device.value() for device in found]

    async def factors(self, caller: ActingCaller, user: User) -> list[Factor]:
        """The factors that the user enrolled."""
        found = await self._list(caller, FACTORS, f"/users/{user.id}/factors", _USERS_READ)
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
        expression = f'eventType eq "user.session.start" and actor.id eq {_quoted(user.id)}'
        if succeeded is not None:
            expression += f' and outcome.result eq "{"SUCCESS" if succeeded else "FAILURE"}"'
        return [event.sign_in() for event in await self._events(caller, expression, since, limit)]

    async def password_resets(self, caller: ActingCaller, user: User, *, since: datetime, limit: int) -> list[datetime]:
        """When the user's password was reset, by anybody, newest first."""
        expression = (
            f'eventType eq "user.account.reset_password" and target.id eq {_quoted(user.id)} '
            'and outcome.result eq "SUCCESS"'
        )
        return [event.published for event in await self._events(caller, expression, since, limit)]

    async def password_policy(self, caller: ActingCaller, user: User) -> PasswordPolicy:
        """The password policy that applies to the user: the first by priority that covers a group of theirs.

        Raises:
            UpstreamRefused: `no_password_policy` where none does.
        """
        policies = await self._list(caller, POLICIES, "/policies", _POLICIES_READ, {"type": "PASSWORD"})
        groups = {group.id for group in await self.groups(caller, user)}
        for policy in sorted(policies, key=lambda policy: policy.priority):
            if policy.applies_to(groups):
                return policy.value()
        raise UpstreamRefused(PART, "The directory has no password policy for your account.", code="no_password_policy")

    async def unlock(self, caller: ActingCaller, user: User) -> None:
        """Unlocks the account; the password stays.

        Raises:
            UpstreamRefused: `unlock_not_allowed` where it is not locked.
        """
        await self._act(caller, f"/users/{user.id}/lifecycle/unlock", {})

    async def reset_password(self, caller: ActingCaller, user: User) -> None:
        """Has the directory send a one-time link to the user's registered address. The link never comes here.

        Raises:
            UpstreamRefused: `status_forbids` where the account is not in a state for it.
        """
        await self._act(caller, f"/users/{user.id}/lifecycle/reset_password", {"sendEmail": "true"})

    async def _act(self, caller: ActingCaller, path: str, parameters: Mapping[str, str]) -> None:
        """Acts; what an answer says beyond that it was done is not read, so that no link or password gets in."""
        await self._transport.post(caller, path, _USERS_MANAGE, parameters)

    async def _user(self, caller: ActingCaller, user_id: str) -> User:
        path = f"/users/{user_id}"
        response = await self._transport.get(caller, path, _USERS_READ)
        try:
            return read(USER, response.content).value()
        except UnexpectedBody as error:
            raise unexpected(path, str(error)) from None

    async def _search(self, caller: ActingCaller, subject: str) -> User:
        parameters = {"search": f"profile.auth0Subject eq {_quoted(subject)}", "limit": "2"}
        found = [user.value() for user in await self._list(caller, USERS, "/users", _USERS_READ, parameters, pages=1)]
        exact = [user for user in found if subject and user.subject == subject]  # the search ignores case
        if len(exact) == 1:
            return exact[0]
        if exact:
            raise UpstreamRefused(
                PART,
                "The directory ties several accounts to your sign-in, so that none of them can be used here. "
                "Please tell the help desk.",
                code="account_ambiguous",
            )
        raise UpstreamRefused(
            PART,
            "The directory has no account that belongs to your sign-in. Please tell the help desk.",
            code="account_not_found",
        )

    async def _events(self, caller: ActingCaller, expression: str, since: datetime, limit: int) -> list[WireLogEvent]:
        # Until when is the directory's to say: a clock of ours that is behind must not hide its newest events.
        parameters = {
            "filter": expression,
            "since": since.astimezone(UTC).isoformat(timespec="milliseconds"),
            "sortOrder": "DESCENDING",
            "limit": str(min(limit, _LARGEST_PAGE)),
        }
        return await self._list(caller, LOG_EVENTS, "/logs", _LOGS_READ, parameters, most=limit)

    async def _list(
        self,
        caller: ActingCaller,
        kind: TypeAdapter[list[_T]],
        path: str,
        scope: str,
        parameters: Mapping[str, str] | None = None,
        *,
        most: int = _LARGEST_PAGE * _MOST_PAGES,
        pages: int = _MOST_PAGES,
    ) -> list[_T]:
        """All pages of a list, within bounds. Of a `next` link its cursor alone is used: the URL stays our own."""
        found: list[_T] = []
        asked = dict(parameters or {})
        for _ in range(pages):
            response = await self._transport.get(caller, path, scope, asked)
            try:
                page: list[_T] = read(kind, response.content)
            except UnexpectedBody as error:
                raise unexpected(path, str(error)) from None
            found += page
            cursor = _next_cursor(response)
            if cursor is None or cursor == asked.get("after") or len(found) >= most:
                break
            asked["after"] = cursor
        return found[:most]


def _next_cursor(response: httpx.Response) -> str | None:
    """The cursor of the `next` link (RFC 8288), if there is one."""
    url = response.links.get("next", {}).get("url", "")
    return next(iter(parse_qs(urlsplit(url).query).get("after", [])), None)


def _quoted(value: str) -> str:
    """A string of a SCIM filter (RFC 7644 §3.4.2.2: as in JSON)."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

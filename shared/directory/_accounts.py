"""Which account a call of a tool is about: the caller's own, or that of whom the call names.

A model may pass on what somebody is called, and no more: the text is looked up in the directory, and authorization
decides about each account that it may mean. Knowing a name, a number or a manager opens nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from shared.authorization import Resolve, Resource, object_name
from shared.directory._access import ActingCaller
from shared.directory._client import DirectoryClient
from shared.directory._types import User
from shared.errors import InsufficientScope

MOST_CANDIDATES: Final = 20
PERSON: Final = "person"
"""The argument that says what somebody is called."""

_ONESELF: Final = frozenset({"", "i", "me", "my", "mine", "myself", "self", "own"})


def account_name(user: User) -> str:
    """What an account is called in the relationship store: by its id in the directory."""
    return object_name("account", user.id)


def own_account(directory: DirectoryClient) -> Resolve[User]:
    """Finds the caller's own account, whatever a model gave as arguments."""

    async def find(caller: ActingCaller, _: Mapping[str, Any]) -> Resource[User]:
        return await _own(directory, caller)

    return find


def account_of_person(directory: DirectoryClient, *, scope: str) -> Resolve[User]:
    """Finds the account of whom the argument `person` names; without one, the caller's own.

    Args:
        directory: Where the accounts are.
        scope: What the caller's token must hold besides, where somebody else may be meant.
    """

    async def find(caller: ActingCaller, arguments: Mapping[str, Any]) -> Resource[User] | Sequence[Resource[User]]:
        if names_nobody(arguments):
            return await _own(directory, caller)
        return await _named(directory, caller, arguments, scope)

    return find


def named_account(directory: DirectoryClient, *, scope: str) -> Resolve[User]:
    """Finds the account of whom the argument `person` names; the caller's own where they are named themselves.

    Args:
        directory: Where the accounts are.
        scope: What the caller's token must hold besides.
    """

    async def find(caller: ActingCaller, arguments: Mapping[str, Any]) -> Resource[User] | Sequence[Resource[User]]:
        return await _named(directory, caller, arguments, scope)

    return find


def people_of_name(directory: DirectoryClient) -> Resolve[User]:
    """Finds all accounts that the argument `person` may mean, the caller's own among them."""

    async def find(caller: ActingCaller, arguments: Mapping[str, Any]) -> Sequence[Resource[User]]:
        called = arguments.get(PERSON)
        users = await directory.find(caller, called, limit=MOST_CANDIDATES) if isinstance(called, str) else []
        return [Resource(user, account_name(user)) for user in users]

    return find


def names_nobody(arguments: Mapping[str, Any]) -> bool:
    """Whether the call names nobody but the caller."""
    called = arguments.get(PERSON)
    return called is None or (isinstance(called, str) and called.strip().casefold() in _ONESELF)


def is_own(caller: ActingCaller, user: User) -> bool:
    """Whether the account is the caller's own."""
    return bool(user.subject) and user.subject == caller.user.subject


async def _own(directory: DirectoryClient, caller: ActingCaller) -> Resource[User]:
    user = await directory.own_user(caller)
    return Resource(user, account_name(user), own=True)


async def _named(
    directory: DirectoryClient, caller: ActingCaller, arguments: Mapping[str, Any], scope: str
) -> Resource[User] | Sequence[Resource[User]]:
    if scope not in caller.user.scopes:
        raise InsufficientScope((scope,))
    called = arguments.get(PERSON)
    users = await directory.find(caller, called, limit=MOST_CANDIDATES) if isinstance(called, str) else []
    if len(users) == 1 and is_own(caller, users[0]):
        return await _own(directory, caller)
    return [Resource(user, account_name(user), own=is_own(caller, user)) for user in users]

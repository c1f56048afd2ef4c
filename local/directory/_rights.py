"""What a person may do in the directory, by the administrator role that their groups give them.

Okta's rule: a call succeeds where the token's scopes and the rights of the person whom the token is for both allow it.
Without an administrator role a person reaches what concerns themselves.
"""

import sqlite3
from collections.abc import Mapping
from enum import StrEnum

from local.directory._database import Database


class AdministratorRole(StrEnum):
    """Okta's standard roles, as far as the local world has people with them."""

    SUPER_ADMIN = "SUPER_ADMIN"
    HELP_DESK_ADMIN = "HELP_DESK_ADMIN"
    READ_ONLY_ADMIN = "READ_ONLY_ADMIN"


GROUP_ROLES: Mapping[str, AdministratorRole] = {
    "Directory administrators": AdministratorRole.SUPER_ADMIN,
    "Help desk": AdministratorRole.HELP_DESK_ADMIN,
    "Cloud administrators": AdministratorRole.READ_ONLY_ADMIN,
    "Security": AdministratorRole.READ_ONLY_ADMIN,
}
"""Roles are assigned to groups; of several the first counts."""

SELF_SERVICE_ACTS = frozenset({"unlock", "reset_password", "expire_password"})
HELP_DESK_ACTS = SELF_SERVICE_ACTS | {"reset_factors", "factors"}


def role_of(database: Database, user_id: str) -> AdministratorRole | None:
    """The role of a user, as it is now."""
    names = {
        row["name"]
        for row in database.rows(
            "SELECT name FROM groups JOIN group_members ON groups.id = group_id WHERE user_id = ?", (user_id,)
        )
    }
    return next((role for group, role in GROUP_ROLES.items() if group in names), None)


class Rights:
    """What one call may do: by whom it is made, and with which scopes.

    Args:
        database: Where groups are.
        user_id: Whom the token is for.
        scopes: The token's.
        is_service: It is for a program that acts for nobody: that reads, and no more.
    """

    def __init__(self, database: Database, user_id: str, scopes: frozenset[str], *, is_service: bool = False) -> None:
        self._database = database
        self.user_id = user_id
        self.scopes = scopes
        self.role = AdministratorRole.READ_ONLY_ADMIN if is_service else role_of(database, user_id)

    def enters(self, scope: str) -> bool:
        """Whether any form of the scope is there: whole or `.self`; `….manage` does for `….read`."""
        return self._has(scope) or self._has_own(scope)

    def reads_others(self, scope: str) -> bool:
        """Whether what concerns other people may be read."""
        return self.role is not None and self._has(scope)

    def reaches(self, user: sqlite3.Row, scope: str, act: str | None) -> bool:
        """Whether this user may be read, or the act be done to them."""
        if user["id"] == self.user_id and self._has_own(scope) and (act is None or act in SELF_SERVICE_ACTS):
            return True
        if not self.reads_others(scope):
            return False
        return act is None or self._may_act(act, user)

    def is_self_service(self, user: sqlite3.Row) -> bool:
        """Whether it is somebody's own account, acted on by right of that alone: no link and no password is shown."""
        return bool(user["id"] == self.user_id) and self.role is not AdministratorRole.SUPER_ADMIN

    def _may_act(self, act: str, user: sqlite3.Row) -> bool:
        if self.role is AdministratorRole.HELP_DESK_ADMIN:  # never on who has a role: Okta's rule against climbing
            return act in HELP_DESK_ACTS and role_of(self._database, user["id"]) is None
        return self.role is AdministratorRole.SUPER_ADMIN

    def _has(self, scope: str) -> bool:
        return not {scope, _managed(scope)}.isdisjoint(self.scopes)

    def _has_own(self, scope: str) -> bool:
        return self._has(scope) or not {f"{scope}.self", f"{_managed(scope)}.self"}.isdisjoint(self.scopes)


def _managed(scope: str) -> str:
    return f"{scope.removesuffix('.read')}.manage" if scope.endswith(".read") else scope

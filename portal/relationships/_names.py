"""What people say for things (`amelia.hart`, `account:amelia.hart`, `group:Help desk`), and what the store says."""

from portal._errors import CommandFailed
from portal.relationships._roster import Roster
from shared.authorization import object_name, user_name

_TYPES = frozenset(
    {"user", "agent", "company", "department", "group", "account", "account_kind", "audience", "document"}
)


class Names:
    """Translates both ways, by what the directory holds.

    Args:
        roster: What the directory holds; None where it was not asked, and then only the store's own names are known.
        issuer: Who issues the tokens of its people.
    """

    def __init__(self, roster: Roster | None, issuer: str) -> None:
        self._users: dict[str, str] = {}
        self._accounts: dict[str, str] = {}
        self._groups: dict[str, str] = {}
        self._said: dict[str, str] = {}
        for account in roster.accounts if roster else ():
            login = account.login
            name = object_name("account", account.id)
            for said in {login, login.partition("@")[0]}:
                self._accounts[said.casefold()] = name
                if account.subject:
                    self._users[said.casefold()] = user_name(issuer, account.subject)
            short = login.partition("@")[0]
            self._said[name] = f"account:{short}"
            if account.subject:
                self._said[user_name(issuer, account.subject)] = f"user:{short}"
        for group, (identifier, _) in (roster.groups if roster else {}).items():
            self._groups[group.casefold()] = object_name("group", identifier)
            self._said[object_name("group", identifier)] = f"group:{group}"

    def user(self, said: str) -> str:
        """Who is meant: a login or mail address of the directory, or a name of the store (`agent:password_reset`).

        Raises:
            CommandFailed: Nobody is.
        """
        kind, colon, rest = said.partition(":")
        if kind == "user" and rest.casefold() in self._users:
            return self._users[rest.casefold()]
        if colon and kind in _TYPES:
            return self.object(said) if "#" not in said else said
        found = self._users.get(said.casefold())
        if found is None:
            raise CommandFailed(
                f"{said!r} is nobody in the directory: give a login, or a name as `agent:password_reset`."
            )
        return found

    def object(self, said: str) -> str:
        """What is meant: `account:LOGIN`, `group:NAME`, `department:NAME`, or as the store calls it.

        Raises:
            CommandFailed: There is no such type.
        """
        kind, colon, rest = said.partition(":")
        if not colon or kind not in _TYPES or not rest:
            raise CommandFailed(
                f"{said!r} is no object: write it as TYPE:NAME, with one of {', '.join(sorted(_TYPES))}."
            )
        known = {"account": self._accounts, "group": self._groups, "user": self._users}.get(kind, {})
        if rest.casefold() in known:
            return known[rest.casefold()]
        return object_name(kind, rest) if kind == "department" else said

    def readable(self, text: str) -> str:
        """A text in which the store's names are replaced by what people say."""
        for name in sorted(self._said, key=len, reverse=True):
            text = text.replace(name, self._said[name])
        return text

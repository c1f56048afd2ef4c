"""Who may sign in: `local/people.yaml`, with passwords made on first run."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from local import _random
from local._files import write_private
from local.tenant._database import Database
from local.tenant._yaml import parse_yaml, read_text
from local.tenant.definition import Definition
from shared.errors import ConfigurationError

MAIL_DOMAIN = "helpdesk.example"


class _Person(BaseModel):
    """What the tenant needs of a row; the rest is the directory's."""

    model_config = ConfigDict(extra="ignore")

    login: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    name: str = Field(min_length=1)
    roles: tuple[str, ...] = ()
    role: str | None = None
    factors: tuple[str, ...] = ()
    kind: Literal["person", "service", "administrator"] = "person"

    @field_validator("roles", "factors", mode="before")
    @classmethod
    def _none_is_empty(cls, value: Any) -> Any:
        return value or ()


@dataclass(frozen=True, slots=True)
class User:
    """A person of the tenant. `user_id` is the `sub` of tokens about them; with push they are asked on their phone."""

    user_id: str
    login: str
    name: str
    roles: tuple[str, ...]
    has_push: bool = False

    @property
    def email(self) -> str:
        """Their address."""
        return f"{self.login}@{MAIL_DOMAIN}"

    @property
    def given_name(self) -> str:
        """The name up to the first space."""
        return self.name.partition(" ")[0]

    @property
    def family_name(self) -> str:
        """The name after the first space."""
        return self.name.partition(" ")[2]


def user_id_of(login: str) -> str:
    """The Auth0 user id of a login; the directory derives the same one."""
    return f"auth0|{hashlib.sha256(f'helpdesk:{login}'.encode()).hexdigest()[:24]}"


class People:
    """The users, their passwords and whether they are blocked."""

    def __init__(self, users: dict[str, User], passwords: dict[str, str], database: Database) -> None:
        self._by_login = users
        self._by_id = {user.user_id: user for user in users.values()}
        self._passwords = {login: hashlib.sha256(password.encode()).digest() for login, password in passwords.items()}
        self._database = database

    def get(self, user_id: str) -> User | None:
        """The user with this id."""
        return self._by_id.get(user_id)

    def find(self, login_or_email: str) -> User | None:
        """The user with this login or address, as typed at the sign-in page."""
        login = login_or_email.strip().lower().removesuffix(f"@{MAIL_DOMAIN}")
        return self._by_login.get(login)

    def all(self) -> list[User]:
        """Everybody, by login."""
        return [self._by_login[login] for login in sorted(self._by_login)]

    def password_matches(self, user: User | None, password: str) -> bool:
        """Compares in constant time, for an unknown user too."""
        expected = self._passwords.get(user.login) if user is not None else None
        given = hashlib.sha256(password.encode()).digest()
        return hmac.compare_digest(expected or bytes(32), given) and expected is not None

    def is_blocked(self, user_id: str) -> bool:
        """Whether the tenant refuses this person everything."""
        row = self._database.row("select blocked from users where user_id = ?", user_id)
        return row is not None and bool(row["blocked"])

    def set_blocked(self, user_id: str, *, blocked: bool) -> None:
        """Blocks or unblocks a person."""
        self._database.execute("insert or replace into users values (?, ?)", user_id, blocked)


def load_people(path: Path, definition: Definition | None, passwords_file: Path, database: Database) -> People:
    """Reads the people and gives each who has none a password.

    Without a definition, as where the tenant is managed, a role may come to be later; until then it allows nothing.
    A service account has no password and so cannot sign in.

    Raises:
        ConfigurationError: naming the first thing at fault.
    """
    document = parse_yaml(path, read_text(path, "TENANT_PEOPLE"))
    try:
        rows = TypeAdapter(list[_Person]).validate_python(document or [])
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise ConfigurationError(f"{path}: {where}: {problem['msg']}.") from None
    users: dict[str, User] = {}
    for row in rows:
        roles = row.roles or ((row.role,) if row.role else ())
        if definition is not None and (unknown := set(roles) - definition.roles_by_name.keys()):
            raise ConfigurationError(f"{path}: {row.login} has the role {min(unknown)}, which is not defined.")
        if row.login in users:
            raise ConfigurationError(f"{path}: {row.login} is there twice.")
        users[row.login] = User(user_id_of(row.login), row.login, row.name, roles, "push" in row.factors)
    may_sign_in = [row.login for row in rows if row.kind != "service"]
    return People(users, _passwords(passwords_file, may_sign_in), database)


def _passwords(path: Path, logins: list[str]) -> dict[str, str]:
    kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    passwords = {login: kept.get(login) or _random.password() for login in logins}
    if passwords != kept:
        write_private(path, json.dumps(passwords, indent=2) + "\n")
    return passwords

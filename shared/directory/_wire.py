"""What the Okta API answers, checked and turned into values (developer.okta.com/docs/reference/api).

Only what is read here is checked; anything else may be there, or not.
"""

from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from shared.directory._types import (
    AccountKind,
    AccountStatus,
    Application,
    Device,
    Factor,
    Group,
    PasswordPolicy,
    User,
)

MAX_BODY_BYTES = 4 * 2**20
_ID = r"^[A-Za-z0-9_-]{1,64}$"  # of what is named in a path later
_FACTOR_NAMES = ("name", "authenticatorName", "phoneNumber", "email")

_T = TypeVar("_T")
_E = TypeVar("_E", bound=StrEnum)


class UnexpectedBody(Exception):
    """An answer that is not what the API's reference says. The text names places, never values."""


class Wire(BaseModel):
    """A part of an answer, with the API's names in its JSON."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class _Profile(Wire):
    login: str
    email: str
    first_name: str | None = None
    last_name: str | None = None
    display_name: str | None = None
    second_email: str | None = None
    mobile_phone: str | None = None
    title: str | None = None
    department: str | None = None
    manager: str | None = None
    city: str | None = None
    employee_number: str | None = None
    account_kind: str | None = None
    auth0_subject: Annotated[str | None, Field(alias="auth0Subject")] = None


class WireUser(Wire):
    """A user of the Users API."""

    id: str = Field(pattern=_ID)
    status: str
    created: AwareDatetime | None = None
    status_changed: AwareDatetime | None = None
    last_login: AwareDatetime | None = None
    password_changed: AwareDatetime | None = None
    profile: _Profile

    def value(self) -> User:
        """The user as a value."""
        profile = self.profile
        names = " ".join(name for name in (profile.first_name, profile.last_name) if name)
        return User(
            id=self.id,
            subject=profile.auth0_subject or "",
            login=profile.login,
            status=_known(AccountStatus, self.status, AccountStatus.UNKNOWN),
            kind=_known(AccountKind, profile.account_kind or "", AccountKind.UNKNOWN),
            display_name=profile.display_name or names or profile.login,
            first_name=profile.first_name or profile.login,
            email=profile.email,
            recovery_email=profile.second_email or None,
            mobile=profile.mobile_phone or None,
            title=profile.title or None,
            department=profile.department or None,
            manager=profile.manager or None,
            city=profile.city or None,
            employee_number=profile.employee_number or None,
            created=self.created,
            status_changed=self.status_changed,
            last_login=self.last_login,
            password_changed=self.password_changed,
        )


class _GroupProfile(Wire):
    name: str
    description: str | None = None


class WireGroup(Wire):
    """A group of the Groups API."""

    id: str
    type: str = ""
    profile: _GroupProfile

    def value(self) -> Group:
        """The group as a value."""
        return Group(self.id, self.profile.name, self.profile.description or "", self.type == "BUILT_IN")


class WireAppLink(Wire):
    """An application of the User Resources API, as a user gets to it."""

    id: str
    label: str
    hidden: bool = False

    def value(self) -> Application:
        """The application as a value."""
        return Application(self.id, self.label, self.hidden)


class _DeviceProfile(Wire):
    display_name: str
    platform: str = ""


class _Device(Wire):
    id: str
    status: str = ""
    profile: _DeviceProfile


class WireDeviceUser(Wire):
    """A device of the User Resources API, with the user's tie to it."""

    created: AwareDatetime | None = None
    management_status: str | None = None
    device: _Device

    def value(self) -> Device:
        """The device as a value."""
        profile = self.device.profile
        managed = self.management_status == "MANAGED"
        return Device(self.device.id, profile.display_name, profile.platform, self.device.status, managed, self.created)


class WireFactor(Wire):
    """A factor of the Factors API."""

    id: str = Field(pattern=_ID)
    factor_type: str
    provider: str = ""
    status: str = ""
    created: AwareDatetime | None = None
    profile: dict[str, Any] = {}

    def value(self) -> Factor:
        """The factor as a value."""
        named = next((self.profile[key] for key in _FACTOR_NAMES if self.profile.get(key)), None)
        return Factor(
            self.id, self.factor_type, self.provider, self.status, str(named) if named else None, self.created
        )


class _Complexity(Wire):
    min_length: int = 0
    min_lower_case: int = 0
    min_upper_case: int = 0
    min_number: int | None = 0
    min_symbol: int = 0
    exclude_username: bool = False
    dictionary: dict[str, Any] = {}


class _Age(Wire):
    max_age_days: int = 0
    expire_warn_days: int = 0
    min_age_minutes: int = 0
    history_count: int = 0


class _Lockout(Wire):
    max_attempts: int = 0
    auto_unlock_minutes: int = 0


class _Password(Wire):
    complexity: _Complexity
    age: _Age = _Age()
    lockout: _Lockout = _Lockout()


class _Settings(Wire):
    password: _Password
    recovery: dict[str, Any] = {}


class _Include(Wire):
    include: tuple[str, ...] = ()


class _People(Wire):
    groups: _Include = _Include()


class _Conditions(Wire):
    people: _People = _People()


class WirePolicy(Wire):
    """A policy of type PASSWORD of the Policy API."""

    name: str
    status: str = "ACTIVE"
    priority: int = 0
    conditions: _Conditions | None = None
    settings: _Settings

    def applies_to(self, group_ids: set[str]) -> bool:
        """Whether it covers somebody in these groups; one without a condition covers everybody."""
        include = self.conditions.people.groups.include if self.conditions else ()
        return self.status == "ACTIVE" and (not include or bool(group_ids & set(include)))

    def value(self) -> PasswordPolicy:
        """The policy as a value."""
        password = self.settings.password
        complexity, age, lockout = password.complexity, password.age, password.lockout
        return PasswordPolicy(
            name=self.name,
            min_length=complexity.min_length,
            min_lower_case=complexity.min_lower_case,
            min_upper_case=complexity.min_upper_case,
            min_number=complexity.min_number or 0,
            min_symbol=complexity.min_symbol,
            excludes_login=complexity.exclude_username,
            excludes_common=_at(complexity.dictionary, "common", "exclude") is True,
            history=age.history_count,
            max_age_days=age.max_age_days,
            warn_days=age.expire_warn_days,
            min_age_minutes=age.min_age_minutes,
            max_attempts=lockout.max_attempts,
            auto_unlock_minutes=lockout.auto_unlock_minutes,
            link_lifetime_minutes=_minutes(self.settings.recovery),
        )


USER = TypeAdapter(WireUser)
USERS = TypeAdapter(list[WireUser])
GROUPS = TypeAdapter(list[WireGroup])
APPLICATIONS = TypeAdapter(list[WireAppLink])
DEVICES = TypeAdapter(list[WireDeviceUser])
FACTORS = TypeAdapter(list[WireFactor])
POLICIES = TypeAdapter(list[WirePolicy])


def read(kind: TypeAdapter[_T], content: bytes) -> _T:
    """A JSON body of a kind.

    Raises:
        UnexpectedBody: where it is not.
    """
    if len(content) > MAX_BODY_BYTES:
        raise UnexpectedBody(f"{len(content)} bytes")
    try:
        return kind.validate_json(content)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in problem["loc"])
        raise UnexpectedBody(f"{problem['type']} at {place or 'the top'}") from None


def _known(kind: type[_E], text: str, otherwise: _E) -> _E:
    try:
        return kind(text)
    except ValueError:
        return otherwise


def _at(document: Any, *path: str) -> Any:
    for key in path:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _minutes(recovery: dict[str, Any]) -> int:
    found = _at(recovery, "factors", "okta_email", "properties", "recoveryToken", "tokenLifetimeMinutes")
    return found if isinstance(found, int) else 0

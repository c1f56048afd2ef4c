"""What the directory knows, as values."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class AccountStatus(StrEnum):
    """The state of an account, in Okta's words; `UNKNOWN` is one that this code does not know yet."""

    STAGED = "STAGED"
    PROVISIONED = "PROVISIONED"
    ACTIVE = "ACTIVE"
    RECOVERY = "RECOVERY"
    LOCKED_OUT = "LOCKED_OUT"
    PASSWORD_EXPIRED = "PASSWORD_EXPIRED"  # noqa: S105 -- a status
    SUSPENDED = "SUSPENDED"
    DEPROVISIONED = "DEPROVISIONED"
    UNKNOWN = "UNKNOWN"


class AccountKind(StrEnum):
    """Whose account it is. Only a `PERSON`'s is ever changed by an agent; `UNKNOWN` counts as not a person's."""

    PERSON = "person"
    ADMINISTRATOR = "administrator"
    SERVICE = "service"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class User:
    """An account. `subject` is the `sub` of the tokens of whom it belongs to."""

    id: str
    subject: str
    login: str
    status: AccountStatus
    kind: AccountKind
    display_name: str
    first_name: str
    email: str
    recovery_email: str | None
    mobile: str | None
    title: str | None
    department: str | None
    manager: str | None
    city: str | None
    employee_number: str | None
    created: datetime | None
    status_changed: datetime | None
    last_login: datetime | None
    password_changed: datetime | None

    @property
    def has_password(self) -> bool:
        """Whether a password was ever set."""
        return self.password_changed is not None


@dataclass(frozen=True, slots=True)
class Group:
    """A group that somebody is a member of; `built_in` ones hold everybody."""

    id: str
    name: str
    description: str
    built_in: bool


@dataclass(frozen=True, slots=True)
class Application:
    """An application that somebody has; a `hidden` one is on nobody's home page."""

    id: str
    label: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class Device:
    """A device that is registered to somebody; `managed` ones are looked after by the company."""

    id: str
    name: str
    platform: str
    status: str
    managed: bool
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Factor:
    """A factor that somebody enrolled: Okta's `factorType`, and its device or phone number as a name."""

    id: str
    kind: str
    provider: str
    status: str
    name: str | None
    since: datetime | None


@dataclass(frozen=True, slots=True)
class SignIn:
    """An attempt to sign in."""

    at: datetime
    succeeded: bool
    reason: str | None
    ip_address: str | None
    city: str | None
    country: str | None
    client: str | None
    device: str | None


class ActKind(StrEnum):
    """What was done to an account, as the directory's log has it."""

    LOCKED = "locked"
    UNLOCKED = "unlocked"
    RESET = "reset"
    LINK_MAILED = "link_mailed"
    PASSWORD_CHOSEN = "password_chosen"  # noqa: S105 -- an act
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    UNSUSPENDED = "unsuspended"
    CLOSED = "closed"
    FACTOR_REMOVED = "factor_removed"
    FACTORS_REMOVED = "factors_removed"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something: a person, and then perhaps through which application; or a program by itself."""

    id: str
    name: str
    is_person: bool
    through: str | None = None


@dataclass(frozen=True, slots=True)
class AccountAct:
    """Something that was done to an account.

    Attributes:
        at: When.
        what: What.
        by: By whom.
        account_id: The account's id in the directory.
        request: The directory's name for the request that did it; empty where it names none.
    """

    at: datetime
    what: ActKind
    by: Actor
    account_id: str
    request: str = ""


@dataclass(frozen=True, slots=True)
class Reset:
    """A password reset, and what became of its link.

    Attributes:
        at: When.
        by: Who had it done.
        mailed: Whether a link was mailed.
        used_at: When a password was chosen with it, if one was.
        replaced_at: When a later reset made the link useless, if one did.
    """

    at: datetime
    by: Actor
    mailed: bool
    used_at: datetime | None
    replaced_at: datetime | None


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """What a password must be, how long it lasts and what locks an account; 0 means that there is no such rule."""

    name: str
    min_length: int
    min_lower_case: int
    min_upper_case: int
    min_number: int
    min_symbol: int
    excludes_login: bool
    excludes_common: bool
    history: int
    max_age_days: int
    warn_days: int
    min_age_minutes: int
    max_attempts: int
    auto_unlock_minutes: int
    link_lifetime_minutes: int

    def expires_at(self, changed: datetime | None) -> datetime | None:
        """When a password that was set at `changed` stops working, if it does."""
        if changed is None or not self.max_age_days:
            return None
        return changed + timedelta(days=self.max_age_days)

    def link_works_until(self, sent: datetime) -> datetime | None:
        """Until when a reset link works that was sent at `sent`, if the policy says."""
        return sent + timedelta(minutes=self.link_lifetime_minutes) if self.link_lifetime_minutes else None

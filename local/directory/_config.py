"""What the directory is started with, and the ways to fail that tests switch on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

PEOPLE = Path(__file__).resolve().parent.parent / "people.yaml"

# The most that people can grant each agent, in Okta's OAuth scopes; each person is bounded by their own rights.
AGENT_SCOPES: Mapping[str, frozenset[str]] = {
    "account_lookup": frozenset(
        {"okta.users.read.self", "okta.users.read", "okta.groups.read", "okta.logs.read", "okta.policies.read"}
    ),
    "password_reset": frozenset(
        {
            *("okta.users.read.self", "okta.users.manage.self", "okta.users.read", "okta.users.manage"),
            *("okta.logs.read", "okta.policies.read"),
        }
    ),
}
DEFAULT_URL = "http://127.0.0.1:8401"
DEFAULT_CALLBACK = "http://127.0.0.1:8400/login/callback"


@dataclass
class Faults:
    """How the API fails right now. Everything is off by default; a test changes the fields while the app runs.

    Attributes:
        delay: Seconds before each answer.
        away: Every call is answered 503.
        rate_limited_for: Every call is answered 429 with a reset that many seconds ahead.
        body: Every call is answered 200 with these bytes instead of what was asked for.
        lose_answers: Calls do their work, then are answered 502, so that the caller cannot know.
        acts_only: All this concerns calls that act; reads are answered as ever.
    """

    delay: float = 0.0
    away: bool = False
    rate_limited_for: int | None = None
    body: bytes | None = None
    lose_answers: bool = False
    acts_only: bool = False


NO_FAULTS = Faults()


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class DirectoryConfig:
    """What `create_app` needs.

    Attributes:
        folder: Where the database and the tokens are kept; made private.
        people: The YAML file that a new database is filled from.
        public_url: Where a person's browser reaches this, for the links in recovery mails; by default the URL of
            the request that caused the mail. It is the issuer and the audience of tokens, too, where it is given.
        callbacks: Where the token vault of the tenant takes people's answers.
        hosts: Names that the `Host` header may have besides loopback ones.
        rate_limit: Calls a minute for each token.
        scopes: For each agent, the most that people can grant it.
        clock: Tells the time, with its offset.
        faults: Ways to fail.
    """

    folder: Path
    people: Path = PEOPLE
    public_url: str | None = None
    hosts: frozenset[str] = frozenset()
    callbacks: tuple[str, ...] = (DEFAULT_CALLBACK,)
    rate_limit: int = 6000
    scopes: Mapping[str, frozenset[str]] = field(default_factory=lambda: AGENT_SCOPES)
    clock: Callable[[], datetime] = _now
    faults: Faults = field(default_factory=Faults)

    @property
    def issuer(self) -> str:
        """The issuer of the directory's tokens, and their audience."""
        return (self.public_url or DEFAULT_URL).rstrip("/")

"""Who is signed in on this machine: one private file for each profile.

A file is written whole and then put in its place, so that a reader sees the old sign-in or the new one. A refresh
token is used once (Auth0 rotates it and revokes the family where an old one comes again), so that whoever renews
a sign-in holds the profile's lock from reading the token to writing its successor.
"""

import asyncio
import contextlib
import fcntl
import json
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from portal._environment import typed
from portal._private_files import private_file, write_private
from shared.errors import ConfigurationError

WELL_KNOWN = ".well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Desk:
    """A help desk: where it is, and what tokens for it are asked with.

    Attributes:
        issuer: The issuer of the tokens, with its trailing slash.
        client_id: The command line's client there.
        audience: The supervisor's API identifier.
        url: Where the supervisor is.
        discovery_url: Where the issuer's metadata is fetched, if not below the issuer.
    """

    issuer: str
    client_id: str
    audience: str
    url: str
    discovery_url: str | None = None

    @property
    def metadata_url(self) -> str:
        """Where the issuer's metadata is (OpenID Connect Discovery 1.0 §4)."""
        return self.discovery_url or f"{self.issuer}{WELL_KNOWN}"

    @property
    def base(self) -> str:
        """Where the issuer's endpoints are for this process, with a trailing slash."""
        return self.metadata_url.removesuffix(WELL_KNOWN)


@dataclass(frozen=True, slots=True)
class SignIn:
    """A person's sign-in at a help desk.

    Attributes:
        desk: Where.
        subject: The person's `sub` there.
        name: What to call them; decides nothing.
        access_token: For the supervisor.
        expires_at: When the access token expires, in seconds since the epoch.
        refresh_token: Renews it; used once.
        context_id: The conversation that was last had.
    """

    desk: Desk
    subject: str
    name: str
    access_token: str = field(repr=False)
    expires_at: float
    refresh_token: str | None = field(repr=False)
    context_id: str | None = None

    @classmethod
    def parse(cls, document: dict[str, Any]) -> Self:
        """Reads what `asdict` made."""
        return cls(**document | {"desk": Desk(**document["desk"])})


class Profiles:
    """The sign-ins kept below a folder.

    Args:
        home: Made, and kept private, when something is written.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._folder = home / "profiles"

    def of(self, name: str) -> "Profile":
        """One of them."""
        return Profile(self, name)

    def names(self) -> list[str]:
        """The profiles that somebody is signed in under."""
        return sorted(path.stem for path in self._folder.glob("*.json"))

    def load(self, name: str) -> SignIn | None:
        """The sign-in of a profile.

        Raises:
            ConfigurationError: the file is there and cannot be used.
        """
        path = self._path(name)
        try:
            return SignIn.parse(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ConfigurationError(
                f"{path} cannot be read as a sign-in: remove it and run `{typed('login')}`."
            ) from error

    def save(self, name: str, sign_in: SignIn) -> None:
        """Keeps a sign-in; only its owner can read it."""
        path = self._path(name)
        self._make_folder()
        write_private(path, json.dumps(asdict(sign_in)))

    def remember_conversation(self, name: str, sign_in: SignIn, context_id: str) -> None:
        """Notes the conversation that was last had, unless somebody else has signed in meanwhile."""
        with self.locked(name):
            current = self.load(name)
            if current is not None and (current.desk, current.subject) == (sign_in.desk, sign_in.subject):
                self.save(name, replace(current, context_id=context_id))

    def remove(self, name: str) -> None:
        """Forgets a sign-in."""
        self._path(name).unlink(missing_ok=True)

    @contextlib.contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Holds the profile against every other process; waits until it is free."""
        self._make_folder()
        path = self._path(name).with_suffix(".lock")
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _make_folder(self) -> None:
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.mkdir(mode=0o700, exist_ok=True)

    def _path(self, name: str) -> Path:
        return private_file(self._folder, name)


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile, as a session keeps its sign-in there."""

    profiles: Profiles
    name: str

    def load(self) -> SignIn | None:
        """The sign-in, if somebody is signed in."""
        return self.profiles.load(self.name)

    def save(self, sign_in: SignIn) -> None:
        """Keeps it."""
        self.profiles.save(self.name, sign_in)

    def remove(self) -> None:
        """Forgets it."""
        self.profiles.remove(self.name)

    @contextlib.asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Holds it against every other process."""
        with contextlib.ExitStack() as stack:
            lock = self.profiles.locked(self.name)
            await asyncio.to_thread(lock.__enter__)
            stack.push(lock)
            yield

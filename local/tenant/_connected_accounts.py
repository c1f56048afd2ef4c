"""The token vault: accounts at other systems that people have connected, and the requests to connect one.

A request goes through four hands: the client's (`auth_session`), the browser's (`ticket`, then a cookie), the other
system's (`state`), and the client's again (`connect_code`). Each secret is kept as a digest, and works once.
"""

import asyncio
import hmac
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from weakref import WeakValueDictionary

from local import _random
from local.tenant._clock import Clock, iso
from local.tenant._database import Database
from local.tenant._sealing import Sealing
from local.tenant._upstream import Upstream, UpstreamTokens
from local.tenant.definition import Connection
from shared.errors import UpstreamError

REQUEST_LIFETIME = 300
EARLY_SECONDS = 30
"""A token that has not so much left is renewed before it is given out."""

ID_LENGTH = 22
CODE_LENGTH = 43


@dataclass(frozen=True, slots=True)
class AccountRequest:
    """A request to connect an account, under way.

    Attributes:
        user_id: Whose account it will be.
        client_id: Who asked.
        connection: Which system.
        redirect_uri: Where the browser ends.
        state: The client's own, given back to it.
        code_challenge: Binds the completion to the client that began (RFC 7636).
        scopes: What is asked for there.
        session: A digest of the `auth_session` that the client was given.
        code_verifier: The tenant's own, for the other system.
        browser: A digest of the cookie of the browser that went there.
        upstream_user: Who the person is there, once they have agreed.
        tokens: What was issued then.
    """

    user_id: str
    client_id: str
    connection: str
    redirect_uri: str
    state: str
    code_challenge: str
    scopes: tuple[str, ...]
    session: str = ""
    code_verifier: str = ""
    browser: str | None = None
    upstream_user: str | None = None
    tokens: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ConnectedAccount:
    """An account that a person has connected; its tokens are not here."""

    id: str
    user_id: str
    connection: str
    upstream_user: str
    scopes: tuple[str, ...]
    created_at: float

    def described(self) -> dict[str, Any]:
        """As the My Account API shows it."""
        return {
            "id": self.id,
            "connection": self.connection,
            "access_type": "offline",
            "scopes": list(self.scopes),
            "created_at": iso(self.created_at),
        }


@dataclass(frozen=True, slots=True)
class VaultToken:
    """An access token of another system, with how long it lasts."""

    token: str
    expires_in: int
    scopes: tuple[str, ...]


class AccountIsTaken(Exception):
    """The account there is another person's here."""


class NoRefreshToken(Exception):
    """The other system gave no refresh token, without which nothing can be kept."""


class ConnectedAccounts:
    """The vault.

    Args:
        database: Where it is kept.
        sealing: Seals what other systems issued.
        clock: Seconds since the epoch.
        connections: The connections by name.
        redirect_uri: Where other systems send people back to.
        origins: See `Upstream`.
    """

    def __init__(
        self,
        database: Database,
        sealing: Sealing,
        clock: Clock,
        *,
        connections: Mapping[str, Connection],
        redirect_uri: str,
        origins: Mapping[str, str],
    ) -> None:
        self._database = database
        self._sealing = sealing
        self._clock = clock
        self.connections = connections
        self._redirect_uri = redirect_uri
        self._origins = origins
        self._renewing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def upstream(self, connection: str) -> Upstream:
        """The other system's authorization server."""
        return Upstream(self.connections[connection].options, self._redirect_uri, self._origins)

    def begin(self, request: AccountRequest) -> tuple[str, str]:
        """Keeps a new request; returns the client's `auth_session` and the browser's ticket."""
        auth_session = _random.identifier(CODE_LENGTH)
        return auth_session, self.keep("ticket", replace(request, session=_random.digest(auth_session)))

    def finish(self, auth_session: str, code: str) -> AccountRequest | None:
        """The request that a code stands for, once, and only to who began it."""
        request = self.take("code", code)
        if request is None or not hmac.compare_digest(request.session, _random.digest(auth_session)):
            return None
        return request

    def keep(self, kind: str, request: AccountRequest) -> str:
        """Keeps a request under a new secret, which whoever is to go on with it is given."""
        secret, now = _random.identifier(CODE_LENGTH), self._clock()
        name = _name(kind, secret)
        self._database.purge(now)
        self._database.execute(
            "insert into account_requests values (?, ?, ?)",
            *(name, self._sealing.seal(name, asdict(request)), now + REQUEST_LIFETIME),
        )
        return secret

    def take(self, kind: str, secret: str) -> AccountRequest | None:
        """The request of a secret, once."""
        name = _name(kind, secret)
        with self._database.transaction():
            row = self._database.row(
                "select data from account_requests where digest = ? and expires_at > ?", name, self._clock()
            )
            self._database.execute("delete from account_requests where digest = ?", name)
        if row is None:
            return None
        values = self._sealing.open(name, row["data"])
        return AccountRequest(**values | {"scopes": tuple(values["scopes"])})

    async def agreed(self, request: AccountRequest, code: str) -> AccountRequest:
        """Fetches what the person has agreed to.

        Raises:
            UpstreamError: the other system does not hand it over.
            NoRefreshToken: or nothing that could be kept.
        """
        tokens, subject = await self.upstream(request.connection).redeem(code, request.code_verifier)
        if tokens.refresh_token is None:
            raise NoRefreshToken
        return replace(request, upstream_user=subject, tokens=self._kept(tokens, tokens.refresh_token))

    async def complete(self, request: AccountRequest) -> ConnectedAccount:
        """Puts the account into the vault; one that was there is replaced, and its old tokens are revoked.

        Raises:
            AccountIsTaken: it is somebody else's here; what was issued for it is revoked.
        """
        tokens, upstream_user = request.tokens, request.upstream_user
        assert tokens is not None and upstream_user is not None  # noqa: PT018, S101 -- `agreed` has set them
        holder = self._database.row(
            "select user_id from connected_accounts where connection = ? and upstream_user = ? and user_id <> ?",
            *(request.connection, upstream_user, request.user_id),
        )
        if holder is not None:
            await self._revoke(request.connection, tokens)
            raise AccountIsTaken
        with self._database.transaction():
            former = self._database.row(
                "select id, sealed from connected_accounts where user_id = ? and connection = ? and upstream_user = ?",
                *(request.user_id, request.connection, upstream_user),
            )
            account_id = former["id"] if former is not None else f"cac_{_random.identifier(ID_LENGTH)}"
            now = self._clock()
            self._database.execute(
                "insert or replace into connected_accounts values (?, ?, ?, ?, ?, ?, null, ?)",
                *(account_id, request.user_id, request.connection, upstream_user),
                *(" ".join(tokens["scopes"]), now, self._sealing.seal(account_id, tokens)),
            )
        if former is not None:
            await self._revoke(request.connection, self._sealing.open(account_id, former["sealed"]))
        return ConnectedAccount(
            account_id, request.user_id, request.connection, upstream_user, tuple(tokens["scopes"]), now
        )

    def of(self, user_id: str, connection: str | None = None) -> list[ConnectedAccount]:
        """What a person has connected, the newest first."""
        rows = self._database.rows(
            "select * from connected_accounts where user_id = ? and (? is null or connection = ?) "
            "order by created_at desc, id",
            *(user_id, connection, connection),
        )
        return [
            ConnectedAccount(
                *(row["id"], row["user_id"], row["connection"], row["upstream_user"]),
                tuple(row["scope"].split()),
                row["created_at"],
            )
            for row in rows
        ]

    async def delete(self, user_id: str, account_id: str) -> ConnectedAccount | None:
        """Forgets an account of this person, and has the other system revoke what it issued."""
        found = next((account for account in self.of(user_id) if account.id == account_id), None)
        row = self._database.row("select sealed from connected_accounts where id = ?", account_id)
        if found is None or row is None:
            return None
        self._database.execute("delete from connected_accounts where id = ?", account_id)
        await self._revoke(found.connection, self._sealing.open(account_id, row["sealed"]))
        return found

    async def token(self, account: ConnectedAccount) -> VaultToken | None:
        """An access token for the other system, renewed there where it has expired; None if it is gone meanwhile.

        Raises:
            UpstreamRefused: the other system does not renew it any more.
            UpstreamUnavailable: it is away.
        """
        lock = self._renewing.setdefault(account.id, asyncio.Lock())
        async with lock:
            row = self._database.row("select sealed from connected_accounts where id = ?", account.id)
            if row is None:
                return None
            tokens = self._sealing.open(account.id, row["sealed"])
            if tokens["expires_at"] - EARLY_SECONDS <= self._clock():
                renewed = await self.upstream(account.connection).refresh(tokens["refresh_token"])
                tokens = self._kept(renewed, renewed.refresh_token or tokens["refresh_token"])
                self._database.execute(
                    "update connected_accounts set sealed = ?, scope = ? where id = ? and sealed = ?",
                    *(self._sealing.seal(account.id, tokens), " ".join(tokens["scopes"]), account.id, row["sealed"]),
                )
        expires_in = max(1, int(tokens["expires_at"] - self._clock()))
        return VaultToken(tokens["access_token"], expires_in, tuple(tokens["scopes"]))

    def expire(self, account: ConnectedAccount) -> None:
        """Takes the access token for one that has expired: it is renewed before anybody gets it."""
        row = self._database.row("select sealed from connected_accounts where id = ?", account.id)
        if row is not None:
            tokens = self._sealing.open(account.id, row["sealed"]) | {"expires_at": self._clock()}
            self._database.execute(
                "update connected_accounts set sealed = ? where id = ?",
                *(self._sealing.seal(account.id, tokens), account.id),
            )

    def held(self) -> set[str]:
        """Every token in the vault, opened."""
        opened = [
            self._sealing.open(row["id"], row["sealed"])
            for row in self._database.rows("select id, sealed from connected_accounts")
        ]
        return {tokens[kind] for tokens in opened for kind in ("access_token", "refresh_token")}

    def _kept(self, tokens: UpstreamTokens, refresh_token: str) -> dict[str, Any]:
        return {
            "access_token": tokens.access_token,
            "refresh_token": refresh_token,
            "expires_at": self._clock() + tokens.expires_in,
            "scopes": list(tokens.scopes),
        }

    async def _revoke(self, connection: str, tokens: dict[str, Any]) -> None:
        """As far as the other system can be reached: what is forgotten here is of no use to anybody anyway."""
        if connection not in self.connections:
            return
        try:
            await self.upstream(connection).revoke(tokens["refresh_token"])
        except UpstreamError:
            return


def _name(kind: str, secret: str) -> str:
    return f"{kind}:{_random.digest(secret)}"

"""Backchannel authentication requests (CIBA Core 1.0 §7), and the devices on which people answer them."""

import json
from dataclasses import dataclass
from typing import Any

from local import _random
from local.tenant._clock import Clock
from local.tenant._database import Database

INTERVAL = 5
SLOWER_BY = 5
DEFAULT_EXPIRY = 300
MAX_EXPIRY = 259_200
LONGEST_PUSH = 300
PER_MINUTE = 5
KEPT_AFTER_EXPIRY = 86_400
TICKET_LIFETIME = 300
CONSENT_ID_LENGTH = 22
DEVICE_ID_LENGTH = 16


@dataclass(frozen=True, slots=True)
class BackchannelRequest:
    """A request that waits for a person, or has been answered; `state` is pending, approved or denied.

    Attributes:
        consent_id: What the device knows it by, as `cns_` and 22 characters.
        client_id: Who asks.
        user_id: Who is asked.
        scope: The scopes asked for.
        audience: For which API.
        binding_message: What both sides show.
        authorization_details: What exactly is asked for (RFC 9396); None where nothing was given.
        state: Whether it was answered.
        challenge: What the device signs its answer over.
        interval: Seconds between polls, as last told.
        polled_at: When it was last polled for.
        created_at: Since when it waits.
        expires_at: Until when.
        answered_at: When the person answered.
    """

    digest: str
    consent_id: str
    client_id: str
    user_id: str
    scope: tuple[str, ...]
    audience: str | None
    binding_message: str
    authorization_details: tuple[dict[str, Any], ...] | None
    state: str
    challenge: str
    interval: int
    polled_at: float | None
    created_at: float
    expires_at: float
    answered_at: float | None


class BackchannelRequests:
    """The requests, by their id and by their consent id."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def start(
        self,
        client_id: str,
        user_id: str,
        *,
        scope: tuple[str, ...],
        audience: str | None,
        binding_message: str,
        authorization_details: list[dict[str, Any]] | None,
        expires_in: int,
    ) -> tuple[str, BackchannelRequest]:
        """Keeps a request and returns its `auth_req_id`, of which a digest is kept."""
        now, auth_req_id = self._clock(), _random.identifier(64)
        data = json.dumps(
            {
                "scope": scope,
                "audience": audience,
                "binding_message": binding_message,
                "authorization_details": authorization_details,
            }
        )
        digest = _random.digest(auth_req_id)
        with self._database.transaction():
            self._database.execute("delete from backchannel_requests where expires_at < ?", now - KEPT_AFTER_EXPIRY)
            self._database.execute(
                "insert into backchannel_requests (digest, consent_id, client_id, user_id, data, state, challenge, "
                "interval, created_at, expires_at) values (?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?)",
                *(digest, f"cns_{_random.identifier(CONSENT_ID_LENGTH)}", client_id, user_id, data),
                *(_random.opaque_token(), INTERVAL, now, now + expires_in),
            )
        started = self._get("digest = ?", digest)
        assert started is not None  # noqa: S101 -- inserted above
        return auth_req_id, started

    def too_many(self, user_id: str) -> bool:
        """Whether as many were made for this person in the last minute as may be."""
        row = self._database.row(
            "select count(*) as total from backchannel_requests where user_id = ? and created_at > ?",
            *(user_id, self._clock() - 60),
        )
        return row is not None and int(row["total"]) >= PER_MINUTE

    def find(self, auth_req_id: str, client_id: str) -> BackchannelRequest | None:
        """The request of this client with this id, expired or not."""
        return self._get("digest = ? and client_id = ?", _random.digest(auth_req_id), client_id)

    def consent(self, consent_id: str) -> BackchannelRequest | None:
        """The request with this consent id that still waits."""
        return self._get("consent_id = ? and state = 'pending' and expires_at > ?", consent_id, self._clock())

    def by_push_token(self, token: str) -> BackchannelRequest | None:
        """The request that a device was sent with this token, if it still waits."""
        return self._get(
            "push_digest = ? and state = 'pending' and expires_at > ?", _random.digest(token), self._clock()
        )

    def pending(self, user_id: str) -> list[BackchannelRequest]:
        """What waits for this person, the oldest first."""
        rows = self._database.rows(
            "select * from backchannel_requests where user_id = ? and state = 'pending' and expires_at > ? "
            "order by created_at, consent_id",
            *(user_id, self._clock()),
        )
        return [_request(row) for row in rows]

    def poll(self, request: BackchannelRequest) -> int | None:
        """Counts a poll; if it came before its time, the longer interval that holds from now on, in seconds."""
        now = self._clock()
        early = request.polled_at is not None and now - request.polled_at < request.interval
        interval = request.interval + SLOWER_BY if early else request.interval
        self._database.execute(
            "update backchannel_requests set polled_at = ?, interval = ? where digest = ?",
            now,
            interval,
            request.digest,
        )
        return interval if early else None

    def push(self, request: BackchannelRequest) -> str:
        """A token with which a device may look at the request and answer it; the one before no longer counts."""
        token = _random.opaque_token()
        self._database.execute(
            "update backchannel_requests set push_digest = ? where digest = ?", _random.digest(token), request.digest
        )
        return token

    def answer(self, request: BackchannelRequest, *, approved: bool) -> bool:
        """Takes the person's answer; False if it no longer waits for one."""
        now = self._clock()
        changed = self._database.execute(
            "update backchannel_requests set state = ?, answered_at = ? "
            "where digest = ? and state = 'pending' and expires_at > ?",
            *("approved" if approved else "denied", now, request.digest, now),
        )
        return changed == 1

    def forget(self, request: BackchannelRequest) -> bool:
        """Ends a request whose token is issued; False if somebody else did at the same moment."""
        return self._database.execute("delete from backchannel_requests where digest = ?", request.digest) == 1

    def _get(self, where: str, *values: object) -> BackchannelRequest | None:
        row = self._database.row(f"select * from backchannel_requests where {where}", *values)  # noqa: S608 -- fixed texts
        return None if row is None else _request(row)


def _request(row: Any) -> BackchannelRequest:
    data = json.loads(row["data"])
    details = data["authorization_details"]
    return BackchannelRequest(
        digest=row["digest"],
        consent_id=row["consent_id"],
        client_id=row["client_id"],
        user_id=row["user_id"],
        scope=tuple(data["scope"]),
        audience=data["audience"],
        binding_message=data["binding_message"],
        authorization_details=None if details is None else tuple(details),
        state=row["state"],
        challenge=row["challenge"],
        interval=row["interval"],
        polled_at=row["polled_at"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        answered_at=row["answered_at"],
    )


@dataclass(frozen=True, slots=True)
class Device:
    """An authentication device: whose it is, and the public key that it signs its answers with."""

    device_id: str
    user_id: str
    name: str
    public_key: str


class Devices:
    """The devices that people have enrolled."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def ticket(self, user_id: str) -> str:
        """What a device enrols with: good once, for five minutes."""
        ticket, now = _random.opaque_token(), self._clock()
        with self._database.transaction():
            self._database.execute("delete from enrolment_tickets where expires_at < ?", now)
            self._database.execute(
                "insert into enrolment_tickets values (?, ?, ?)", _random.digest(ticket), user_id, now + TICKET_LIFETIME
            )
        return ticket

    def enrol(self, ticket: str, name: str, public_key: str) -> Device | None:
        """Adds the device of whom the ticket was made for; None if it is not good."""
        digest = _random.digest(ticket)
        with self._database.transaction():
            row = self._database.row(
                "select user_id from enrolment_tickets where digest = ? and expires_at > ?", digest, self._clock()
            )
            if row is None:
                return None
            self._database.execute("delete from enrolment_tickets where digest = ?", digest)
            device = Device(f"dev_{_random.identifier(DEVICE_ID_LENGTH)}", row["user_id"], name, public_key)
            self._database.execute(
                "insert into devices values (?, ?, ?, ?, ?)",
                *(device.device_id, device.user_id, name, public_key, self._clock()),
            )
        return device

    def get(self, device_id: str) -> Device | None:
        """The device with this id."""
        row = self._database.row("select * from devices where device_id = ?", device_id)
        return None if row is None else _device(row)

    def of(self, user_id: str) -> list[Device]:
        """The devices of a person."""
        rows = self._database.rows("select * from devices where user_id = ? order by enrolled_at", user_id)
        return [_device(row) for row in rows]


def _device(row: Any) -> Device:
    return Device(row["device_id"], row["user_id"], row["name"], row["public_key"])

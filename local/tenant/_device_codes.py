"""Device codes (RFC 8628), with the user codes that people type at /activate."""

import json
import re
from dataclasses import dataclass

from local import _random
from local.tenant._clock import Clock
from local.tenant._database import Database
from local.tenant._sessions import Session

LIFETIME = 900
INTERVAL = 5
KEPT_AFTER_EXPIRY = 3600


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """A device that waits. `state` is pending, approved or denied; an expired one keeps the state that it had."""

    digest: str
    user_code: str
    client_id: str
    scope: tuple[str, ...]
    audience: str | None
    state: str
    user_id: str | None
    sid: str | None
    authenticated_at: float | None
    polled_at: float | None
    expires_at: float


class DeviceCodes:
    """Device codes by value and by user code."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def start(self, client_id: str, scope: tuple[str, ...], audience: str | None) -> tuple[str, str]:
        """Makes a device code and its user code."""
        now, device_code = self._clock(), _random.opaque_token()
        data = json.dumps({"scope": scope, "audience": audience})
        with self._database.transaction():
            self._database.execute("delete from device_codes where expires_at < ?", now - KEPT_AFTER_EXPIRY)
            user_code = _random.user_code()
            while self.waiting(user_code) is not None:
                user_code = _random.user_code()
            self._database.execute(
                "insert into device_codes (digest, user_code, client_id, data, state, expires_at) "
                "values (?, ?, ?, ?, 'pending', ?)",
                *(_random.digest(device_code), user_code, client_id, data, now + LIFETIME),
            )
        return device_code, user_code

    def find(self, device_code: str, client_id: str) -> DeviceCode | None:
        """The device with this code, expired or not."""
        return self._get("digest = ? and client_id = ?", _random.digest(device_code), client_id)

    def waiting(self, user_code: str) -> DeviceCode | None:
        """The device that waits for this user code."""
        return self._get("user_code = ? and state = 'pending' and expires_at > ?", user_code, self._clock())

    def poll(self, device: DeviceCode) -> bool:
        """Counts a poll; False if it came before its time."""
        now = self._clock()
        self._database.execute("update device_codes set polled_at = ? where digest = ?", now, device.digest)
        return device.polled_at is None or now - device.polled_at >= INTERVAL

    def approve(self, user_code: str, session: Session) -> bool:
        """Lets the device in as this person; False if it no longer waits."""
        return self._decide("approved", user_code, session.user_id, session.sid, session.authenticated_at)

    def deny(self, user_code: str) -> bool:
        """Turns the device away; False if it no longer waits."""
        return self._decide("denied", user_code, None, None, None)

    def forget(self, device: DeviceCode) -> None:
        """Ends a device code: it has been used, or its end has been told."""
        self._database.execute("delete from device_codes where digest = ?", device.digest)

    def _decide(
        self, state: str, user_code: str, user_id: str | None, sid: str | None, authenticated_at: float | None
    ) -> bool:
        return (
            self._database.execute(
                "update device_codes set state = ?, user_id = ?, sid = ?, authenticated_at = ? "
                "where user_code = ? and state = 'pending' and expires_at > ?",
                *(state, user_id, sid, authenticated_at, user_code, self._clock()),
            )
            == 1
        )

    def _get(self, where: str, *values: object) -> DeviceCode | None:
        row = self._database.row(f"select * from device_codes where {where}", *values)  # noqa: S608 -- fixed texts
        if row is None:
            return None
        data = json.loads(row["data"])
        return DeviceCode(
            digest=row["digest"],
            user_code=row["user_code"],
            client_id=row["client_id"],
            scope=tuple(data["scope"]),
            audience=data["audience"],
            state=row["state"],
            user_id=row["user_id"],
            sid=row["sid"],
            authenticated_at=row["authenticated_at"],
            polled_at=row["polled_at"],
            expires_at=row["expires_at"],
        )


def normalised_user_code(typed: str) -> str:
    """A user code as it was made, from what a person typed: case, spaces and hyphens do not matter."""
    letters = re.sub(r"[\s-]", "", typed).upper()
    return f"{letters[:4]}-{letters[4:]}"

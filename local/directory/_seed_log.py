"""A believable past: three months of sign-ins for each person, and what locked those who are locked out."""

import random
import uuid
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from local.directory._database import Database
from local.directory._identifiers import timestamp
from local.directory._log import append, user_entity
from local.directory._people import Person
from local.directory._policies import MAX_ATTEMPTS

SUSPENDED_FOR = 6  # days
_DAYS = 90
_WEEKEND = 5
# Offices and their networks (addresses of RFC 5737, which are nobody's).
_CITIES: dict[str, tuple[str, str, float, float, str]] = {
    "Leeds": ("England", "United Kingdom", 53.80, -1.55, "192.0.2"),
    "Bristol": ("England", "United Kingdom", 51.45, -2.59, "198.51.100"),
    "Malmö": ("Skåne", "Sweden", 55.60, 13.00, "203.0.113"),
}
_AGENTS = {
    "MACOS": ("Mac OS X", "SAFARI", "Computer"),
    "WINDOWS": ("Windows 11", "EDGE", "Computer"),
    "IOS": ("iOS", "SAFARI", "Mobile"),
    "ANDROID": ("Android", "CHROME", "Mobile"),
}


@dataclass(frozen=True, slots=True)
class SignIns:
    """Whose past is written, and what it may draw on."""

    person: Person
    user: dict[str, Any]
    devices: list[dict[str, Any]]
    status: str
    created: datetime
    now: datetime
    chance: random.Random


@dataclass(frozen=True, slots=True)
class Last:
    """What the past came to: the last sign-in that worked, and when the account was locked, if it is."""

    success: datetime | None
    locked: datetime | None


def seed_log(database: Database, past: SignIns) -> Last:
    """Writes one person's events in the order of time."""
    if not past.devices:
        locked = _lock(database, past, None) if past.status == "LOCKED_OUT" else None
        return Last(None, locked)
    ends_after = {"SUSPENDED": SUSPENDED_FOR, "PASSWORD_EXPIRED": 2}.get(past.status, 0)
    success = None
    for day in range(_DAYS, ends_after - 1, -1):
        moment = _moment(past, day)
        if moment is None or (past.status == "LOCKED_OUT" and moment > past.now - timedelta(hours=3)):
            continue
        device = past.chance.choices(past.devices, weights=[4, *([1] * (len(past.devices) - 1))])[0]
        if past.chance.random() < 0.06:  # noqa: PLR2004 -- a mistyped password now and then
            _sign_in(database, past, moment - timedelta(seconds=40), device, "INVALID_CREDENTIALS")
        _sign_in(database, past, moment, device, None)
        success = moment
    return Last(success, _lock(database, past, past.devices[-1]) if past.status == "LOCKED_OUT" else None)


def seed_suspension(database: Database, person: dict[str, Any], *, by: dict[str, Any], at: datetime) -> None:
    """Writes that somebody suspended an account on purpose."""
    append(
        database,
        {
            "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"suspension:{person['id']}")),
            "published": timestamp(at),
            "eventType": "user.lifecycle.suspend",
            "displayMessage": "Suspend Okta user",
            "actor": by,
            "client": {"ipAddress": None, "userAgent": None, "zone": "null", "device": "Computer"},
            "outcome": {"result": "SUCCESS", "reason": None},
            "target": [person],
        },
    )


def _moment(past: SignIns, day: int) -> datetime | None:
    """The time of the sign-in of that many days ago; None on most days off, and when it would be in the future."""
    date = (past.now - timedelta(days=day)).replace(hour=7, minute=0, second=0, microsecond=0)
    moment = date + timedelta(minutes=past.chance.randint(0, 150), milliseconds=past.chance.randint(0, 59_999))
    works = past.chance.random() < (0.08 if moment.weekday() >= _WEEKEND else 0.85)
    return moment if works and past.created < moment < past.now else None


def _lock(database: Database, past: SignIns, device: dict[str, Any] | None) -> datetime:
    """Wrong passwords in a row, as a phone sends them that still knows the old one, and the lock that follows."""
    locked = past.now - timedelta(minutes=past.chance.randint(25, 90), seconds=past.chance.randint(0, 59))
    for attempt in range(MAX_ATTEMPTS, 0, -1):
        _sign_in(database, past, locked - timedelta(seconds=20 * attempt), device, "INVALID_CREDENTIALS")
    person = user_entity(past.user, past.person.name)
    append(
        database,
        {
            "uuid": _uuid(past),
            "published": timestamp(locked),
            "eventType": "user.account.lock",
            "displayMessage": "Max sign in attempts exceeded",
            "severity": "WARN",
            "actor": person,
            "client": _client(past, device),
            "outcome": {"result": "FAILURE", "reason": "LOCKED_OUT"},
            "target": [person],
        },
    )
    return locked


def _sign_in(
    database: Database, past: SignIns, moment: datetime, device: dict[str, Any] | None, failure: str | None
) -> None:
    session = None if failure else f"102{past.chance.getrandbits(96):024x}"
    append(
        database,
        {
            "uuid": _uuid(past),
            "published": timestamp(moment),
            "eventType": "user.session.start",
            "displayMessage": "User login to Okta",
            "legacyEventType": f"core.user_auth.login_{'failed' if failure else 'success'}",
            "severity": "WARN" if failure else "INFO",
            "actor": user_entity(past.user, past.person.name),
            "client": _client(past, device),
            "device": _device(device),
            "outcome": {"result": "FAILURE" if failure else "SUCCESS", "reason": failure},
            "authenticationContext": {
                "authenticationProvider": None,
                "credentialProvider": "OKTA_CREDENTIAL_PROVIDER",
                "credentialType": "PASSWORD",
                "authenticationStep": 0,
                "externalSessionId": session,
            },
        },
    )


def _client(past: SignIns, device: dict[str, Any] | None) -> dict[str, Any]:
    state, country, latitude, longitude, network = _CITIES.get(past.person.city, _CITIES["Leeds"])
    os, browser, kind = _AGENTS[device["platform"]] if device else ("Unknown", "UNKNOWN", "Unknown")
    return {
        "ipAddress": f"{network}.{_host(past.person.login, device)}",
        "userAgent": {"os": os, "browser": browser, "rawUserAgent": f"{browser.title()} on {os}"},
        "zone": "null",
        "device": kind,
        "id": None,
        "geographicalContext": {
            "city": past.person.city,
            "state": state,
            "country": country,
            "postalCode": None,
            "geolocation": {"lat": latitude, "lon": longitude},
        },
    }


def _host(login: str, device: dict[str, Any] | None) -> int:
    """The last part of a device's address: each has its own."""
    return 2 + zlib.crc32(f"{login} {device['id'] if device else ''}".encode()) % 250


def _device(device: dict[str, Any] | None) -> dict[str, Any] | None:
    if device is None:
        return None
    profile = device["profile"]
    return {
        "id": device["id"],
        "name": profile["displayName"],
        "os_platform": profile["platform"],
        "os_version": profile["osVersion"],
        "managed": profile["platform"] in {"MACOS", "WINDOWS"},
        "registered": True,
    }


def _uuid(past: SignIns) -> str:
    return str(uuid.UUID(int=past.chance.getrandbits(128), version=4))

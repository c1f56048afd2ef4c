"""Fills a new directory from the people file: the same accounts on every machine, with times counted back from now."""

import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from local.directory._database import Database
from local.directory._identifiers import auth0_subject, identifier, timestamp
from local.directory._log import user_entity
from local.directory._passwords import UNUSABLE
from local.directory._people import Person
from local.directory._policies import ADMINISTRATOR_GROUPS, EVERYONE, password_policies
from local.directory._seed_log import SUSPENDED_FOR, SignIns, seed_log, seed_suspension

_FACTORS = {
    "push": ("opf", "push", "OKTA"),
    "totp": ("ost", "token:software:totp", "OKTA"),
    "sms": ("mbl", "sms", "OKTA"),
    "webauthn": ("fwf", "webauthn", "FIDO"),
}
_PLATFORMS = (("MacBook", "MACOS"), ("iPhone", "IOS"), ("Pixel", "ANDROID"), ("Galaxy", "ANDROID"))
# Applications, and the groups whose members have them.
_APPS = (
    ("mail", "Mail", (EVERYONE,)),
    ("intranet", "Intranet", (EVERYONE,)),
    ("crm", "CRM", ("CRM users",)),
    ("ledger", "Ledger", ("Ledger users",)),
    ("payroll", "Payroll", ("Payroll",)),
    ("source-control", "Source control", ("Source control",)),
    ("tickets", "Ticket desk", ("Help desk", "IT")),
    ("vpn", "VPN", ("VPN users",)),
)
_PASSWORD_AGE_EXPIRED = 190  # days; longer than the policy's longest
_PASSWORD_AGE = (5, 160)
_SECURITY = "Security"


def seed(database: Database, people: list[Person], now: datetime) -> None:
    """Fills the database, all of it or nothing."""
    with database.transaction():
        _groups_and_apps(database, people, now)
        for policy in password_policies(timestamp(now - timedelta(days=400))):
            database.insert(
                "policies",
                {"id": policy["id"], "type": policy["type"], "priority": policy["priority"], "document": policy},
            )
        by_login = {person.login: person for person in people}
        for person in people:
            manager = by_login.get(person.manager) if person.manager else None
            _user(database, person, manager, now)
        _suspensions(database, people, now)
        database.insert("seeded", {"at": timestamp(now)})


def group_id(name: str) -> str:
    """The identifier of the group of this name."""
    return identifier("00g", name)


def user_id(login: str) -> str:
    """The identifier of the user of this login."""
    return identifier("00u", login)


def _groups_and_apps(database: Database, people: Iterable[Person], now: datetime) -> None:
    created = timestamp(now - timedelta(days=800))
    names = sorted({name for person in people for name in person.groups} | set(ADMINISTRATOR_GROUPS))
    for name in (EVERYONE, *names):
        kind = "BUILT_IN" if name == EVERYONE else "OKTA_GROUP"
        description = "All users in your organization" if name == EVERYONE else ""
        values = {"id": group_id(name), "type": kind, "name": name, "description": description, "created": created}
        database.insert("groups", values)
    for name, label, groups in _APPS:
        app = identifier("0oa", "app", name)
        database.insert("apps", {"id": app, "name": name, "label": label})
        for group in groups:
            if group == EVERYONE or group in names:
                database.insert("app_groups", {"app_id": app, "group_id": group_id(group)})


def _user(database: Database, person: Person, manager: Person | None, now: datetime) -> None:
    chance = random.Random(f"helpdesk:{person.login}")  # noqa: S311 -- reproducible history, nothing secret
    created = now - timedelta(days=chance.randint(300, 700), minutes=chance.randint(0, 1400))
    has_password = person.status not in {"STAGED", "DEPROVISIONED"}
    age = _PASSWORD_AGE_EXPIRED if person.status == "PASSWORD_EXPIRED" else chance.randint(*_PASSWORD_AGE)
    password_changed = now - timedelta(days=age, minutes=chance.randint(0, 1400))
    user = {"id": user_id(person.login), "login": person.email}
    database.insert(
        "users",
        {
            **user,
            "status": person.status,
            "created": timestamp(created),
            "activated": timestamp(created + timedelta(hours=3)) if person.status != "STAGED" else None,
            "last_updated": timestamp(password_changed if has_password else created),
            "password_changed": timestamp(password_changed) if has_password else None,
            "password_hash": UNUSABLE if has_password else None,
            "profile": _profile(person, manager),
        },
    )
    for name in dict.fromkeys((EVERYONE, *person.groups)):
        database.insert("group_members", {"group_id": group_id(name), "user_id": user["id"]})
    devices = [_device(database, person, model, place, created) for place, model in enumerate(person.devices)]
    for place, name in enumerate(person.factors):
        _factor(database, person, name, timestamp(created + timedelta(hours=4, minutes=place)))
    last = seed_log(database, SignIns(person, user, devices, person.status, created, now, chance))
    changed = {"SUSPENDED": SUSPENDED_FOR, "PASSWORD_EXPIRED": 2, "DEPROVISIONED": 30}.get(person.status)
    status_changed = last.locked or (now - timedelta(days=changed) if changed else created + timedelta(hours=3))
    database.execute(
        "UPDATE users SET last_login = ?, status_changed = ? WHERE id = ?",
        (timestamp(last.success) if last.success else None, timestamp(status_changed), user["id"]),
    )


def _suspensions(database: Database, people: Iterable[Person], now: datetime) -> None:
    """The events that suspended those who are suspended: done by the first of the security staff."""
    security = next((person for person in people if _SECURITY in person.roles), None)
    for person in people:
        if person.status == "SUSPENDED" and security is not None:
            seed_suspension(database, _entity(person), by=_entity(security), at=now - timedelta(days=SUSPENDED_FOR))


def _entity(person: Person) -> dict[str, Any]:
    return user_entity({"id": user_id(person.login), "login": person.email}, person.name)


def _profile(person: Person, manager: Person | None) -> dict[str, Any]:
    first, _, rest = person.name.partition(" ")
    return {
        "firstName": first,
        "lastName": rest,
        "displayName": person.name,
        "login": person.email,
        "email": person.email,
        "secondEmail": person.recovery_email,
        "mobilePhone": person.mobile,
        "title": person.title,
        "department": person.department,
        "employeeNumber": person.employee_number,
        "city": person.city,
        "userType": "Contractor" if "Contractor" in person.roles else "Employee",
        "managerId": user_id(manager.login) if manager else None,
        "manager": manager.name if manager else None,
        "accountKind": person.kind,
        "auth0Subject": auth0_subject(person.login),
    }


def _device(database: Database, person: Person, model: str, place: int, created: datetime) -> dict[str, Any]:
    platform = next((name for prefix, name in _PLATFORMS if model.startswith(prefix)), "WINDOWS")
    device = identifier("guo", person.login, model, str(place))
    since = timestamp(created + timedelta(hours=5, minutes=place))
    profile = {
        "displayName": f"{person.name.partition(' ')[0]}'s {model}",
        "platform": platform,
        "manufacturer": model.partition(" ")[0],
        "model": model,
        "osVersion": {"MACOS": "26.1", "IOS": "26.1", "ANDROID": "16", "WINDOWS": "11"}[platform],
        "serialNumber": identifier("", person.login, model, "serial")[:12].upper(),
        "registered": True,
        "secureHardwarePresent": True,
    }
    row = {"id": device, "status": "ACTIVE", "created": since, "last_updated": since, "profile": profile}
    database.insert("devices", row)
    database.insert(
        "device_users",
        {
            "id": identifier("lnk", person.login, device),
            "device_id": device,
            "user_id": user_id(person.login),
            "created": since,
            "management_status": "MANAGED" if platform in {"MACOS", "WINDOWS"} else "NOT_MANAGED",
            "screen_lock_type": "BIOMETRIC" if place else "PASSCODE",
        },
    )
    return {**row, "platform": platform}


def _factor(database: Database, person: Person, name: str, created: str) -> None:
    prefix, kind, provider = _FACTORS[name]
    profile: dict[str, Any] = {"credentialId": person.email}
    if name == "sms":
        profile = {"phoneNumber": person.mobile}
    elif name == "push":
        phone = next((model for model in person.devices if model.startswith(("iPhone", "Pixel", "Galaxy"))), "Phone")
        profile |= {"name": phone, "deviceType": "SmartPhone_IPhone" if "iPhone" in phone else "SmartPhone_Android"}
    elif name == "webauthn":
        profile |= {"authenticatorName": "Security key"}
    database.insert(
        "factors",
        {
            "id": identifier(prefix, person.login, name),
            "user_id": user_id(person.login),
            "factor_type": kind,
            "provider": provider,
            "vendor_name": provider,
            "status": "ACTIVE",
            "created": created,
            "profile": profile,
        },
    )

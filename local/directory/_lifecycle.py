"""Lifecycle operations and the states they lead between (developer.okta.com/docs/reference/api/users).

    STAGED ─activate─▶ PROVISIONED ─(link)─▶ ACTIVE ─suspend─▶ SUSPENDED ─unsuspend─▶ ACTIVE
    ACTIVE, PASSWORD_EXPIRED, LOCKED_OUT, RECOVERY ─reset_password─▶ RECOVERY ─(link)─▶ ACTIVE
    ACTIVE ─expire_password─▶ PASSWORD_EXPIRED        LOCKED_OUT ─unlock─▶ ACTIVE
    every state but DEPROVISIONED ─deactivate─▶ DEPROVISIONED ─activate─▶ PROVISIONED

Each operation checks the state, changes it and appends to the system log in one transaction.
"""

import asyncio
import json
import secrets
import sqlite3
from collections.abc import Awaitable, Callable

from starlette.responses import JSONResponse, Response

from local.directory._errors import OktaError, validation_failed
from local.directory._log import append_act, user_entity
from local.directory._passwords import hash_password
from local.directory._recovery import create_recovery, send_recovery_mail
from local.directory._state import Call
from local.directory._users import find_user, user_resource

_RESETTABLE = frozenset({"ACTIVE", "PASSWORD_EXPIRED", "LOCKED_OUT", "RECOVERY"})
_SUMMARY_SUSPEND = "Cannot suspend a user that is not active"
_SUMMARY_UNSUSPEND = "Cannot unsuspend a user that is not suspended"


def set_status(call: Call, user: sqlite3.Row, status: str) -> None:
    """Changes the status and the times that go with it."""
    now = call.directory.timestamp()
    call.directory.database.execute(
        "UPDATE users SET status = ?, status_changed = ?, last_updated = ? WHERE id = ?", (status, now, now, user["id"])
    )


def _log(call: Call, user: sqlite3.Row, event_type: str, message: str) -> None:
    append_act(call, event_type, message, [user_entity(user, json.loads(user["profile"])["displayName"])])


async def unlock(call: Call) -> Response:
    """LOCKED_OUT to ACTIVE; the password stays. E0000032 from any other state."""
    with call.directory.database.transaction():
        user = find_user(call)
        if user["status"] != "LOCKED_OUT":
            raise OktaError("E0000032")
        set_status(call, user, "ACTIVE")
        _log(call, user, "user.account.unlock_by_admin", "Unlock user account by admin")
    return JSONResponse({})


async def reset_password(call: Call) -> Response:
    """To RECOVERY, with a one-time link: mailed, or with `sendEmail=false` given to the caller."""
    send_email = call.flag("sendEmail", default=None)
    with call.directory.database.transaction():
        user = find_user(call)
        if user["status"] not in _RESETTABLE:
            raise OktaError("E0000038")
        if not send_email and call.rights.is_self_service(user):
            raise OktaError("E0000006", causes=("A link to one's own account is mailed, and shown to nobody else.",))
        set_status(call, user, "RECOVERY")
        recovery = create_recovery(call.directory, user, "reset_password", call.base_url)
        _log(call, user, "user.account.reset_password", "Fired when the user's Okta password is reset")
        if send_email:
            send_recovery_mail(call.directory, user, recovery, "Choose a new password")
            _log(call, user, "system.email.password_reset.sent_message", "Send password reset email")
    return JSONResponse({} if send_email else {"resetPasswordUrl": recovery.url})


async def expire_password(call: Call) -> Response:
    """ACTIVE to PASSWORD_EXPIRED; `tempPassword=true` sets and returns a temporary password."""
    password = secrets.token_urlsafe(12) if call.flag("tempPassword", default=False) else None
    hashed = await asyncio.to_thread(hash_password, password) if password else None
    with call.directory.database.transaction():
        user = find_user(call)
        if user["status"] not in {"ACTIVE", "PASSWORD_EXPIRED"}:
            raise OktaError("E0000038")
        if password and call.rights.is_self_service(user):
            raise OktaError("E0000006", causes=("A password is shown to nobody but an administrator.",))
        set_status(call, user, "PASSWORD_EXPIRED")
        if hashed:
            call.directory.database.execute("UPDATE users SET password_hash = ? WHERE id = ?", (hashed, user["id"]))
        _log(call, user, "user.account.expire_password", "Expire all user passwords")
    if password:
        return JSONResponse({"tempPassword": password})
    return JSONResponse(user_resource(find_user(call), call.base_url, operations=True))


async def suspend(call: Call) -> Response:
    """ACTIVE to SUSPENDED, and what the user has granted ends. E0000001 from any other state."""
    with call.directory.database.transaction():
        user = find_user(call)
        if user["status"] != "ACTIVE":
            raise validation_failed(_SUMMARY_SUSPEND, "the user is not active.")
        set_status(call, user, "SUSPENDED")
        call.directory.oauth.revoke_user(user["id"])
        _log(call, user, "user.lifecycle.suspend", "Suspend Okta user")
    return JSONResponse({})


async def unsuspend(call: Call) -> Response:
    """SUSPENDED to ACTIVE. E0000001 from any other state."""
    with call.directory.database.transaction():
        user = find_user(call)
        if user["status"] != "SUSPENDED":
            raise validation_failed(_SUMMARY_UNSUSPEND, "the user is not suspended.")
        set_status(call, user, "ACTIVE")
        _log(call, user, "user.lifecycle.unsuspend", "Unsuspend Okta user")
    return JSONResponse({})


async def activate(call: Call) -> Response:
    """STAGED or DEPROVISIONED to PROVISIONED, with a link to choose a first password. E0000016 from any other state."""
    send_email = call.flag("sendEmail", default=True)
    with call.directory.database.transaction():
        user = find_user(call)
        if user["status"] not in {"STAGED", "DEPROVISIONED"}:
            raise OktaError("E0000016")
        set_status(call, user, "PROVISIONED")
        recovery = create_recovery(call.directory, user, "activate", call.base_url)
        _log(call, user, "user.lifecycle.activate", "Activate Okta user")
        if send_email:
            send_recovery_mail(call.directory, user, recovery, "Welcome: choose a password")
    if send_email:
        return JSONResponse({})
    return JSONResponse({"activationUrl": recovery.url, "activationToken": recovery.url.rpartition("/")[2]})


async def deactivate(call: Call) -> Response:
    """To DEPROVISIONED, from any other state; the password and what the user has granted are gone."""
    with call.directory.database.transaction():
        user = find_user(call)
        if user["status"] == "DEPROVISIONED":
            raise OktaError("E0000038")
        set_status(call, user, "DEPROVISIONED")
        call.directory.oauth.revoke_user(user["id"])
        call.directory.database.execute("UPDATE users SET password_hash = NULL WHERE id = ?", (user["id"],))
        _log(call, user, "user.lifecycle.deactivate", "Deactivate Okta user")
    return JSONResponse({})


async def reset_factors(call: Call) -> Response:
    """Removes every enrolled factor; the status stays."""
    with call.directory.database.transaction():
        user = find_user(call)
        if user["status"] == "DEPROVISIONED":
            raise OktaError("E0000038")
        call.directory.database.execute("DELETE FROM factors WHERE user_id = ?", (user["id"],))
        _log(call, user, "user.mfa.factor.reset_all", "Reset all factors for user")
    return JSONResponse({})


OPERATIONS: dict[str, Callable[[Call], Awaitable[Response]]] = {
    "activate": activate,
    "deactivate": deactivate,
    "expire_password": expire_password,
    "reset_factors": reset_factors,
    "reset_password": reset_password,
    "suspend": suspend,
    "unlock": unlock,
    "unsuspend": unsuspend,
}

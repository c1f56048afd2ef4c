"""What people see: the outbox, which stands for their mailboxes, and the page behind a recovery link."""

import asyncio
import json
import sqlite3
from html import escape
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from local.directory._log import append, user_entity
from local.directory._passwords import complaints, hash_password
from local.directory._recovery import open_recovery, use_recovery
from local.directory._resources import policy_of
from local.directory._state import Directory, client_address

_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action {targets}; base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
.note { border-left: 4px solid #c77700; padding: .5rem 1rem; background: color-mix(in srgb, #c77700 12%, transparent); }
article { border: 1px solid #8886; border-radius: 8px; padding: .25rem 1rem 1rem; margin: 1rem 0; }
pre { white-space: pre-wrap; font: inherit; }
label { display: block; margin: 1rem 0 .25rem; }
input { width: 100%; padding: .5rem; box-sizing: border-box; font: inherit; }
button { margin-top: 1rem; padding: .5rem 1.25rem; font: inherit; }
.wrong { color: #b3261e; }
"""
_STAND_IN = (
    "This is a stand-in for the company directory, for one machine. "
    "Nobody here exists, and no mail leaves this machine."
)
_MAILS_SHOWN = 100
_LONGEST_FORM = 4096


def html_page(title: str, body: str, status: int = 200, *, form_targets: str = "'self'") -> HTMLResponse:
    """A page of the stand-in, which says that it is one.

    Args:
        title: For its head.
        body: HTML, with what came from elsewhere escaped.
        status: HTTP status.
        form_targets: Where its forms may lead in the end, as Content-Security-Policy's `form-action`.
    """
    html = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        f'<p class="note">{_STAND_IN}</p><h1>{escape(title)}</h1>{body}</body></html>'
    )
    policy = _HEADERS["content-security-policy"].format(targets=form_targets)
    return HTMLResponse(html, status_code=status, headers=_HEADERS | {"content-security-policy": policy})


async def index(request: Request) -> Response:
    """`GET /`: what this is."""
    directory: Directory = request.app.state.directory
    count = directory.database.one("SELECT count(*) AS count FROM users")
    body = (
        f"<p>{count['count'] if count else 0} accounts. The API, in Okta's wire format, is below <code>/api/v1</code> "
        'and wants a bearer token. <a href="/outbox">The outbox</a> shows the mails that the directory sent.</p>'
    )
    return html_page("The directory", body)


async def healthz(request: Request) -> Response:
    """`GET /healthz`: whether it runs."""
    directory: Directory = request.app.state.directory
    return JSONResponse({"status": "Healthy", "time": directory.timestamp()})


async def outbox(request: Request) -> Response:
    """`GET /outbox`: the mails that were sent, newest first; as JSON where that is asked for."""
    directory: Directory = request.app.state.directory
    rows = directory.database.rows("SELECT * FROM outbox ORDER BY id DESC LIMIT ?", (_MAILS_SHOWN,))
    if "application/json" in request.headers.get("accept", ""):
        mails = [
            {name: row[name] for name in ("id", "created", "recipient", "subject", "body", "link")} for row in rows
        ]
        return JSONResponse(mails, headers={"cache-control": "no-store"})
    shown = "".join(
        f"<article><h2>{escape(row['subject'])}</h2><p>To {escape(row['recipient'])}, {escape(row['created'])}</p>"
        f'<pre>{escape(row["body"])}</pre><p><a href="{escape(row["link"])}">{escape(row["link"])}</a></p></article>'
        for row in rows
    )
    return html_page("Outbox", shown or "<p>No mail was sent yet.</p>")


async def recovery_form(request: Request) -> Response:
    """`GET /reset_password/{token}`, `GET /activate/{token}`: asks for a new password. Opening it changes nothing."""
    directory: Directory = request.app.state.directory
    user = open_recovery(directory, request.path_params["token"])
    if user is None:
        return html_page("This link does not work", "<p>It was used, has expired, or a newer one was sent.</p>", 404)
    return _form(directory, user, [])


async def recovery_submit(request: Request) -> Response:
    """`POST` to the same place: sets the password where it meets the policy, and the account is ACTIVE."""
    directory: Directory = request.app.state.directory
    token = request.path_params["token"]
    user = open_recovery(directory, token)
    if user is None:
        return html_page("This link does not work", "<p>It was used, has expired, or a newer one was sent.</p>", 404)
    if int(request.headers.get("content-length") or _LONGEST_FORM + 1) > _LONGEST_FORM:
        return _form(directory, user, ["The form is too long."], 413)
    try:
        form = await request.form(max_fields=4)
    except HTTPException:
        return _form(directory, user, ["The form cannot be read."], 400)
    password, repeated = str(form.get("password", "")), str(form.get("repeat", ""))
    policy = policy_of(directory.database, user["id"])
    previous = _previous_hashes(directory, user, policy)
    wrong = await asyncio.to_thread(complaints, password, policy, user["login"], previous)
    if password != repeated:
        wrong.append("The two entries differ.")
    if wrong:
        return _form(directory, user, wrong, 422)
    hashed = await asyncio.to_thread(hash_password, password)
    if not _set_password(request, directory, user, token, hashed):
        return html_page("This link does not work", "<p>It was used meanwhile.</p>", 404)
    return html_page("Your password is set", f"<p>{escape(user['login'])} is active and can sign in.</p>")


def _previous_hashes(directory: Directory, user: sqlite3.Row, policy: dict[str, Any]) -> list[str]:
    rows = directory.database.rows(
        "SELECT password_hash FROM password_history WHERE user_id = ? ORDER BY set_at DESC, rowid DESC LIMIT ?",
        (user["id"], policy["settings"]["password"]["age"]["historyCount"]),
    )
    return [row["password_hash"] for row in rows]


def _set_password(request: Request, directory: Directory, user: sqlite3.Row, token: str, hashed: str) -> bool:
    now, database = directory.timestamp(), directory.database
    with database.transaction():
        if not use_recovery(database, token, now):
            return False
        database.execute(
            "UPDATE users SET status = 'ACTIVE', status_changed = ?, last_updated = ?, password_changed = ?, "
            "activated = coalesce(activated, ?), password_hash = ? WHERE id = ?",
            (now, now, now, now, hashed, user["id"]),
        )
        database.insert("password_history", {"user_id": user["id"], "set_at": now, "password_hash": hashed})
        person = user_entity(user, json.loads(user["profile"])["displayName"])
        append(
            database,
            {
                "published": now,
                "eventType": "user.account.update_password",
                "displayMessage": "User update password for Okta",
                "actor": person,
                "client": {"ipAddress": client_address(request), "zone": "null", "device": "Computer"},
                "outcome": {"result": "SUCCESS", "reason": None},
                "target": [person],
            },
        )
    return True


def _form(directory: Directory, user: sqlite3.Row, wrong: list[str], status: int = 200) -> Response:
    complexity = policy_of(directory.database, user["id"])["settings"]["password"]["complexity"]
    found = "".join(f'<li class="wrong">{escape(sentence)}</li>' for sentence in wrong)
    body = (
        f"<p>For {escape(user['login'])}. At least {complexity['minLength']} characters; "
        "the help desk can tell you the whole policy.</p>"
        f"<ul>{found}</ul>"
        '<form method="post"><label for="password">New password</label>'
        '<input id="password" name="password" type="password" autocomplete="new-password" required autofocus>'
        '<label for="repeat">Once more</label>'
        '<input id="repeat" name="repeat" type="password" autocomplete="new-password" required>'
        "<button>Set the password</button></form>"
    )
    return html_page("Choose a new password", body, status)

"""What people see when an application asks for access: the sign-in, and what they agree to."""

from collections.abc import Iterable
from html import escape
from urllib.parse import urlsplit

from starlette.responses import Response

from local.directory._pages import html_page
from local.directory.oauth import OAuthClient

_WORDS = {
    "openid": "know who you are",
    "profile": "read your name",
    "email": "read your mail address",
    "offline_access": "keep this access until you disconnect it",
    "okta.users.read.self": "read your account, groups, devices and factors",
    "okta.users.manage.self": "unlock your account, and have reset links sent to you",
    "okta.users.read": "read other people's accounts, as far as your role allows",
    "okta.users.manage": "unlock and reset other people's accounts, as far as your role allows",
    "okta.groups.read": "read groups and their members",
    "okta.devices.read": "read devices",
    "okta.logs.read": "read sign-ins, and what was done to your account",
    "okta.policies.read": "read the password policy",
}


def sign_in_page(
    state: str, client: OAuthClient, *, redirect_uri: str, typed: str = "", failed: bool = False
) -> Response:
    """Asks who it is."""
    problem = '<p class="wrong" role="alert">Wrong user name or passkey code.</p>' if failed else ""
    body = (
        f"<p>to let <strong>{escape(client.name)}</strong> of the help desk act for you here</p>{problem}"
        '<form method="post" action="/oauth2/v1/sign-in">'
        f'<input type="hidden" name="state" value="{escape(state)}">'
        '<label for="username">User name</label><input id="username" name="username" type="text" '
        f'value="{escape(typed)}" autocomplete="username" autocapitalize="none" spellcheck="false" required>'
        '<label for="passkey">Passkey code</label><input id="passkey" name="passkey" type="password" required>'
        "<button>Sign in</button></form>"
        "<p>The code stands for a passkey, which works whatever the state of your password is. Everybody's was made "
        "on the first run: <code>users.json</code> in the directory's folder, <code>var/directory</code>.</p>"
    )
    status = 400 if failed else 200
    return html_page("Sign in to the directory", body, status, form_targets=_targets(redirect_uri))


def consent_page(state: str, client: OAuthClient, login: str, scopes: Iterable[str], *, redirect_uri: str) -> Response:
    """Asks whether the application may have what it asks for."""
    listed = "".join(f"<li>{escape(_WORDS.get(scope, scope))} <code>{escape(scope)}</code></li>" for scope in scopes)
    body = (
        f"<p>You are signed in as {escape(login)}. <strong>{escape(client.name)}</strong> of the help desk asks to:</p>"
        f"<ul>{listed}</ul>"
        '<form method="post" action="/oauth2/v1/consent">'
        f'<input type="hidden" name="state" value="{escape(state)}">'
        '<button name="action" value="allow">Allow access</button> '
        '<button name="action" value="deny">Deny</button></form>'
        "<p>Go on only if you have just started this yourself.</p>"
    )
    return html_page("Allow access to your account?", body, form_targets=_targets(redirect_uri))


def error_page(text: str) -> Response:
    """Says what is wrong, where the application's address cannot be trusted with it."""
    return html_page("This does not work", f'<p class="wrong">{escape(text)}</p>', 400)


def _targets(redirect_uri: str) -> str:
    parts = urlsplit(redirect_uri)
    # From there the tenant sends the browser on, perhaps to a program on this machine: browsers check that, too.
    return f"'self' {parts.scheme}://{parts.netloc} http://127.0.0.1:*"

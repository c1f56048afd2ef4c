"""`helpdesk login` and `helpdesk logout`."""

import functools
import webbrowser
from urllib.parse import urlsplit

from rich.text import Text

from portal._environment import typed
from portal._errors import NotRunning, PartAway
from portal.command._desk import desk_of, profiles
from portal.command._options import Options
from portal.session import Desk, DeviceAuthorization, Session
from portal.signin import SignInFlows
from portal.stack import running
from portal.terminal import Output, printable
from shared.errors import ConfigurationError
from shared.http import create_http_client
from shared.settings import is_loopback, require_secure_url


async def login(
    options: Options,
    output: Output,
    *,
    browser: bool,
    issuer: str | None,
    client_id: str | None,
    audience: str | None,
    url: str | None,
) -> None:
    """Signs the person in and keeps the sign-in under the profile."""
    desk = _desk_to_sign_in_at(issuer=issuer, client_id=client_id, audience=audience, url=url)
    store = profiles()
    async with create_http_client() as http:
        flows = SignInFlows(desk, http)
        if browser:
            sign_in = await flows.by_browser(lambda address: _open(output, address))
        else:
            sign_in = await flows.by_device(functools.partial(_show, output))
    with store.locked(options.profile):
        store.save(options.profile, sign_in)
    name = printable(sign_in.name)
    output.emit({"event": "signed_in", "name": sign_in.name, "subject": sign_in.subject, "profile": options.profile})
    output.say(Text.assemble(("✓ ", "green"), f"Signed in as {name}."))
    output.say(
        f'Try: {typed("ask")}{_profile_option(options)} "I am locked out, and where is the VPN guide?"', style="dim"
    )


async def logout(options: Options, output: Output) -> None:
    """Ends the sign-in, here and at the authorization server.

    Raises:
        PartAway: it has ended here, and the refresh token could not be revoked.
    """
    store = profiles()
    async with create_http_client() as http:
        session = Session(store.of(options.profile), http)
        name = session.sign_in().name
        revoked = await session.end()
    output.emit({"event": "signed_out", "profile": options.profile, "revoked": revoked})
    if not revoked:
        raise PartAway(
            "authorization server",
            "You are signed out here, but the authorization server could not be told: "
            "the sign-in there ends by itself when it has not been used for a while.",
        )
    output.say(Text.assemble(("✓ ", "green"), f"{printable(name)} is signed out."))


async def _show(output: Output, asked: DeviceAuthorization) -> None:
    output.emit(
        {
            "event": "verification",
            "user_code": asked.user_code,
            "verification_uri": asked.verification_uri,
            "verification_uri_complete": asked.verification_uri_complete,
            "expires_in": asked.expires_in,
        }
    )
    output.say(Text.assemble("Open  ", (printable(asked.verification_uri_complete), "bold cyan")), whole=True)
    output.say(Text.assemble("Code  ", (printable(asked.user_code), "bold"), ("   it must be the same there", "dim")))
    here = running()
    if here is not None:
        output.say(f"      The example people and their passwords: {here.people}", style="dim")
    output.say(
        f"Waiting for you to sign in there, {asked.expires_in / 60:.0f} minutes at most (Ctrl-C gives up) ...",
        style="dim",
    )


def _open(output: Output, address: str) -> None:
    output.emit({"event": "authorization", "url": address})
    opened = webbrowser.open(address)
    output.say(
        "Sign in in the browser that has opened; or open this there:"
        if opened
        else "Open this in a browser on this machine:"
    )
    output.say(Text(address, style="cyan"), whole=True)


def _profile_option(options: Options) -> str:
    return "" if options.profile == "default" else f" --as {options.profile}"


def _desk_to_sign_in_at(*, issuer: str | None, client_id: str | None, audience: str | None, url: str | None) -> Desk:
    """The help desk that the options name, or the one that runs on this machine.

    Raises:
        ConfigurationError: the options name only part of one, or a URL that is not safe.
        NotRunning: they name none, and none runs here.
    """
    named = {"--issuer": issuer, "--client-id": client_id, "--audience": audience, "--url": url}
    if issuer and client_id and audience and url:
        desk = Desk(issuer if issuer.endswith("/") else f"{issuer}/", client_id, audience, url)
        for option, address in (("--issuer", desk.issuer), ("--url", desk.url)):
            try:
                require_secure_url(option, address, local=is_loopback(urlsplit(address).hostname or ""))
            except ValueError as error:
                raise ConfigurationError(f"{option} must be an https URL (http on this machine alone).") from error
        return desk
    if any(named.values()):
        missing = ", ".join(option for option, value in named.items() if not value)
        raise ConfigurationError(f"To sign in at a help desk elsewhere, name {missing} too.")
    here = running()
    if here is None:
        raise NotRunning(
            "No help desk runs here: start one with `make run`, "
            "or name one elsewhere with --issuer, --client-id, --audience and --url."
        )
    return desk_of(here)

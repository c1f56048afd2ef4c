"""Which help desk a command is for."""

from urllib.parse import urlsplit

from portal._environment import home_directory
from portal._errors import NotRunning, NotSignedIn
from portal.command._options import Options
from portal.signin import Desk, Profiles, SignIn
from portal.stack import Running, running
from shared.errors import ConfigurationError
from shared.settings import is_loopback, require_secure_url


def profiles() -> Profiles:
    """The sign-ins on this machine."""
    return Profiles(home_directory())


def signed_in(options: Options) -> SignIn:
    """Who is signed in under the profile.

    Raises:
        NotSignedIn: nobody is, or at a help desk that ran on this machine at another address.
    """
    sign_in = profiles().load(options.profile)
    again = "run `helpdesk login`" + ("" if options.profile == "default" else f" --as {options.profile}")
    if sign_in is None:
        raise NotSignedIn(f"You are not signed in: {again}.")
    here = running()
    if here is not None and _is_local(sign_in.desk) and sign_in.desk != _desk_of(here):
        raise NotSignedIn(f"You are signed in at {sign_in.desk.url}; the help desk here is at {here.url}: {again}.")
    return sign_in


def desk_to_sign_in_at(*, issuer: str | None, client_id: str | None, audience: str | None, url: str | None) -> Desk:
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
    return _desk_of(here)


def _desk_of(here: Running) -> Desk:
    return Desk(issuer=here.issuer, client_id=here.client_id, audience=here.audience, url=here.url)


def _is_local(desk: Desk) -> bool:
    return is_loopback(urlsplit(desk.issuer).hostname or "")

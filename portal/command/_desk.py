"""Which help desk a command is for."""

from portal._environment import home_directory, typed
from portal._errors import NotSignedIn
from portal.command._options import Options
from portal.session import Desk, Profiles, SignIn
from portal.stack import Running, running


def profiles() -> Profiles:
    """The sign-ins on this machine."""
    return Profiles(home_directory())


def signed_in(options: Options) -> SignIn:
    """Who is signed in under the profile.

    Raises:
        NotSignedIn: nobody is, or at a help desk that ran on this machine at another address.
    """
    sign_in = profiles().load(options.profile)
    again = f"run `{typed('login')}" + ("`" if options.profile == "default" else f" --as {options.profile}`")
    if sign_in is None:
        raise NotSignedIn(f"You are not signed in: {again}.")
    here = running()
    if here is not None and _runs_on_one_machine(sign_in.desk) and sign_in.desk != desk_of(here):
        raise NotSignedIn(f"You are signed in at {sign_in.desk.url}; the help desk here is at {here.url}: {again}.")
    return sign_in


def desk_of(here: Running) -> Desk:
    """The help desk that runs on this machine."""
    return Desk(issuer=here.issuer, client_id=here.client_id, audience=here.audience, url=here.url)


def _runs_on_one_machine(desk: Desk) -> bool:
    """Only loopback addresses may do without TLS (`helpdesk login` sees to it)."""
    return desk.issuer.startswith("http://")

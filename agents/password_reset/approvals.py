"""Composes the approvals of password_reset."""

from agents.password_reset.settings import PasswordResetSettings
from shared.agent_loop import Foundations
from shared.approval import Approvals, Limits, Person, open_ledger
from shared.identity import BackchannelClient, ClientCredentials
from shared.tasks import Storage

SECURITY = "the security on call"


def create_approvals(settings: PasswordResetSettings, foundations: Foundations, storage: Storage) -> Approvals:
    """The approvals that the settings name, with their ledger in the agent's own database.

    Raises:
        ConfigurationError: the client's key cannot be used.
    """
    client = ClientCredentials(settings.approvals_client_id, settings.approvals_client_key.get_secret_value())
    return Approvals(
        open_ledger(storage),
        BackchannelClient(settings.discovery_url, settings.auth0_issuer, foundations.http, client),
        foundations.verifier,
        security=[Person(subject, SECURITY) for subject in settings.on_call],
        url=settings.approvals_url,
        trail=foundations.trail,
        seconds=settings.approval_seconds,
        limits=Limits(
            pending=settings.approvals_pending_per_person, cooldown=float(settings.approval_cooldown_seconds)
        ),
    )

"""Gives each agent's container its own credentials and no other's: `python -m local.credentials`.

The gateway's container gets no credentials: it is told which client may call it, whose id the tenant has made. The web
chat's gets its client's, and the key of its sessions, which is made here, once.

The tenant writes what it makes for all agents below `HELPDESK_VAR`. In `docker-compose.yml` this
step runs after it and before the agents, and copies to each agent's volume, below `CREDENTIALS_FOLDER`, one file
for each of its settings, named after the setting: `CLIENT_KEY_FILE` names `client_key`, and so on. The key that signs
an agent's card, `card_key`, is made here, once; the supervisor's `card_keys` are the public halves of the subagents'.
So is the key that seals an agent's audit trail, `audit_key`, with its public half, `audit_key.pub`. Whoever verifies
finds the public halves of all, also of those before, below `audit-keys`, in a folder for each agent.
"""

import base64
import json
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from shared.audit import SealingKey
from shared.errors import ConfigurationError
from shared.identity import CardSigningKey
from shared.settings import AllowedCaller, Settings

SUPERVISOR, SUPERVISOR_API_CLIENT = "tenant/clients/supervisor", "tenant/clients/supervisor-api-client"
DOCS_API_CLIENT = "tenant/clients/docs-search-api-client"
COPIES: dict[str, dict[str, str]] = {
    "supervisor": {
        "client_id": f"{SUPERVISOR}/client_id",
        "client_key": f"{SUPERVISOR}/key.pem",
        "api_client_id": f"{SUPERVISOR_API_CLIENT}/client_id",
        "api_client_key": f"{SUPERVISOR_API_CLIENT}/key.pem",
    },
    "account_lookup": {
        "api_client_id": "tenant/clients/account-lookup-api-client/client_id",
        "api_client_key": "tenant/clients/account-lookup-api-client/key.pem",
    },
    "password_reset": {
        "api_client_id": "tenant/clients/password-reset-api-client/client_id",
        "api_client_key": "tenant/clients/password-reset-api-client/key.pem",
        "approvals_client_id": "tenant/clients/password-reset-approvals/client_id",
        "approvals_client_key": "tenant/clients/password-reset-approvals/key.pem",
    },
    "docs_search": {
        "api_client_id": f"{DOCS_API_CLIENT}/client_id",
        "api_client_key": f"{DOCS_API_CLIENT}/key.pem",
    },
}
"""For each agent, its settings and the file below `HELPDESK_VAR` that each is copied from."""

RELATIONSHIPS = {"fga_api_token": "fga/token", "fga_store_id": "fga/store_id", "fga_model_id": "fga/model_id"}
"""What every subagent asks the relationship store with."""

DATABASES = "database"
"""The folder of a file for each agent, which holds the URL of its part of the database, with its password."""

COMMAND_LINE = "tenant/clients/help-desk-command-line"
WEB = "tenant/clients/help-desk-web"
SESSION_KEY = "web_session_key"
SUBAGENTS = ("account_lookup", "password_reset", "docs_search")


class CredentialsSettings(Settings):
    """Where credentials come from and where they go."""

    helpdesk_var: Path = Field(Path("var"), description="the folder that the tenant writes below")
    credentials_folder: Path = Field(Path("/credentials"), description="the folder that holds a folder for each agent")
    tenant_issuer: str = Field(description="the issuer of all tokens, with its trailing slash")
    supervisor_audience: str = Field(description="the supervisor's API identifier")
    supervisor_url: str = Field(description="where people reach the supervisor")
    discovery_url: str = Field(description="where the gateway fetches the issuer's metadata")
    gateway_audience: str = Field(description="the gateway's API identifier")
    web_url: str = Field(description="where people's browsers reach the web chat")


def hand_out(settings: CredentialsSettings) -> None:
    """Writes each agent's files; doing it again changes nothing.

    Raises:
        OSError: if the tenant or the store of relationships has not made a file yet, or a folder cannot be written to.
    """
    for agent, copies in COPIES.items():
        for setting, source in copies.items():
            _write(settings.credentials_folder / agent / setting, _read(settings, source))
        _write(settings.credentials_folder / agent / "database_url", _read(settings, f"{DATABASES}/{agent}"))
        _keep_audit_key(settings.credentials_folder, agent)
    keys = {agent: _keep_card_key(settings.credentials_folder, agent) for agent in COPIES}
    api_base = settings.supervisor_audience.removesuffix("supervisor")
    pinned = {f"{api_base}{agent}": {"keys": [keys[agent]]} for agent in SUBAGENTS}
    _write(settings.credentials_folder / "supervisor" / "card_keys", json.dumps(pinned))
    caller = AllowedCaller(
        agent="supervisor",
        client_id=_read(settings, f"{SUPERVISOR}/client_id").strip(),
        api_client_id=_read(settings, f"{SUPERVISOR_API_CLIENT}/client_id").strip(),
    )
    for agent in SUBAGENTS:
        _write(settings.credentials_folder / agent / "allowed_callers", json.dumps([caller.model_dump()]))
        for setting, source in RELATIONSHIPS.items():
            _write(settings.credentials_folder / agent / setting, _read(settings, source))
    authorizer = {
        "discoveryUrl": settings.discovery_url,
        "allowedAudience": [settings.gateway_audience],
        "allowedClients": [_read(settings, f"{DOCS_API_CLIENT}/client_id").strip()],
        "allowedScopes": ["docs:read"],
    }
    _write(settings.credentials_folder / "gateway" / "gateway_authorizer", json.dumps(authorizer))
    portal = settings.credentials_folder / "portal"
    for setting, source in {"client_id": f"{WEB}/client_id", "client_key": f"{WEB}/key.pem"}.items():
        _write(portal / setting, _read(settings, source))
    if not (portal / SESSION_KEY).exists():  # with another one everybody would be signed out
        _write(portal / SESSION_KEY, base64.b64encode(secrets.token_bytes(32)).decode())


def how_to_sign_in(settings: CredentialsSettings) -> str:
    """The command that signs a person in at this help desk; nothing in it is secret."""
    client_id = _read(settings, f"{COMMAND_LINE}/client_id").strip()
    return (
        f"./helpdesk login --issuer {settings.tenant_issuer} --client-id {client_id} "
        f"--audience {settings.supervisor_audience} --url {settings.supervisor_url}"
    )


def _keep_audit_key(folder: Path, agent: str) -> None:
    """Makes an agent's key for its audit trail, unless it has one: what another sealed would not verify."""
    private = folder / agent / "audit_key"
    if not private.exists():
        key = SealingKey.generate()
        _write(folder / agent / "audit_key.pub", key.public_pem())
        _write(private, key.private_pem())
    key = SealingKey.read(private.read_text(encoding="utf-8"))
    _write(folder / "audit-keys" / agent / f"{key.key_id}.pem", key.public_pem())


def _keep_card_key(folder: Path, agent: str) -> Mapping[str, str]:
    """Makes the key that signs an agent's card, unless it has one, and gives its public half."""
    private = folder / agent / "card_key"
    if not private.exists():
        _write(private, CardSigningKey.generate().private_pem())
    return CardSigningKey.read(private.read_text(encoding="utf-8")).jwk


def _read(settings: CredentialsSettings, source: str) -> str:
    return (settings.helpdesk_var / source).read_text(encoding="utf-8")


def _write(path: Path, text: str) -> None:
    """Writes a file that its owner alone can read; a reader sees the old one or the new one, whole."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    new.replace(path)


def main() -> int:
    """Hands the credentials out and says how to sign in; 0 when all is done, 1 with one line that says why not."""
    try:
        settings = CredentialsSettings.load()
        hand_out(settings)
        sys.stdout.write(f"Open {settings.web_url} in a browser, or sign in with:\n{how_to_sign_in(settings)}\n")
    except ConfigurationError as error:
        sys.stderr.write(f"{error.public_message}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"Credentials could not be handed out: {error.strerror}: {error.filename}.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

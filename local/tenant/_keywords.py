"""The values of the definition's keywords on this machine."""

from pathlib import Path

from local._vault_clients import FOLDER as VAULT_FOLDER
from local._vault_clients import vault_client
from local.tenant._clients import CLIENTS_FOLDER, KeySource, local_public_key, new_private_key
from local.tenant.settings import TenantSettings


def keyword_value(name: str, settings: TenantSettings, make_key: KeySource = new_private_key) -> str | None:
    """A setting, or what the first run makes."""
    return (
        settings.keywords.get(name)
        or local_public_key(name, settings.folder / CLIENTS_FOLDER, make_key)
        or _vault_keyword(name, settings.helpdesk_var / VAULT_FOLDER)
    )


def _vault_keyword(name: str, folder: Path) -> str | None:
    """The value of `<CONNECTION>_CLIENT_ID` or `<CONNECTION>_CLIENT_SECRET`: see `local._vault_clients`."""
    for suffix in ("_CLIENT_ID", "_CLIENT_SECRET"):
        if name.endswith(suffix):
            client = vault_client(folder, name.removesuffix(suffix).lower().replace("_", "-"))
            return client.client_id if suffix == "_CLIENT_ID" else client.client_secret
    return None

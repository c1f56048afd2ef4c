"""A store that is ready to be asked: made, with the model, and synchronised.

An operator does the same by hand, once, and after each change of the model: `helpdesk fga model`, `helpdesk fga sync`.
"""

from pathlib import Path

import httpx

from portal.relationships._desired import desired
from portal.relationships._model import POLICY, is_same, our_model
from portal.relationships._policy import Policy
from portal.relationships._roster import read_roster
from portal.relationships._settings import RelationshipSettings
from portal.relationships._store import RelationshipStore
from portal.relationships._sync import Changes, apply, changes
from shared.errors import ConfigurationError

NAME = "helpdesk"


async def write_model(store: RelationshipStore) -> tuple[str, bool]:
    """Has the store hold our model as its newest; returns its id, and whether it was written now."""
    model = our_model()
    newest = await store.newest()
    if newest is not None and is_same(newest, model):
        return str(newest["id"]), False
    return await store.write_model(model), True


async def synchronise(
    settings: RelationshipSettings, store: RelationshipStore, http: httpx.AsyncClient, *, force: bool, dry_run: bool
) -> Changes:
    """Has the store hold what the directory and the policy say.

    Raises:
        ConfigurationError: A setting that it needs is not there.
    """
    token = settings.directory_token.get_secret_value() if settings.directory_token else ""
    for name, value in (
        ("AUTH0_ISSUER", settings.auth0_issuer),
        ("DIRECTORY_URL", settings.directory_url),
        ("DIRECTORY_TOKEN", token),
    ):
        if not value:
            raise ConfigurationError(f"{name} is not set: relationships are synchronised from the directory; set it.")
    roster = await read_roster(settings.directory_url, token, http)
    what = await changes(store, desired(roster, Policy.load(POLICY), settings.auth0_issuer))
    if not dry_run:
        await apply(store, what, force=force)
    return what


async def prepare(settings: RelationshipSettings, folder: Path, http: httpx.AsyncClient) -> Changes:
    """Makes the store of a local world where it is not there, writes the model, synchronises.

    Args:
        settings: Where the store's API and the directory are.
        folder: Where the ids of the store and the model are kept, for the agents' settings.
        http: Reads the directory.
    """
    kept = folder / "store_id"
    store_id = kept.read_text(encoding="ascii").strip() if kept.exists() else ""
    store = RelationshipStore(settings, store_id)
    try:
        if not store_id or not await store.exists():
            store.store_id = await store.create(NAME)
            _keep(kept, store.store_id)
        model_id, _ = await write_model(store)
        _keep(folder / "model_id", model_id)
        store.model_id = model_id
        return await synchronise(settings, store, http, force=True, dry_run=False)
    finally:
        await store.aclose()


def _keep(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(f"{text}\n", encoding="ascii")

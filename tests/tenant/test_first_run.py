"""What the first run makes, where, with which permissions; and what is never written anywhere."""

import re
import sqlite3
import stat
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from local.tenant.testing import LocalTenant
from shared.errors import ConfigurationError
from tests.tenant._support import Definition, EditDefinition, MakeTenant, named

CLIENTS = {
    "help-desk-command-line": {"client_id"},
    "help-desk-web": {"client_id", "key.pem"},
    "supervisor": {"client_id", "key.pem"},
    "supervisor-api-client": {"client_id", "key.pem"},
    "account-lookup-api-client": {"client_id", "key.pem"},
    "password-reset-api-client": {"client_id", "key.pem"},
    "docs-search-api-client": {"client_id", "key.pem"},
    "password-reset-approvals": {"client_id", "key.pem"},
    "local-management": {"client_id", "client_secret"},
}


@pytest.fixture
def folder(make_tenant: MakeTenant, tmp_path: Path) -> Path:
    """The folder of a real first run."""
    return make_tenant(tmp_path / "fresh").settings.folder


def test_each_client_finds_its_credentials_in_its_own_folder(folder: Path) -> None:
    found = {client.name: {file.name for file in client.iterdir()} for client in (folder / "clients").iterdir()}
    assert found == CLIENTS
    ids = [(folder / "clients" / slug / "client_id").read_text().strip() for slug in CLIENTS]
    assert all(re.fullmatch(r"[A-Za-z0-9]{32}", client_id) for client_id in ids)
    assert len(set(ids)) == len(ids)


def test_keys_are_rsa_of_2048_bits(folder: Path) -> None:
    paths = [*folder.glob("clients/*/key.pem"), *folder.glob("signing-keys/*.pem")]
    assert len(paths) == 9
    for path in paths:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        assert key.key_size == 2048


def test_only_the_owner_can_look(folder: Path) -> None:
    everything = [folder, *folder.rglob("*")]
    assert len(everything) > 20
    for path in everything:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


def test_permissions_are_put_right_on_the_next_run(make_tenant: MakeTenant, folder: Path) -> None:
    folder.chmod(0o755)
    make_tenant(folder.parent)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.requirement("F3")
def test_the_database_has_the_public_halves_only(make_tenant: MakeTenant, folder: Path) -> None:
    tenant = make_tenant(folder.parent)
    content = b"".join(file.read_bytes() for file in folder.glob("tenant.sqlite3*"))
    secrets = [path.read_text().strip() for path in folder.glob("clients/*/client_secret")]
    secrets += [tenant.password(login) for login in ("amelia.hart", "casey.moreno")]
    assert len(secrets) == 3
    assert not any(secret.encode() in content for secret in secrets)
    assert b"PRIVATE KEY" not in content
    with sqlite3.connect(folder / "tenant.sqlite3") as database:
        pems = [pem for (pem,) in database.execute("select pem from client_keys")]
    database.close()
    assert len(pems) == 7
    assert all(pem.startswith("-----BEGIN PUBLIC KEY-----") for pem in pems)


async def test_a_client_id_that_was_lost_is_written_again(make_tenant: MakeTenant, folder: Path) -> None:
    path = folder / "clients/supervisor/client_id"
    before = path.read_text()
    path.unlink()
    make_tenant(folder.parent)
    assert path.read_text() == before


async def test_a_secret_that_was_lost_is_made_anew(make_tenant: MakeTenant, folder: Path) -> None:
    path = folder / "clients/local-management/client_secret"
    before = path.read_text()
    path.unlink()
    tenant = make_tenant(folder.parent)
    assert path.read_text() != before
    assert await tenant.client_credentials(f"{tenant.issuer}api/v2/", client="Local management")
    old = {"client_id": tenant.client("Local management").client_id, "client_secret": before.strip()}
    form = {"grant_type": "client_credentials", "audience": f"{tenant.issuer}api/v2/", **old}
    assert (await tenant.request_token(form)).status_code == 401


async def test_a_key_that_was_lost_is_made_anew(make_tenant: MakeTenant, folder: Path) -> None:
    path = folder / "clients/supervisor/key.pem"
    before = path.read_text()
    path.unlink()
    tenant = make_tenant(folder.parent)
    assert path.read_text() != before
    assert await tenant.client_credentials(tenant.api("docs_search"))
    path.write_text(before)
    with pytest.raises(AssertionError, match="401"):
        await tenant.client_credentials(tenant.api("docs_search"))


async def test_a_client_that_changes_its_method_loses_its_secret(
    make_tenant: MakeTenant, edit_definition: EditDefinition, folder: Path
) -> None:
    def change(document: Definition, method: str) -> None:
        client = named(document["clients"], "Help desk web")
        del client["client_authentication_methods"]
        client["token_endpoint_auth_method"] = method

    kept = []
    for method in ("client_secret_post", "none"):
        definition = edit_definition(partial(change, method=method))
        kept.append(make_tenant(folder.parent, tenant_definition=definition).tenant.clients.named("Help desk web"))
    assert kept[0].secret_digest is not None
    assert kept[1].secret_digest is None


def test_a_public_key_can_be_given_instead(make_tenant: MakeTenant, tmp_path: Path, folder: Path) -> None:
    pem = serialization.load_pem_private_key((folder / "clients/supervisor/key.pem").read_bytes(), None)
    public = pem.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    mapping = {"SUPERVISOR_PUBLIC_KEY": public.decode()}
    other = make_tenant(tmp_path / "given", auth0_keyword_replace_mappings=mapping)
    assert not (other.settings.folder / "clients/supervisor/key.pem").exists()
    assert len(other.tenant.clients.named("Supervisor").keys) == 1


def test_a_keyword_moves_all_identifiers(make_tenant: MakeTenant, tmp_path: Path) -> None:
    mapping = {"API_BASE": "https://desk.company.example"}
    tenant = make_tenant(tmp_path / "moved", auth0_keyword_replace_mappings=mapping)
    assert tenant.api("docs_search") == "https://desk.company.example/docs_search"
    assert tenant.api("docs_search") in tenant.tenant.definition.apis


def test_a_failed_start_leaves_no_open_database(make_tenant: MakeTenant, tmp_path: Path) -> None:
    people = tmp_path / "people.yaml"
    people.write_text("[")
    with pytest.raises(ConfigurationError):
        make_tenant(tmp_path / "failed", tenant_people=people)
    assert not list((tmp_path / "failed/tenant").glob("*-wal"))


async def test_expired_things_are_forgotten(tenant: LocalTenant) -> None:
    await tenant.sign_in("amelia.hart")
    tables = ("assertions", "sessions", "transactions", "codes", "opaque_tokens")
    tenant.tenant.database.purge(tenant.clock() + 10**8)
    for table in tables:
        assert tenant.tenant.database.rows(f"select * from {table}") == []  # noqa: S608 -- fixed names

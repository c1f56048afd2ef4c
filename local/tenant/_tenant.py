"""The tenant: its definition, its people, its keys and what it has issued, opened from a folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import _random
from local._files import private_folder
from local._vault_clients import FOLDER as VAULT_FOLDER
from local._vault_clients import vault_client
from local.tenant._access import Access
from local.tenant._backchannel import BackchannelRequests, Devices
from local.tenant._client_authentication import ClientAuthentication
from local.tenant._clients import Client, Clients, KeySource, local_public_key, new_private_key, register_client
from local.tenant._clock import Clock
from local.tenant._codes import Codes
from local.tenant._connected_accounts import ConnectedAccounts
from local.tenant._database import Database
from local.tenant._device_codes import DeviceCodes
from local.tenant._errors import Refusal, invalid_grant, user_is_blocked
from local.tenant._limits import Quotas, RateLimit
from local.tenant._log_events import LogEvents
from local.tenant._people import People, User, load_people
from local.tenant._refresh_tokens import RefreshTokens
from local.tenant._sealing import Sealing
from local.tenant._sessions import Sessions, Transactions
from local.tenant._signing_keys import SigningKeys
from local.tenant._tokens import Tokens
from local.tenant.definition import ClientDefinition, ClientGrant, Definition, ResourceServer, load_definition
from local.tenant.settings import TenantSettings

MANAGEMENT_CLIENT = "Local management"
MANAGEMENT_SCOPES = (
    "read:signing_keys",
    "create:signing_keys",
    "update:signing_keys",
    "read:logs",
    "read:users",
    "update:users",
)


@dataclass(frozen=True)
class Tenant:
    """All that the endpoints work with."""

    settings: TenantSettings
    definition: Definition
    clock: Clock
    database: Database
    clients: Clients
    people: People
    access: Access
    keys: SigningKeys
    tokens: Tokens
    log: LogEvents
    authentication: ClientAuthentication
    sessions: Sessions
    transactions: Transactions
    codes: Codes
    refresh_tokens: RefreshTokens
    device_codes: DeviceCodes
    backchannel: BackchannelRequests
    devices: Devices
    connected_accounts: ConnectedAccounts
    rate_limit: RateLimit
    quotas: Quotas
    form_key: str

    def active_user(self, user_id: str) -> User:
        """The person, who must still be here and not blocked.

        Raises:
            Refusal: `invalid_grant`.
        """
        user = self.people.get(user_id)
        if user is None:
            raise invalid_grant("User not found")
        if self.people.is_blocked(user_id):
            raise user_is_blocked()
        return user

    def log_exchange(
        self,
        kind: str,
        client: Client | None,
        *,
        user_id: str | None = None,
        refusal: Refusal | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Writes what became of a request for tokens to the tenant's log."""
        self.log.write(
            kind,
            client_id=client.client_id if client is not None else None,
            client_name=client.name if client is not None else None,
            user_id=user_id,
            description=refusal.description if refusal is not None else "",
            details={**(details or {}), **({"error": refusal.body} if refusal is not None else {})} or None,
        )

    def close(self) -> None:
        """Closes the database."""
        self.database.close()


def open_tenant(settings: TenantSettings, clock: Clock, make_key: KeySource = new_private_key) -> Tenant:
    """Opens the tenant of a folder; keys, ids, secrets and passwords are made the first time.

    Raises:
        ConfigurationError: with one line that names what is wrong and its remedy.
    """
    folder = private_folder(settings.folder)
    clients_folder = private_folder(folder / "clients")

    def keyword(name: str) -> str | None:
        return (
            settings.keywords.get(name)
            or local_public_key(name, clients_folder, make_key)
            or _vault_keyword(name, settings.helpdesk_var / VAULT_FOLDER)
        )

    definition = _with_management(load_definition(settings.tenant_definition, keyword), settings.issuer)
    database = Database(folder / "tenant.sqlite3")
    try:
        database.purge(clock())
        people = load_people(settings.tenant_people, definition, folder / "users.json", database)
        clients = Clients([register_client(client, clients_folder, database) for client in definition.clients])
        keys = SigningKeys(private_folder(folder / "signing-keys"), database, settings.issuer, clock, make_key)
        return Tenant(
            settings=settings,
            definition=definition,
            clock=clock,
            database=database,
            clients=clients,
            people=people,
            access=Access(definition),
            keys=keys,
            tokens=Tokens(settings.issuer, keys, database, clock),
            log=LogEvents(database, clock),
            authentication=ClientAuthentication(clients, settings.issuer, database, clock),
            sessions=Sessions(
                database, clock, definition.tenant.session_lifetime, definition.tenant.idle_session_lifetime
            ),
            transactions=Transactions(database, clock),
            codes=Codes(database, clock),
            refresh_tokens=RefreshTokens(database, clock),
            device_codes=DeviceCodes(database, clock),
            backchannel=BackchannelRequests(database, clock),
            devices=Devices(database, clock),
            connected_accounts=ConnectedAccounts(
                database,
                Sealing(folder / "vault.key"),
                clock,
                connections=definition.connections_by_name,
                redirect_uri=f"{settings.issuer}login/callback",
                origins=settings.tenant_upstream_origins,
            ),
            rate_limit=RateLimit(settings.tenant_requests_per_minute, clock),
            quotas=Quotas(settings.tenant_tokens_per_hour, clock),
            form_key=database.remember("form_key", _random.opaque_token),
        )
    except BaseException:
        database.close()
        raise


def _vault_keyword(name: str, folder: Path) -> str | None:
    """The value of `<CONNECTION>_CLIENT_ID` or `<CONNECTION>_CLIENT_SECRET`: see `local._vault_clients`."""
    for suffix in ("_CLIENT_ID", "_CLIENT_SECRET"):
        if name.endswith(suffix):
            client = vault_client(folder, name.removesuffix(suffix).lower().replace("_", "-"))
            return client.client_id if suffix == "_CLIENT_ID" else client.client_secret
    return None


def _with_management(definition: Definition, issuer: str) -> Definition:
    """Adds the Management API, which every tenant has, and a client for it, which people make by hand elsewhere."""
    audience = f"{issuer}api/v2/"
    api = ResourceServer.model_validate(
        {
            "name": "Auth0 Management API",
            "identifier": audience,
            "scopes": [{"value": scope} for scope in MANAGEMENT_SCOPES],
            "subject_type_authorization": {"user": {"policy": "deny_all"}},
        }
    )
    client = ClientDefinition(
        name=MANAGEMENT_CLIENT,
        app_type="non_interactive",
        token_endpoint_auth_method="client_secret_post",
        grant_types=("client_credentials",),
    )
    grant = ClientGrant(client_id=MANAGEMENT_CLIENT, audience=audience, allow_all_scopes=True)
    return Definition(
        tenant=definition.tenant,
        databases=definition.databases,
        connections=definition.connections,
        resourceServers=(*definition.resourceServers, api),
        clients=(*definition.clients, client),
        clientGrants=(*definition.clientGrants, grant),
        roles=definition.roles,
        guardianFactors=definition.guardianFactors,
        guardianPolicies=definition.guardianPolicies,
    )

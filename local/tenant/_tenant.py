"""The tenant: its definition, its people, its keys and what it has issued, opened from a folder."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from local import _random
from local._files import private_folder
from local.tenant._access import Access
from local.tenant._backchannel import BackchannelRequests, Devices
from local.tenant._client_authentication import ClientAuthentication
from local.tenant._clients import CLIENTS_FOLDER, Client, Clients, KeySource, new_private_key, register_client
from local.tenant._clock import Clock
from local.tenant._codes import Codes
from local.tenant._connected_accounts import ConnectedAccounts
from local.tenant._database import Database
from local.tenant._device_codes import DeviceCodes
from local.tenant._errors import Refusal, invalid_grant, user_is_blocked
from local.tenant._keywords import keyword_value
from local.tenant._limits import MINUTE, Quotas, RateLimit
from local.tenant._log_events import LogEvents
from local.tenant._people import People, User, load_people
from local.tenant._refresh_tokens import RefreshTokens
from local.tenant._sealing import Sealing
from local.tenant._sessions import Sessions, Transactions
from local.tenant._signing_keys import SigningKeys
from local.tenant._system import new_tenant, system_apis, with_management
from local.tenant._tokens import Tokens
from local.tenant.definition import Definition, load_definition
from local.tenant.resources import Resources, definition_from, fill
from local.tenant.settings import TenantSettings

RESOURCES_OF = "resources_of"
"""Whose the rows are: a digest of the definition that they were written from, or `MANAGED`."""

MANAGED = "managed"


@dataclass(frozen=True)
class Tenant:
    """All that the endpoints work with."""

    settings: TenantSettings
    definition: Definition
    clock: Clock
    database: Database
    resources: Resources
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
    management_limit: RateLimit
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

    def changed(self) -> "Tenant":
        """The tenant as its resources are now; what it has issued and who is signed in stays.

        Raises:
            pydantic.ValidationError: if they contradict each other, or ask for what this tenant does not do.
            ConfigurationError: for a key that is none.
        """
        definition = definition_from(self.resources)
        clients = _registered(definition, self.settings, self.database)
        self.connected_accounts.connections = definition.connections_by_name
        if not self.settings.tenant_managed:
            self.database.forget(RESOURCES_OF)  # the file counts again at the next start
        return replace(
            self,
            definition=definition,
            clients=clients,
            access=Access(definition),
            authentication=ClientAuthentication(clients, self.settings.issuer, self.database, self.clock),
            sessions=_sessions(definition, self.database, self.clock),
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
    private_folder(folder / CLIENTS_FOLDER)
    from_file = None if settings.tenant_managed else _read(settings, make_key)
    database = Database(folder / "tenant.sqlite3")
    try:
        database.purge(clock())
        sealing = Sealing(folder / "vault.key")
        resources = Resources(database, sealing)
        with database.transaction():
            definition, clients = _defined(settings, from_file, resources, database)
        people = load_people(
            settings.tenant_people,
            None if settings.tenant_managed else definition,
            folder / "users.json",
            database,
        )
        keys = SigningKeys(private_folder(folder / "signing-keys"), database, settings.issuer, clock, make_key)
        return Tenant(
            settings=settings,
            definition=definition,
            clock=clock,
            database=database,
            resources=resources,
            clients=clients,
            people=people,
            access=Access(definition),
            keys=keys,
            tokens=Tokens(settings.issuer, keys, database, clock),
            log=LogEvents(database, clock),
            authentication=ClientAuthentication(clients, settings.issuer, database, clock),
            sessions=_sessions(definition, database, clock),
            transactions=Transactions(database, clock),
            codes=Codes(database, clock),
            refresh_tokens=RefreshTokens(database, clock),
            device_codes=DeviceCodes(database, clock),
            backchannel=BackchannelRequests(database, clock),
            devices=Devices(database, clock),
            connected_accounts=ConnectedAccounts(
                database,
                sealing,
                clock,
                connections=definition.connections_by_name,
                redirect_uri=f"{settings.issuer}login/callback",
                origins=settings.tenant_upstream_origins,
            ),
            rate_limit=RateLimit(settings.tenant_requests_per_minute, MINUTE, clock),
            management_limit=RateLimit(settings.tenant_management_requests_per_second, 1, clock),
            quotas=Quotas(settings.tenant_tokens_per_hour, clock),
            form_key=database.remember("form_key", _random.opaque_token),
        )
    except BaseException:
        database.close()
        raise


def _read(settings: TenantSettings, make_key: KeySource) -> Definition:
    return load_definition(settings.tenant_definition, lambda name: keyword_value(name, settings, make_key))


def _defined(
    settings: TenantSettings, from_file: Definition | None, resources: Resources, database: Database
) -> tuple[Definition, Clients]:
    """The definition that is served, and its clients; the resources say the same."""
    whose = database.recall(RESOURCES_OF)
    if from_file is None and whose == MANAGED:
        definition = definition_from(resources)
        return definition, _registered(definition, settings, database)
    definition = with_management(from_file or new_tenant(settings.issuer), settings.issuer)
    clients = _registered(definition, settings, database)
    digest = hashlib.sha256(definition.model_dump_json(exclude_unset=True).encode()).hexdigest()
    now = MANAGED if from_file is None else digest
    if whose != now:
        fill(resources, definition, clients, system_apis(settings.issuer))
        database.recollect(RESOURCES_OF, now)
    return definition, clients


def _registered(definition: Definition, settings: TenantSettings, database: Database) -> Clients:
    folder = settings.folder / CLIENTS_FOLDER
    return Clients([register_client(client, folder, database) for client in definition.clients])


def _sessions(definition: Definition, database: Database, clock: Clock) -> Sessions:
    return Sessions(database, clock, definition.tenant.session_lifetime, definition.tenant.idle_session_lifetime)

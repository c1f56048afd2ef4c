"""Which client is asking, and the proof of it (RFC 6749 §2.3)."""

from local.tenant._assertions import ASSERTION_TYPE, asserted_client_id, verify_assertion
from local.tenant._clients import Client, Clients
from local.tenant._clock import Clock
from local.tenant._database import Database
from local.tenant._errors import Refusal, unauthorized
from local.tenant._parameters import Parameters


class ClientAuthentication:
    """Authenticates clients at the endpoints that they call directly."""

    def __init__(self, clients: Clients, issuer: str, database: Database, clock: Clock) -> None:
        self._clients = clients
        self._issuer = issuer
        self._database = database
        self._clock = clock

    def authenticate(self, parameters: Parameters, basic: tuple[str, str] | None) -> Client:
        """Identifies the client and checks its credentials, by the one method that it is registered with.

        Args:
            parameters: The request's.
            basic: Client id and secret of the Authorization header.

        Raises:
            Refusal: `invalid_client` without a client id or with a bad assertion, `access_denied` for all else.
        """
        client_id = _client_id(parameters, basic)
        if client_id is None:
            raise Refusal(401, "invalid_client", "Missing client_id")
        client = self._clients.get(client_id)
        if client is None:
            raise unauthorized()
        self._check_credentials(client, parameters, basic)
        return client

    def _check_credentials(self, client: Client, parameters: Parameters, basic: tuple[str, str] | None) -> None:
        assertion = parameters.get("client_assertion")
        secret = basic[1] if basic is not None else parameters.get("client_secret")
        match client.definition.authentication_method:
            case "private_key_jwt":
                if assertion is None:
                    raise unauthorized()
                if parameters.get("client_assertion_type") != ASSERTION_TYPE:
                    raise Refusal(401, "invalid_client", f"client_assertion_type must be {ASSERTION_TYPE}")
                verify_assertion(assertion, client, self._issuer, self._database, self._clock)
            case "none":
                if assertion is not None or secret is not None:
                    raise unauthorized()
            case "client_secret_post" | "client_secret_basic":
                if secret is None or not client.secret_matches(secret):
                    raise unauthorized()


def _client_id(parameters: Parameters, basic: tuple[str, str] | None) -> str | None:
    """Who the client says it is, having used one method of authentication at most (RFC 6749 §2.3)."""
    named, assertion, secret = (parameters.get(name) for name in ("client_id", "client_assertion", "client_secret"))
    if sum(given is not None for given in (assertion, secret, basic)) > 1:
        raise Refusal(400, "invalid_request", "Only one client authentication method can be used")
    if basic is not None:
        if named not in {None, basic[0]}:
            raise Refusal(400, "invalid_request", "client_id is not that of the Authorization header")
        return basic[0]
    if named is None and assertion is not None:
        return asserted_client_id(assertion)
    return named

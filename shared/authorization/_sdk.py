"""`openfga-sdk`: how its client is made, and what it makes of a refusal."""

import json
from dataclasses import dataclass

from openfga_sdk import ClientConfiguration, OpenFgaClient
from openfga_sdk.configuration import RetryParams
from openfga_sdk.credentials import CredentialConfiguration, Credentials
from openfga_sdk.exceptions import ApiException

from shared.settings import FgaApiSettings


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is an error: HTTP status, OpenFGA's code, and its text, which may hold what was sent."""

    status: int
    code: str
    message: str


def open_client(settings: FgaApiSettings, *, store_id: str | None, model_id: str | None) -> OpenFgaClient:
    """The SDK's client, as the settings say; it belongs to the running loop."""
    return OpenFgaClient(
        ClientConfiguration(
            api_url=settings.fga_api_url.rstrip("/"),
            store_id=store_id,
            authorization_model_id=model_id,
            credentials=_credentials(settings),
            timeout_millisec=max(1, round(settings.fga_timeout_seconds * 1000)),
            retry_params=RetryParams(max_retry=1, min_wait_in_ms=50),  # type: ignore[no-untyped-call]
        )
    )


def _credentials(settings: FgaApiSettings) -> Credentials | None:
    if settings.fga_api_token is not None:
        token = settings.fga_api_token.get_secret_value()
        return Credentials(method="api_token", configuration=CredentialConfiguration(api_token=token))
    if settings.fga_client_id is not None and settings.fga_client_secret is not None:
        return Credentials(
            method="client_credentials",
            configuration=CredentialConfiguration(
                api_issuer=settings.fga_api_token_issuer,
                api_audience=settings.fga_api_audience or f"{settings.fga_api_url.rstrip('/')}/",
                client_id=settings.fga_client_id,
                client_secret=settings.fga_client_secret.get_secret_value(),
            ),
        )
    return None


def refusal_of(error: BaseException) -> Refusal | None:
    """The refusal behind an exception of the SDK, if there is one.

    The SDK (0.10.5) breaks with an AttributeError while it looks at a refusal of `execute_api_request`; the refusal is
    then what that error was raised in.
    """
    found: BaseException | None = error
    while found is not None and not isinstance(found, ApiException):
        found = found.__cause__ or found.__context__
    if found is None:
        return None
    try:
        body = json.loads(found.body or "{}")
    except ValueError:
        body = {}
    known = body if isinstance(body, dict) else {}
    return Refusal(int(found.status or 0), str(known.get("code", "")), str(known.get("message", "")))

"""Auth0's Token Vault as a provider of credentials.

https://auth0.com/docs/secure/call-apis-on-users-behalf/token-vault
"""

from typing import Final, NoReturn

from shared.credentials._interface import ActingCaller, Resource
from shared.errors import (
    AccountNotConnected,
    ClientAuthenticationError,
    InvalidToken,
    OAuthError,
    UpstreamRefused,
    UpstreamUnavailable,
)
from shared.identity import RawToken, TokenClient
from shared.telemetry import get_logger

PART: Final = "token vault"
NOT_CONNECTED: Final = frozenset({"federated_connection_refresh_token_not_found", "tokenset_not_found"})
NO_LONGER_CONNECTED: Final = frozenset({"federated_connection_refresh_token_flow_failed"})
SUBJECT_TOKEN_REFUSED: Final = frozenset({"invalid_request", "invalid_token", "invalid_grant"})
_UNAUTHORIZED: Final = 401

_log = get_logger()


class TokenVault:
    """Exchanges the user's token for the one that another system issued for them, when it is needed.

    Args:
        client: This agent's Custom API client, linked to the agent's own API.
        accounts_url: Where people connect their accounts in a browser, if there is such a page.
    """

    def __init__(self, client: TokenClient, *, accounts_url: str | None = None) -> None:
        self._client = client
        self._accounts_url = accounts_url

    async def token(self, caller: ActingCaller, resource: Resource) -> RawToken:
        """See `Credentials`."""
        try:
            issued = await self._client.connection_token(caller.user_token, caller.user, connection=resource.connection)
        except OAuthError as error:
            self._explain(error, resource)
        except ClientAuthenticationError as error:
            self._not_served(error, resource)
        except UpstreamUnavailable as error:
            raise UpstreamUnavailable(PART, retry_after=error.retry_after, detail=error.detail) from error
        return issued.token

    def forget(self, caller: ActingCaller, resource: Resource, token: RawToken) -> None:
        """See `Credentials`."""
        self._client.forget_connection_token(caller.user, connection=resource.connection, token=token)

    def refused(self, caller: ActingCaller, resource: Resource, token: RawToken) -> None:
        """See `Credentials`."""
        self.forget(caller, resource, token)
        _log.info("credential_refused", connection=resource.connection, token=token.fingerprint())

    def _explain(self, error: OAuthError, resource: Resource) -> NoReturn:
        if error.error in NOT_CONNECTED:
            raise not_connected(resource, self._accounts_url) from error
        if error.error in NO_LONGER_CONNECTED:
            raise no_longer_connected(resource, self._accounts_url) from error
        if error.status == _UNAUTHORIZED and error.error in SUBJECT_TOKEN_REFUSED:
            raise InvalidToken(
                "Your sign-in has expired meanwhile: please ask again.", detail=error.detail, code="token_expired"
            ) from error
        self._not_served(error, resource)

    def _not_served(self, error: OAuthError | ClientAuthenticationError, resource: Resource) -> NoReturn:
        """A mistake in the set-up, which neither the person nor a second try can mend: not one to wait for."""
        _log.error("credential_not_served", connection=resource.connection, reason=error.reason, detail=error.detail)
        raise UpstreamRefused(
            PART,
            f"The help desk is not set up to act in the {resource.title} for you; its operators have to mend that.",
            detail=error.detail,
            code="credential_not_served",
        ) from error


def not_connected(resource: Resource, accounts_url: str | None) -> AccountNotConnected:
    """What is said where an account was never connected."""
    return AccountNotConnected(
        f"I act in the {resource.title} as you, and your account there is not connected to the help desk yet. "
        f"{_how(resource, accounts_url)} Then I go on by myself; nothing was changed so far.",
        subject=resource.connection,
        url=accounts_url,
    )


def no_longer_connected(resource: Resource, accounts_url: str | None) -> AccountNotConnected:
    """What is said where a connection does not work any more: revoked there, expired, or given too little."""
    return AccountNotConnected(
        f"The connection to your account in the {resource.title} does not work any more: it was revoked, or it has "
        f"expired. Please connect it again. {_how(resource, accounts_url)} Then I go on by myself.",
        subject=resource.connection,
        url=accounts_url,
        code="account_no_longer_connected",
    )


def _how(resource: Resource, accounts_url: str | None) -> str:
    command = f"`helpdesk accounts connect {resource.connection}`"
    return f"Open {accounts_url}, or run {command}." if accounts_url else f"Run {command}."

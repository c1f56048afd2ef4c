"""Who may call: anybody on this machine, holders of a preshared key, or holders of an access token."""

import hmac
from collections.abc import Sequence
from typing import Protocol

from local.fga._errors import FgaError
from shared.errors import InvalidToken, UpstreamError
from shared.identity import RawToken, TokenVerifier


class Access(Protocol):
    """Lets a call in or not."""

    async def __call__(self, authorization: Sequence[str]) -> None:
        """Reads the values of the `Authorization` header.

        Raises:
            FgaError: where the call may not come in.
        """


class Anybody:
    """OpenFGA's `authn none`."""

    async def __call__(self, authorization: Sequence[str]) -> None:
        """Lets every call in."""


class PresharedKeys:
    """OpenFGA's `authn preshared`: one of several keys as the bearer token."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = [key.encode() for key in keys]

    async def __call__(self, authorization: Sequence[str]) -> None:
        """Compares with every key, in the same time whichever it is."""
        given = _bearer(authorization).encode()
        if not any([hmac.compare_digest(given, key) for key in self._keys]):  # noqa: C419 -- all of them, always
            raise _unauthenticated()


class AccessTokens:
    """OpenFGA's `authn oidc`: an access token for this server's audience."""

    def __init__(self, verifier: TokenVerifier) -> None:
        self._verifier = verifier

    async def __call__(self, authorization: Sequence[str]) -> None:
        """Verifies the token, as every agent does; scopes are not asked for."""
        token = RawToken(_bearer(authorization))
        try:
            await self._verifier.verify(token)
        except (InvalidToken, UpstreamError) as error:
            raise FgaError("auth_failed_invalid_bearer_token", "invalid bearer token", status=401) from error


def _bearer(authorization: Sequence[str]) -> str:
    scheme, _, token = authorization[0].partition(" ") if len(authorization) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token:
        raise FgaError("bearer_token_missing", "missing bearer token", status=401)
    return token


def _unauthenticated() -> FgaError:
    return FgaError("unauthenticated", "unauthenticated", status=401)

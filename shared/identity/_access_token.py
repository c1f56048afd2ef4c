"""A token that an authorization server issued to us, to be sent to somebody else."""

from dataclasses import dataclass

from shared.identity._raw_token import RawToken


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An issued access token: opaque to its client, so nothing here was read from inside it.

    Attributes:
        token: For the `Authorization` header of the resource server that it is for.
        expires_at: Seconds since the epoch; not used after that.
        scopes: What was granted.
        token_type: `Bearer`.
        missing_scopes: What was asked for and not granted.
    """

    token: RawToken
    expires_at: float
    scopes: frozenset[str]
    token_type: str = "Bearer"  # noqa: S105 -- a type, not a secret
    missing_scopes: frozenset[str] = frozenset()

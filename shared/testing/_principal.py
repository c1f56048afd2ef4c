"""Principals for tests of what comes after verification."""

from collections.abc import Collection

from shared.identity import Principal, RawToken
from shared.identity._principal import SEAL  # lint: allow private-import -- the one other maker of principals

ISSUER = "https://issuer.example/"
LATE = 4_102_444_800  # the year 2100


def make_principal(
    subject: str = "auth0|amelia",
    *,
    issuer: str = ISSUER,
    actors: tuple[str, ...] = (),
    client_id: str = "client",
    scopes: Collection[str] = (),
    permissions: Collection[str] = (),
    audience: str = "https://api.example/",
    token: RawToken | None = None,
    token_id: str = "token-id",  # noqa: S107 -- the name of a token
    issued_at: int = 0,
    expires_at: int = LATE,
    is_machine: bool = False,
) -> Principal:
    """A principal as the verifier would make it; with `token`, the one that it stands for in an exchange."""
    return Principal(
        issuer=issuer,
        subject=subject,
        actors=actors,
        client_id=client_id,
        scopes=frozenset(scopes),
        permissions=frozenset(permissions),
        audience=audience,
        token_id=token_id,
        issued_at=issued_at,
        expires_at=expires_at,
        is_machine=is_machine,
        token_digest=(token or RawToken(f"token of {subject}")).digest(),
        seal=SEAL,
    )

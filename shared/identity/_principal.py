"""Who acts, as the verifier found it."""

from dataclasses import InitVar, dataclass, field
from typing import Final, Never, Self

SEAL: Final = object()
"""Held by the verifier, and by `shared.testing` for tests: nothing else can make a `Principal`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A verified identity: whom the token is about, through whom, and how far the consent goes.

    Only `shared.identity` makes one, from a token that passed every check. It is immutable and never written
    anywhere, so that no stored or received bytes turn into an identity.

    Attributes:
        issuer: `iss`.
        subject: `sub`, unique within the issuer.
        actors: `act` from the outermost, which acts now, to the innermost, where the user signed in; empty if nobody
            acts for the subject. Decide by the outermost alone; the others are for the record (RFC 8693 §4.1).
        client_id: The client that the token was issued to: `client_id`, or `azp` in Auth0's own dialect.
        scopes: `scope`: what was consented to.
        permissions: `permissions`: what Auth0's roles allow the subject. Never merged into `scopes`.
        audience: The audience that was checked: our own.
        token_id: `jti`, or else the token's fingerprint.
        issued_at: `iat`, seconds since the epoch.
        expires_at: `exp`, seconds since the epoch.
        is_machine: The subject is a client by itself, not a person.
        token_digest: Ties the principal to the very token that it was made from.
    """

    issuer: str
    subject: str
    actors: tuple[str, ...]
    client_id: str
    scopes: frozenset[str]
    permissions: frozenset[str]
    audience: str
    token_id: str
    issued_at: int
    expires_at: int
    is_machine: bool
    token_digest: bytes = field(repr=False, compare=False)
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not SEAL:
            raise TypeError(
                "a Principal is made by TokenVerifier.verify alone; in tests by shared.testing.make_principal"
            )

    @property
    def key(self) -> str:
        """Says who it is: stable, and different for any two different pairs of issuer and subject.

        What belongs to somebody (tasks, conversations, quotas) belongs to this key.
        """
        return f"{len(self.issuer)}:{self.issuer}{self.subject}"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> Never:
        raise TypeError("a Principal is not written anywhere: verify the token again")

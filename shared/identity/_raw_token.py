"""A token as it came over the wire: a secret that does not print itself."""

import hashlib
import hmac
import secrets
from typing import Never, Self

_PROCESS_KEY = secrets.token_bytes(32)
_REDACTED = "RawToken([redacted])"


class RawToken:
    """A bearer token, verified or not.

    It is not a string, so that nothing prints, logs, formats, serialises or pickles it by accident; `reveal` gives
    the string for the one header or form field that needs it.
    """

    __slots__ = ("__digest", "__named", "__value")

    def __init__(self, value: str) -> None:
        self.__value = value
        self.__digest: bytes | None = None
        self.__named: tuple[bytes, str] | None = None

    def reveal(self) -> str:
        """The token itself."""
        return self.__value

    def digest(self) -> bytes:
        """SHA-256 of the token, 32 bytes: a key for tables in memory. For logs there is `fingerprint`."""
        if self.__digest is None:
            self.__digest = hashlib.sha256(self.__value.encode("utf-8", "surrogatepass")).digest()
        return self.__digest

    def fingerprint(self, key: bytes | None = None) -> str:
        """A name for the token that does not give it away: 32 hexadecimal characters of HMAC-SHA-256.

        Args:
            key: Makes the same name in several processes; without it the name holds in this process alone.
        """
        key = key or _PROCESS_KEY
        if self.__named is None or self.__named[0] != key:
            self.__named = (key, hmac.digest(key, self.digest(), "sha256").hex()[:32])
        return self.__named[1]

    def __repr__(self) -> str:
        return _REDACTED

    __str__ = __repr__

    def __format__(self, format_spec: str) -> str:
        return _REDACTED

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RawToken) and hmac.compare_digest(self.digest(), other.digest())

    def __hash__(self) -> int:
        return hash(self.digest())

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> Never:
        raise TypeError("a RawToken is not written anywhere")

"""Finds what must be nowhere: tokens, in whatever somebody kept, logged or said."""

import re
from typing import Final

_SIGNED: Final = re.compile(rb"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}")


def tokens_in(kept: str | bytes) -> list[str]:
    """All that looks like a signed or encrypted token (RFC 7515, RFC 7516), by its beginning.

    Three letters are not enough to go by: among random ids and keys they come up by chance.
    """
    data = kept.encode("utf-8", "surrogateescape") if isinstance(kept, str) else kept
    return [found[:24].decode() for found in _SIGNED.findall(data)]

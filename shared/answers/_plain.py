"""Text from elsewhere, made fit to stand in an answer: it can say what it likes, and do nothing."""

import re
import unicodedata

_NOT_SHOWN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # controls, bidi and zero-width marks, line ends
_SCHEME = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,15}):(?=//)|\b(www)(?=\.)")
_SPECIAL = re.compile(r"[\\`*\[\]<>|~]|(?<![^\W_])_|_(?![^\W_])")  # an underscore inside a word means nothing
_OPENING = re.compile(
    r"^(\d{1,9}(?=[.)](?: |$)))?([.)](?= |$)|[-+#=](?=[-#= ]|$))"
)  # what would begin a heading, a list or a rule
_LONGEST = 80


def plain(value: str | None, *, limit: int = _LONGEST, missing: str = "not set") -> str:
    """One line of text that Markdown makes nothing of: no link, image, emphasis, code, heading, tag or table.

    Args:
        value: Anything that somebody else may have written: a display name, a device's name, a field of a log.
        limit: The most characters that are shown; a longer text ends in `…`.
        missing: What stands there when there is nothing to show.
    """
    composed = unicodedata.normalize("NFC", value or "")
    shown = "".join(" " if unicodedata.category(c) in _NOT_SHOWN else c for c in composed)
    words = " ".join(shown.split())
    if not words:
        return missing
    cut = words if len(words) <= limit else words[: limit - 1].rstrip() + "…"
    unlinked = _SCHEME.sub(lambda match: f"{match[1] or match[2]} {':' if match[1] else ''}", cut)
    return _OPENING.sub(r"\1\\\2", _SPECIAL.sub(lambda match: f"\\{match[0]}", unlinked))


def masked_address(address: str) -> str:
    """An address that its owner recognises and nobody else learns: `a•••@post.example`."""
    name, at, domain = address.rpartition("@")
    return plain(f"{name[:1]}•••{at}{domain}") if at else "•••"


def masked_number(number: str) -> str:
    """A telephone number by its last two digits: `•••04`."""
    digits = re.sub(r"\D", "", number)
    return f"•••{digits[-2:]}" if digits else "•••"

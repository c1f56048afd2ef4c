"""Names: of articles, of headings, and of what people call them."""

import re
import unicodedata
from typing import Final

SLUG: Final = re.compile(r"[a-z0-9]+(?:[-_.][a-z0-9]+)*")

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def slugify(text: str) -> str:
    """A heading's anchor or a file's slug: lower case, spaces as hyphens, punctuation dropped (GitHub's way)."""
    kept = (character for character in text.lower() if character in "-_ " or not _is_punctuation(character))
    return "".join(kept).strip().replace(" ", "-")


def tidy(text: str) -> str:
    """A name or a phrase on one line, without what cannot be seen."""
    words = " ".join(text.split())
    return "".join(character for character in words if unicodedata.category(character) not in _UNSEEN).strip()


def _is_punctuation(character: str) -> bool:
    return unicodedata.category(character)[0] in "PSC"

"""Whether an act was asked for, or only asked about: a question about a reset must not be one.

Which tool is called is for a model to decide, and no model is trusted with that alone: an act changes whether the
person can sign in.
"""

import re
from typing import Final

_ACTS: Final = r"(?:un-?lock|reset|chang|renew|recover|expir|remov|forc)\w*"
_WITHIN: Final = r"(?:[^.?!;]|\.(?=\w))"  # a sentence; a dot inside a login or an address does not end it
_NOT_ASKED_FOR: Final = re.compile(
    rf"\b(?:how (?:do|does|can|could|would|should|to|long|often)|what (?:happens|if)|what would|where (?:do|can|could)|"
    rf"when (?:should|must|do)|who (?:can|may)|why (?:do|should|must|was|did)|should i|do i (?:have|need) to|must i|"
    rf"explain|tell me about)\b{_WITHIN}{{0,60}}\b{_ACTS}"
    r"|\b(?:do not|don['\u2019]?t|never|no need to|without|instead of|rather than|not want(?:ing)? to)\b"
    rf"[^.?!;,]{{0,20}}\b{_ACTS}",
    re.IGNORECASE,
)
_FACTORS: Final = re.compile(
    r"\b(?:factors?|mfa|2fa|multi-?factor|two-?(?:factor|step)|authenticators?|security keys?|passkeys?|"
    r"push notifications?|one-time codes?)\b",
    re.IGNORECASE,
)
_ONE_FACTOR: Final = re.compile(r"\b(?:factor|authenticator)\b(?! app)", re.IGNORECASE)
_ALL: Final = re.compile(r"\b(?:all|every|each|both|everything)\b", re.IGNORECASE)
_EXPIRY: Final = re.compile(
    r"\bexpir\w*|\bforc(?:e|es|ed|ing)\b|\b(?:must|has to|have to|should) (?:\w+ )?(?:change|choose|set)\b|"
    r"\bnext (?:sign|log)[- ]?[io]n\b",
    re.IGNORECASE,
)


def is_asked_for(text: str) -> bool:
    """Whether nothing in the request says that the act is a question, or not wanted."""
    return _NOT_ASKED_FOR.search(" ".join(text.split())) is None


def is_about_factors(text: str) -> bool:
    """Whether the request speaks of factors: "reset my password" is no request to remove them."""
    return is_asked_for(text) and _FACTORS.search(text) is not None


def is_about_one_factor(text: str) -> bool:
    """Whether the request speaks of a single factor, so that it asks for no more than one to be removed."""
    return _ONE_FACTOR.search(text) is not None and _ALL.search(text) is None


def is_about_expiry(text: str) -> bool:
    """Whether the request speaks of a password that is to expire, or to be changed at the next sign-in."""
    return is_asked_for(text) and _EXPIRY.search(text) is not None

"""Whether an act was asked for, or only asked about: a question about a reset must not be one.

Which tool is called is for a model to decide, and no model is trusted with that alone: an act changes whether the
person can sign in.
"""

import re
from typing import Final

_ACTS: Final = r"(?:un-?lock|reset|chang|renew|recover)\w*"
_NOT_ASKED_FOR: Final = re.compile(
    rf"\b(?:how (?:do|does|can|could|would|should|to|long|often)|what (?:happens|if)|what would|where (?:do|can|could)|"
    rf"when (?:should|must|do)|who can|why (?:do|should|must|was|did)|should i|do i (?:have|need) to|must i|"
    rf"explain|tell me about)\b[^.?!;]{{0,40}}\b{_ACTS}"
    r"|\b(?:do not|don['\u2019]?t|never|no need to|without|instead of|rather than|not want(?:ing)? to)\b"
    rf"[^.?!;,]{{0,20}}\b{_ACTS}",
    re.IGNORECASE,
)


def is_asked_for(text: str) -> bool:
    """Whether nothing in the request says that the act is a question, or not wanted."""
    return _NOT_ASKED_FOR.search(" ".join(text.split())) is None

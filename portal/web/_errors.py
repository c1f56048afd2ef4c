"""What a person in a browser is told of an error: the command's words name commands, and addresses of parts."""

from dataclasses import dataclass
from typing import Final

from portal._errors import NotSignedIn, PartAway
from portal.web._forms import FormRefused
from shared.errors import (
    AuthenticationError,
    AuthorizationError,
    HelpdeskError,
    OAuthError,
    TooManyRequests,
    UpstreamError,
)

AWAY: Final = "A part of the help desk cannot do this right now. Try again shortly."
ENDED: Final = "Your sign-in has ended. Sign in again to go on."


@dataclass(frozen=True, slots=True)
class Words:
    """The status of HTTP, and a sentence."""

    status: int
    message: str


_REFUSED: Final[tuple[tuple[type[HelpdeskError], int, str | None], ...]] = (
    (NotSignedIn, 401, ENDED),
    (TooManyRequests, 429, None),
    (AuthorizationError, 403, None),
    (UpstreamError, 503, AWAY),
    (OAuthError, 503, AWAY),
    (AuthenticationError, 503, "The web chat could not sign in to the authorization server."),
    (HelpdeskError, 400, None),
)
"""The first class that fits decides; without words, the error's own are meant for people already."""


def words_for(error: HelpdeskError) -> Words:
    """What is told of an error."""
    if isinstance(error, FormRefused):
        return Words(error.status, error.public_message)
    if isinstance(error, PartAway):
        return Words(503, f"The {error.part} cannot be reached right now. Try again shortly.")
    status, message = next((status, words) for kind, status, words in _REFUSED if isinstance(error, kind))
    return Words(status, message or error.public_message)

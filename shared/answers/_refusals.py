"""A refusal as a person should read it: what did not happen, why, and what to do."""

from typing import Final

from shared.answers._time import count
from shared.errors import HelpdeskError, InsufficientScope, UpstreamUnavailable

_LONGEST_WAIT_TOLD: Final = 90  # seconds; a longer wait is told in minutes


def refusal(error: HelpdeskError, purpose: str) -> str:
    """Words for an error.

    Args:
        error: What went wrong.
        purpose: What was to be done, to end "I could not …" with.
    """
    if isinstance(error, InsufficientScope):
        scopes = " ".join(f"`{scope}`" for scope in error.scopes)
        return (
            f"Your sign-in does not allow me to {purpose}: it lacks {scopes}. "
            "If you think that it should, ask the help desk about your role."
        )
    if isinstance(error, UpstreamUnavailable):
        if error.outcome_unknown:
            return (
                f"The {error.part} did not confirm it, so I cannot tell whether I was able to {purpose}. "
                "Please ask me for the state of the account before you try again."
            )
        return f"The {error.part} is not available right now, so I could not {purpose}. {_when(error.retry_after)}"
    return f"I could not {purpose}. {error.public_message}"


def _when(retry_after: float | None) -> str:
    if retry_after is None:
        return "Nothing was changed; please try again in a little while."
    seconds = max(1, round(retry_after))
    wait = count(seconds, "second") if seconds <= _LONGEST_WAIT_TOLD else count(round(seconds / 60), "minute")
    return f"Nothing was changed; please try again in about {wait}."

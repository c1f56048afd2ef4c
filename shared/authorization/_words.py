"""What a person is told of a decision. None of it depends on whether a thing that is not theirs is there."""

from typing import Final

from shared.authorization._decision import Reason
from shared.authorization._declaration import Needs

FAILED: Final = (
    "Something went wrong while it was being decided whether you may do this, so it was not done; nothing was changed."
)
NOT_OFFERED: Final = "That is not something I can do."


def refused(needs: Needs[object], value: object | None) -> str:
    """Words for what is not there or not allowed; `value` is given where it is the caller's own."""
    own_words = needs.refused(value)
    if own_words is not None:
        return own_words
    if value is not None:
        return (
            f"I could not {needs.purpose}: you may not have that done here. Nothing was changed. "
            "If you think that you should, ask the help desk about your role."
        )
    return f"I could not {needs.purpose}: either it is not there, or it is not yours to ask for. Nothing was changed."


def unavailable(purpose: str) -> str:
    """Words for when nobody can say who may do what."""
    return (
        f"The part of the help desk that knows who may do what is not available right now, so I could not {purpose}. "
        "Without it nothing about accounts or documents is shown or changed here; nothing was changed. "
        "Signing in, and what you asked before, is not affected. Please try again in a little while, "
        "or go to the service desk if it cannot wait."
    )


def unrecorded(purpose: str) -> str:
    """Words for when a decision cannot be recorded."""
    return (
        f"What I do has to be recorded first, and the record is not available right now, so I could not {purpose}. "
        "Nothing was changed. Please try again in a little while."
    )


def words_without_purpose(reason: Reason) -> str:
    """Words for a call that has no declaration to take a purpose from."""
    return NOT_OFFERED if reason is Reason.UNDECLARED else FAILED

"""What people read of an approval; each ending in words of its own."""

from datetime import UTC, datetime
from typing import Final

from shared.answers import plain
from shared.approval._ledger import Entry, State, TooMuch
from shared.approval._policy import Person

NOTHING = "Nothing was changed."
INTERRUPTED = "I was interrupted by a restart. I find out what became of this, and say it here; nothing is done twice."


def waits(who: Person, *, own: bool, what: str, code: str, until: float, url: str | None) -> str:
    """What a task says while it waits: who must approve, where, the code, until when."""
    whom = "you" if own else f"**{plain(who.name)}**"
    device = "your phone" if own else "their phone"
    where = f", or at {url}" if url else ""
    at = datetime.fromtimestamp(until, UTC)
    return (
        f"Before I {what}, {whom} must approve it on {device}{where}. The code there must be **{code}**: "
        f"with any other code, deny it. I wait until {at:%H:%M:%S} UTC, and go on by myself once it is approved; "
        "nothing was changed so far, and no word in this chat approves it."
    )


def too_much(why: TooMuch, who: Person, *, own: bool, wait: float) -> str:
    """Why a person is not asked."""
    whom, device = ("You", "your phone") if own else (plain(who.name), "their phone")
    if why is TooMuch.SAME:
        return f"I have asked for this already, and it still waits for an answer on {device}. {NOTHING}"
    if why is TooMuch.PENDING:
        are = "have" if own else "has"
        return (
            f"{whom} {are} as many requests waiting on {device} as one person may have. They have to be answered "
            f"first, or to expire. {NOTHING} If they are not wanted, deny them and tell the security team."
        )
    if why is TooMuch.OFTEN:
        were = "were" if own else "was"
        return (
            f"{whom} {were} asked again and again within the last hour, and nothing came of it, so I do not ask for "
            f"this now. {NOTHING} If it was not wanted, tell the security team."
        )
    minutes = max(1, round(wait / 60))
    return (
        f"{whom} denied this a moment ago, so I do not ask again so soon. {NOTHING} It can be asked for again in "
        f"{minutes} minute{'' if minutes == 1 else 's'}. If it was not wanted, tell the security team."
    )


def nobody(what: str, *, four_eyes: bool) -> str:
    """There is nobody to ask."""
    why = "somebody else than you has to approve it" if four_eyes else "somebody has to approve it"
    return f"I could not {what}: {why}, and nobody is there to be asked. {NOTHING} Please ask the security team."


def no_device(who: Person, what: str, *, own: bool, url: str | None) -> str:
    """They cannot be asked."""
    whom = "you have" if own else f"{plain(who.name)} has"
    how = f" One is enrolled at {url}." if url else " Without one, go to the service desk with your staff badge."
    return (
        f"I could not {what}: it has to be approved on a phone, and {whom} none that can be asked now. {NOTHING}{how}"
    )


def ended(entry: Entry, what: str) -> str:
    """How it ended without the act."""
    words = _ENDINGS.get(entry.reason) or _ENDINGS.get(entry.state) or _NOT_ACCEPTED
    return words.format(what=what)


_ENDINGS: Final = {
    State.DENIED: (
        "It was **denied** on the phone, so I did not {what}. Nothing was changed. If you did not deny it yourself, or "
        "did not ask for it, tell the security team."
    ),
    State.EXPIRED: (
        "**Nobody approved it in time**, so I did not {what}. Nothing was changed. "
        "Please ask again when the phone is at hand."
    ),
    State.CANCELLED: "This was **cancelled**, so I did not {what}. Nothing was changed.",
    "not_used": (
        "It was approved, but too long ago by now, so I did not {what}. Nothing was changed. Please ask again."
    ),
    "answer_lost": (
        "The answer from the phone was lost in a restart here, so I did not {what}. Nothing was changed. "
        "Please ask again."
    ),
    "not_happened": (
        "I was interrupted while I was about to {what}, and by the directory's log it did not happen. Please ask again."
    ),
    "partly": (
        "I was interrupted while I was about to {what}, and by the directory's log only a part of it happened. "
        "Please look at the account, and ask for the rest."
    ),
}
"""By the reason, or else the state, of a row."""

_NOT_ACCEPTED: Final = "This could not be carried through, so I did not {what}. Nothing was changed. Please ask again."


def changed(what: str) -> str:
    """What would be done is not what was approved."""
    return f"What I would do now is not exactly what was approved, so I did not {what}. {NOTHING} Please ask again."

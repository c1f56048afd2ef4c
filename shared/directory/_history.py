"""What the log's acts on an account come to: the resets there were, and what became of each."""

from collections.abc import Sequence

from shared.directory._types import AccountAct, ActKind, Reset

ENDS = frozenset({ActKind.RESET, ActKind.PASSWORD_CHOSEN})


def resets_of(acts: Sequence[AccountAct]) -> list[Reset]:
    """The resets among the acts, newest first.

    A password that was chosen after a reset, and before the next one, was chosen with its link: with the account
    waiting for a new password there is no other way in.

    Args:
        acts: What was done to one account, newest first.
    """
    found: list[Reset] = []
    for place, act in enumerate(acts):
        if act.what is not ActKind.RESET:
            continue
        later = list(reversed(acts[:place]))
        ending = next((other for other in later if other.what in ENDS), None)
        until = later.index(ending) if ending else len(later)
        chosen = ending is not None and ending.what is ActKind.PASSWORD_CHOSEN
        found.append(
            Reset(
                at=act.at,
                by=act.by,
                mailed=any(other.what is ActKind.LINK_MAILED for other in later[:until]),
                used_at=ending.at if ending and chosen else None,
                replaced_at=ending.at if ending and not chosen else None,
            )
        )
    return found

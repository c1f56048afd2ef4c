"""What password_reset says of what it did, or did not do. No link and no password is ever part of it.

An answer speaks to the person whose account it is (`own`), or about them to somebody who helps.
"""

from collections.abc import Sequence
from datetime import datetime

from shared.answers import count, masked_address, moment, plain, relative, span
from shared.directory import AccountKind, User, account_of, capital, next_step, password_of, short_login, state_of


def unlock_explained(user: User, *, own: bool) -> str:
    """The act was asked about, not for."""
    say = "unlock my account" if own else f"unlock {short_login(user)}"
    return (
        f"If you want {account_of(user, own=own)} unlocked, say “{say}”: {'your' if own else 'the'} password stays "
        "the same. Nothing was changed so far."
    )


def reset_explained(user: User, *, own: bool) -> str:
    """The act was asked about, not for."""
    if not own:
        return (
            f"If {password_of(user, own=own)} is to be reset, say “reset the password of {short_login(user)}”: the "
            "directory then sends a link to their recovery address, with which they choose a new one, and the old one "
            "stops working. Nothing was changed so far."
        )
    where = f"your recovery address {masked_address(user.recovery_email)}" if user.recovery_email else "you"
    return (
        f"If you want a new password, say “reset my password”: the directory then sends a link to {where}, "
        "with which you choose one, and your old password stops working. Nothing was changed so far."
    )


def expiry_explained(user: User) -> str:
    """The act was asked about, or not by its name."""
    return (
        f"If {password_of(user, own=False)} is to be changed at their next sign-in, say "
        f"“expire the password of {short_login(user)}”: until then the old one still works. Nothing was changed so far."
    )


def factors_explained(user: User) -> str:
    """The act was asked about, or not by its name."""
    return (
        f"If factors of {plain(user.display_name)} are to be removed, say “remove the factors of {short_login(user)}”, "
        "or name the one: they then enrol new ones at their next sign-in. Nothing was changed so far."
    )


def not_for_oneself(what: str) -> str:
    """What somebody has done for others, and not for themselves."""
    return (
        f"I do not {what} for the person who asks: whoever got hold of your session could do it as well. Nothing was "
        "changed. Please go to the service desk with your staff badge. If you only need a new password, say "
        "“reset my password”."
    )


def unlocked(user: User, now: datetime, *, own: bool) -> str:
    """The account was locked, and is not any more."""
    since = f" It had been locked since {_when(user.status_changed, now)}." if user.status_changed else ""
    done = f"**{capital(account_of(user, own=own))} is unlocked.**{since}"
    if not own:
        return (
            f"{done} The password is the same as before.\n\n"
            "If it is locked again soon, a phone or a mail program of theirs may still be trying an old password."
        )
    return (
        f"{done} Your password is the same as before.\n\n"
        "If it is locked again soon, a phone or a mail program may still be trying an old password: "
        "change it there. If you no longer know your password, say “reset my password”. "
        "If the wrong passwords were not yours, tell the security team."
    )


def not_locked(user: User, now: datetime, *, own: bool) -> str:
    """Nothing to unlock."""
    step = next_step(user, own=own) or (
        "If you cannot sign in, that has another reason: say “reset my password” if you no longer know your password."
        if own
        else "If they cannot sign in, that has another reason."
    )
    return (
        f"{capital(account_of(user, own=own))} is not locked, so there was nothing to unlock: "
        f"it is {state_of(user, now)}. {step}"
    )


def no_longer_locked(user: User, *, own: bool) -> str:
    """It was unlocked in the meantime."""
    return (
        f"{capital(account_of(user, own=own))} is not locked any more: somebody unlocked it a moment ago."
        f"{' Please try to sign in.' if own else ''}"
    )


def link_sent(user: User, recovery_email: str, *, own: bool) -> str:
    """A reset link was sent."""
    if not own:
        return (
            f"**A link to choose a new password is on its way to {plain(user.display_name)}**, to the recovery address "
            "that the directory has for them.\n\n"
            "It works once, and only for a while. From now on their old password no longer works. "
            "I never see the link or the password, and cannot send it anywhere else."
        )
    return (
        "**A link to choose a new password is on its way** to your recovery address "
        f"{masked_address(recovery_email)}.\n\n"
        "It works once, and only for a while; the mail says until when. From now on your old password no longer works. "
        "I never see the link or your password, and nobody at the help desk will ask you for them.\n\n"
        "If that address is not yours any more, tell the service desk at once."
    )


def expired(user: User) -> str:
    """The password is to be changed."""
    return (
        f"**{capital(password_of(user, own=False))} has expired.** When they next sign in with it, they have to choose "
        "a new one. If they do not know it, or somebody else does, have it reset instead: "
        f"“reset the password of {short_login(user)}”."
    )


def factors_removed(user: User, names: Sequence[str]) -> str:
    """Factors are gone."""
    which = ", ".join(names)
    return (
        f"**{count(len(names), 'factor')} of {plain(user.display_name)} removed**: {which}.\n\n"
        "They enrol again at their next sign-in. Until then whoever knows their password is one step nearer: if that "
        f"may be somebody else, have it reset as well: “reset the password of {short_login(user)}”."
    )


def which_factor(user: User, names: Sequence[str]) -> str:
    """One was meant, and it is not clear which."""
    lines = "\n".join(f"- {name}" for name in names) or "- none"
    return (
        f"Which one? Nothing was changed so far. {plain(user.display_name)} has enrolled:\n\n{lines}\n\n"
        f"Name its kind (push, code, security key or text message), or say “remove all factors of {short_login(user)}”."
    )


def no_such_factor(user: User, kind: str) -> str:
    """There is nothing to remove."""
    what = "no factor" if kind == "all" else f"no factor of the kind “{kind.replace('_', ' ')}”"
    return f"{plain(user.display_name)} has enrolled {what}, so there was nothing to remove."


def throttled(resets: Sequence[datetime], again_at: datetime, now: datetime, user: User, *, own: bool) -> str:
    """Too many links lately."""
    sent = (
        f"{count(len(resets), 'reset link').capitalize()} for {account_of(user, own=own)} went out within the last "
        f"hour, the newest {relative(resets[0], now)}, so I do not send another one yet. "
    )
    wait = f"You can ask again in {span(again_at - now)}. "
    if not own:
        return f"{sent}The newest link works, those before it no longer do. {wait}".strip()
    return (
        f"{sent}Please use the newest link: those before it no longer work. {wait}"
        "If you did not ask for these links, tell the security team."
    )


def helped_enough(changes: int, again_at: datetime, now: datetime) -> str:
    """Too many accounts of others changed lately, by one person."""
    return (
        f"You had {count(changes, 'change')} made to other people's accounts within the last hour, which is as many as "
        f"one person may have made here. Nothing was changed. You can ask again in {span(again_at - now)}; "
        "if there is a reason to go on now, ask the security team."
    )


def no_recovery_address(user: User, *, own: bool) -> str:
    """Nowhere to send a link to."""
    if not own:
        return (
            f"The directory has no recovery address for {plain(user.display_name)}, so there is nowhere to send a "
            "reset link to, and nothing was changed. They have to come to the service desk with their staff badge."
        )
    return (
        "The directory has no recovery address for you, so there is nowhere to send a reset link to, and nothing was "
        "changed. Please go to the service desk with your staff badge: they check who you are and register an address."
    )


def in_doubt(what: str) -> str:
    """It was sent to the directory, and no answer came."""
    return (
        f"The directory has not confirmed yet that I could {what}. I look into its log, and say here what came of it; "
        "nothing is done a second time."
    )


def not_in_state(what: str, user: User, now: datetime, *, own: bool) -> str:
    """An account that is in no state for what was asked."""
    step = next_step(user, own=own) or ""
    return (
        f"I cannot {what}: {account_of(user, own=own)} is {state_of(user, now)}. Nothing was changed. {step}".rstrip()
    )


def privileged(done: str, user: User) -> str:
    """An account that no agent changes."""
    kind = {
        AccountKind.ADMINISTRATOR: "an administrator's account",
        AccountKind.SERVICE: "a service account",
    }.get(user.kind, "not marked as a personal account")
    return (
        f"This is {kind}, and such accounts are never {done} here. Nothing was changed. "
        "Please ask the security team, who do it with two people."
    )


def _when(at: datetime, now: datetime) -> str:
    return f"{moment(at)} ({relative(at, now)})"

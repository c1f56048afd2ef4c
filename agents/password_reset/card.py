"""The card of password_reset: what it says of itself, good enough to be routed to by it alone."""

from pathlib import Path
from typing import Final

from a2a.types import AgentCard

from shared import a2a

NAME: Final = "password_reset"
_MORE: Final = a2a.read_examples(Path(__file__).with_name("examples.toml"))

SKILLS: Final = (
    a2a.Skill(
        id="password_policy",
        name="Password policy",
        description="Tells the rules for passwords: length, characters, how long one lasts, what locks an account.",
        tags=a2a.tags(
            """
            password policy, password rules, requirements, length, minimum, complexity, characters, symbols, digits,
            reuse, old password, password history, validity, expiry, how often, allowed attempts, shortest password,
            valid password, strong password, forbidden characters, capital letters, numbers in a password,
            similar to the old one, how many tries
            """
        ),
        examples=(
            "What are the password rules?",
            "How long does a password have to be?",
            "Does my password need a symbol?",
            "How often do I have to change my password?",
            "May I use an old password again?",
            "After how many wrong passwords am I locked out?",
            *_MORE["password_policy"],
        ),
        scopes=("password:read",),
    ),
    a2a.Skill(
        id="account_state",
        name="Account state",
        description=(
            "Tells whether your account is locked or your password expired, since when, and when it expires next, so "
            "that you know why you cannot sign in. Help-desk staff ask the same about others."
        ),
        tags=a2a.tags(
            """
            locked, locked out, shut out, lockout, blocked, expired, disabled, deactivated, suspended, cannot sign in,
            cannot log in, login fails, login not working, password not accepted, wrong password, password rejected,
            password expiry, no access to my account, frozen account, incorrect password, password refused,
            password outdated, password age, last password change, days until expiry, cannot get in, login loop,
            login trouble
            """
        ),
        examples=(
            "Am I locked out?",
            "Is my account locked?",
            "Why can't I sign in?",
            "Has my password expired?",
            "When does my password expire?",
            "When did I last change my password?",
            "Is my account locked or disabled?",
            "Why is my account blocked?",
            "My login is not accepted",
            "How long is my password still valid?",
            "Is something wrong with my password?",
            "Is Kim Larsen locked out?",
            *_MORE["account_state"],
        ),
        scopes=("password:read",),
    ),
    a2a.Skill(
        id="link_state",
        name="State of a reset link",
        description="Tells what became of a reset link that was sent: when, by whom, whether it was used or expired.",
        tags=("reset link sent", "reset link used", "reset link expired", "state of the reset", "last reset"),
        examples=(
            "Did you send me a reset link?",
            "Does my reset link still work?",
            "Has the reset link been used yet?",
            "When was the last reset link sent, and by whom?",
            "What became of my password reset?",
            "Is my reset link expired?",
            *_MORE["link_state"],
        ),
        scopes=("password:read",),
    ),
    a2a.Skill(
        id="unlock_account",
        name="Unlock account",
        description=(
            "Unlocks your own account after too many wrong passwords; the password stays the same. Help-desk staff "
            "have others unlocked whom they serve."
        ),
        tags=a2a.tags(
            """
            unlock, unblock, reactivate, reopen, release, enable, unlock account, locked account, blocked account,
            too many attempts, failed attempts, let me in, back in, remove the lock, give access again, access again,
            free my account, lift the lock, get back in
            """
        ),
        examples=(
            "Unlock my account",
            "I am locked out, please let me back in",
            "Please unlock me",
            "My account is locked, can you unlock it?",
            "I typed my password wrong too often and need my account unlocked",
            "Remove the lock on my account",
            "Lift the block on my user",
            "Let me in again",
            "Unlock the account of Kim Larsen",
            *_MORE["unlock_account"],
        ),
        scopes=("account:unlock",),
    ),
    a2a.Skill(
        id="reset_password",
        name="Reset password",
        description=(
            "Resets your own password: a link to choose a new one goes to your registered recovery address. Help-desk "
            "staff have a link sent to others whom they serve."
        ),
        tags=a2a.tags(
            """
            reset password, reset, pw, passcode, passphrase, credentials, forgotten password, forgot, lost password,
            change password, new password, choose a password, recovery, recovery link, reset link, send link,
            another password, different password, link did not arrive, send again, password known to others,
            password leaked
            """
        ),
        examples=(
            "Reset my password",
            "I forgot my password",
            "Send me a password reset link",
            "I need a new password",
            "I want to change my password",
            "I cannot remember my password any more",
            "Set a new password for me",
            "I have no idea what my password is",
            "Somebody else knows my password, I want another one",
            "The reset link did not arrive",
            "Reset the password of Kim Larsen",
            *_MORE["reset_password"],
        ),
        scopes=("password:reset",),
    ),
    a2a.Skill(
        id="expire_password",
        name="Expire a password",
        description=(
            "For help-desk staff: makes the password of somebody whom they serve expire, so that a new one is "
            "chosen at the next sign-in."
        ),
        tags=("expire password", "force password change", "change at next sign-in", "must choose a new password"),
        examples=(
            "Expire the password of Kim Larsen",
            "Force a password change for Kim Larsen at the next sign-in",
            "Make Kim Larsen's password expire",
            "Kim Larsen must choose a new password at the next sign-in",
            "Expire kim.larsen's password now",
            "Have the password of kim.larsen expire",
            *_MORE["expire_password"],
        ),
        scopes=("password:expire", "people:manage", "people:read"),
    ),
    a2a.Skill(
        id="reset_factors",
        name="Reset factors",
        description=(
            "For help-desk staff: removes factors of somebody whom they serve, one kind or all, so that they enrol "
            "anew."
        ),
        tags=("reset factors", "remove factors", "reset MFA of somebody", "factors of somebody"),
        examples=(
            "Reset the factors of Kim Larsen",
            "Remove all MFA factors of kim.larsen",
            "Reset the MFA factors of Kim Larsen",
            "Remove the security key of Kim Larsen",
            "Remove every factor of Kim Larsen",
            "Remove the push factor of Kim Larsen",
            *_MORE["reset_factors"],
        ),
        scopes=("factors:reset", "people:manage", "people:read"),
    ),
)


def create_card(*, url: str, issuer: str) -> AgentCard:
    """Makes the card.

    Args:
        url: Where callers reach the agent.
        issuer: The authorization server, with its trailing slash.
    """
    return a2a.create_card(
        name=NAME,
        description=(
            "Helps the signed-in person with their own password and locked account: rules and expiry, the account's "
            "state, unlocking, and a reset link to their recovery address. Help-desk staff have the same done for "
            "others, and have passwords expire and factors removed."
        ),
        url=url,
        skills=SKILLS,
        security=a2a.HopSecurity(issuer=issuer),
        own_words=True,
    )

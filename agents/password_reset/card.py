"""The card of password_reset: what it says of itself, good enough to be routed to by it alone."""

from typing import Final

from a2a.types import AgentCard

from shared import a2a

NAME: Final = "password_reset"

SKILLS: Final = (
    a2a.Skill(
        id="password_policy",
        name="Password policy",
        description="Tells the rules for passwords: length, characters, how long one lasts, what locks an account.",
        tags=("password policy", "password rules", "requirements", "length", "complexity", "characters", "expiry"),
        examples=(
            "What are the password rules?",
            "How long does a password have to be?",
            "Does my password need a symbol?",
            "How often do I have to change my password?",
            "May I use an old password again?",
            "After how many wrong passwords am I locked out?",
        ),
        scopes=("password:read",),
    ),
    a2a.Skill(
        id="account_state",
        name="Account state",
        description=(
            "Tells whether your account is locked or your password expired, since when, and when it expires next, so "
            "that you know why you cannot sign in."
        ),
        tags=("locked", "locked out", "expired", "disabled", "suspended", "cannot sign in", "password expiry"),
        examples=(
            "Am I locked out?",
            "Why can't I sign in?",
            "Has my password expired?",
            "When does my password expire?",
            "When did I last change my password?",
            "Is my account locked or disabled?",
        ),
        scopes=("password:read",),
    ),
    a2a.Skill(
        id="unlock_account",
        name="Unlock account",
        description="Unlocks your own account after too many wrong passwords; the password stays the same.",
        tags=("unlock", "unlock account", "locked account", "too many attempts", "let me back in"),
        examples=(
            "Unlock my account",
            "I am locked out, please let me back in",
            "Please unlock me",
            "My account is locked, can you unlock it?",
            "I typed my password wrong too often and need my account unlocked",
            "Remove the lock on my account",
        ),
        scopes=("account:unlock",),
    ),
    a2a.Skill(
        id="reset_password",
        name="Reset password",
        description="Resets your own password: a link to choose a new one goes to your registered recovery address.",
        tags=("reset password", "forgotten password", "change password", "new password", "recovery link", "reset link"),
        examples=(
            "Reset my password",
            "I forgot my password",
            "Send me a password reset link",
            "I need a new password",
            "I want to change my password",
            "I cannot remember my password any more",
        ),
        scopes=("password:reset",),
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
            "state, unlocking, and a reset link to their recovery address."
        ),
        url=url,
        skills=SKILLS,
        security=a2a.HopSecurity(issuer=issuer),
    )

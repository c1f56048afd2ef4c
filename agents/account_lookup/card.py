"""The card of account_lookup: what it says of itself, good enough to be routed to by it alone."""

from typing import Final

from a2a.types import AgentCard

from shared import a2a

NAME: Final = "account_lookup"
_SCOPES: Final = ("account:read",)

SKILLS: Final = (
    a2a.Skill(
        id="show_account",
        name="Account status and profile",
        description=(
            "Shows the status of your account (active, locked, suspended, expired), your name, department, manager, "
            "job title and contact details, and when you last signed in."
        ),
        tags=(
            "account",
            "status",
            "profile",
            "overview",
            "department",
            "team",
            "manager",
            "job title",
            "username",
            "login name",
            "employee number",
            "contact details",
            "recovery address on file",
            "my details",
            "stored about me",
        ),
        examples=(
            "What is the status of my account?",
            "Show my profile",
            "Who is listed as my manager?",
            "Which phone number do you have for me?",
            "Is my account still active?",
            "Which department am I in?",
            "What do you know about me?",
            "What is my login name?",
            "Which address is on file for me?",
        ),
        scopes=_SCOPES,
    ),
    a2a.Skill(
        id="list_groups",
        name="Groups",
        description="Lists the groups and distribution lists that you are a member of.",
        tags=("groups", "membership", "member of", "access rights", "distribution list"),
        examples=(
            "Which groups am I in?",
            "Am I a member of the finance group?",
            "List my group memberships",
            "Which access groups do I belong to?",
            "Do I have the VPN group?",
            "What groups does my account have?",
        ),
        scopes=_SCOPES,
    ),
    a2a.Skill(
        id="list_devices",
        name="Devices and factors",
        description="Lists the devices that are registered to you, and the authenticators and factors you enrolled.",
        tags=(
            "my devices",
            "assigned to me",
            "registered devices",
            "registered",
            "enrolled",
            "laptop",
            "phone",
            "tablet",
            "authenticator",
            "MFA factors",
            "MFA methods",
        ),
        examples=(
            "Which devices are registered to me?",
            "Is my new phone enrolled yet?",
            "Show my devices",
            "Which MFA factors do I have?",
            "What authenticators are set up on my account?",
            "Is my laptop listed?",
        ),
        scopes=_SCOPES,
    ),
    a2a.Skill(
        id="list_sign_ins",
        name="Recent sign-ins",
        description="Lists your recent sign-ins, for up to 90 days: time, place, device and whether they worked.",
        tags=(
            "sign-ins",
            "recent sign-ins",
            "logins",
            "failed logins",
            "login history",
            "activity",
            "failed attempts",
            "location",
            "suspicious sign-in",
        ),
        examples=(
            "Show my sign-ins of the last 7 days",
            "Did anyone log in as me last night?",
            "Where was my last sign-in from?",
            "Show my failed sign-ins of the last month",
            "When did I last log in?",
            "Is somebody else using my account?",
        ),
        scopes=_SCOPES,
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
            "Reads the signed-in person's own account in the company directory: profile and status, groups, devices, "
            "recent sign-ins. It changes nothing and reads nobody else's."
        ),
        url=url,
        skills=SKILLS,
        security=a2a.HopSecurity(issuer=issuer),
    )

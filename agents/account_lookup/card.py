"""The card of account_lookup: what it says of itself, good enough to be routed to by it alone."""

from pathlib import Path
from typing import Final

from a2a.types import AgentCard

from shared import a2a

NAME: Final = "account_lookup"
_SCOPES: Final = ("account:read",)
_PEOPLE_SCOPES: Final = ("people:read",)
_MORE: Final = a2a.read_examples(Path(__file__).with_name("examples.toml"))

SKILLS: Final = (
    a2a.Skill(
        id="show_account",
        name="Account status and profile",
        description=(
            "Shows the status of your account (active, locked, suspended, expired), your name, department, manager, "
            "job title and contact details, and when you last signed in."
        ),
        tags=a2a.tags(
            """
            account, status, account status, active, enabled, profile, overview, details, personal details, my details,
            stored about me, on file, on record, who am I, name, department, team, cost centre, office location,
            manager, line manager, boss, report to, job title, position, username, login name, user ID,
            employee number, staff number, contact details, phone number, e-mail address, recovery address, start date,
            address book entry, directory entry, listed as, surname, first name, full name, office, floor, building,
            site, country, contract end, supervisor, my record, personal record, data about me, registered as, location
            """
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
            "Is my address up to date in the directory?",
            "What does my profile say about my position?",
            "Since when do I have this account?",
            "Show the account of Kim Larsen",
            *_MORE["show_account"],
        ),
        scopes=_SCOPES,
    ),
    a2a.Skill(
        id="find_person",
        name="Find people",
        description=(
            "Finds people in the company directory by name or its beginning, login, mail address or employee number, "
            "as far as you may see them; what is asked of an account can be asked about them, too."
        ),
        tags=("find person", "search people", "look up colleague", "employee directory"),
        examples=(
            "Find the person named Larsen",
            "Who is Kim Larsen?",
            "Look up a colleague called Kim",
            "Search the directory for somebody",
            "Look somebody up in the directory",
            "Find the employee with number E9001",
            *_MORE["find_person"],
        ),
        scopes=_PEOPLE_SCOPES,
    ),
    a2a.Skill(
        id="list_groups",
        name="Groups",
        description="Lists the groups and distribution lists that you are a member of.",
        tags=a2a.tags(
            """
            groups, group, membership, member of, belong to, roles, access rights, permissions, access group,
            distribution lists I am on, mailing lists I get, added to, removed from, my rights, rights I have,
            my roles, allowed into, team memberships, access to, who is in my groups
            """
        ),
        examples=(
            "Which groups am I in?",
            "Am I a member of the finance group?",
            "List my group memberships",
            "Which access groups do I belong to?",
            "Do I have the VPN group?",
            "What groups does my account have?",
            "Did I get the access group that I asked for?",
            "Which mailing lists am I on?",
            "Has my group membership gone through?",
            *_MORE["list_groups"],
        ),
        scopes=_SCOPES,
    ),
    a2a.Skill(
        id="list_applications",
        name="Applications",
        description="Lists the applications that are assigned to you, or to somebody whose groups you may see.",
        tags=("assigned applications", "assigned apps", "my apps", "my applications"),
        examples=(
            "Which applications do I have?",
            "What apps are assigned to me?",
            "List my applications",
            "Is the payroll application assigned to my account?",
            "Which applications does Kim Larsen have?",
            "Which applications come with my groups?",
            *_MORE["list_applications"],
        ),
        scopes=_SCOPES,
    ),
    a2a.Skill(
        id="list_devices",
        name="Devices and factors",
        description="Lists the devices that are registered to you, and the authenticators and factors you enrolled.",
        tags=a2a.tags(
            """
            my devices, my hardware, in my name, assigned to me, registered to me, registered, enrolled,
            linked to my account, laptop, computer, phone, tablet, serial number, authenticator, security key,
            hardware token, MFA factors, MFA methods, second factors, devices on file, my laptop, my phone, my tablet,
            my computer, push notification device, fingerprint, what I have enrolled
            """
        ),
        examples=(
            "Which devices are registered to me?",
            "Is my new phone enrolled yet?",
            "Show my devices",
            "Which MFA factors do I have?",
            "What authenticators are set up on my account?",
            "Is my laptop listed?",
            "Does the directory know my new computer?",
            "Which hardware do I have from the company?",
            "Is a second factor set up for me?",
            "Is this tablet still on my account?",
            *_MORE["list_devices"],
        ),
        scopes=_SCOPES,
    ),
    a2a.Skill(
        id="list_sign_ins",
        name="Recent sign-ins",
        description="Lists your recent sign-ins, for up to 90 days: time, place, device and whether they worked.",
        tags=a2a.tags(
            """
            sign-ins, recent sign-ins, logins, logged in, last login, login history, sign-in log, activity,
            failed logins, unsuccessful, successful, location, country, IP address, unusual sign-in,
            suspicious sign-in, somebody else, sign-in attempts, refused sign-ins, rejected logins, attempted logins,
            time of sign-in, last active, last used, used by somebody else, log of my account, from which city
            """
        ),
        examples=(
            "Show my sign-ins of the last 7 days",
            "Did anyone log in as me last night?",
            "Where was my last sign-in from?",
            "Show my failed sign-ins of the last month",
            "When did I last log in?",
            "Is somebody else using my account?",
            "Was it me who logged in from abroad?",
            "List the places that I signed in from",
            "At what time did I sign in on Monday?",
            "What was done with my account yesterday?",
            *_MORE["list_sign_ins"],
        ),
        scopes=_SCOPES,
    ),
    a2a.Skill(
        id="why_locked",
        name="Cause of a lock",
        description=(
            "Tells the cause of a lock or a suspension: which attempts to sign in failed, when, from where and with "
            "what, what the policy says, or who did it."
        ),
        tags=("cause of the lock", "what caused the lock", "why suspended", "who suspended"),
        examples=(
            "What caused my lock?",
            "Which device keeps locking my account?",
            "Who suspended the account, and when?",
            "What caused the lock on the account?",
            "Why was Kim Larsen suspended?",
            "What was the cause of the lock on kim.larsen?",
            *_MORE["why_locked"],
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
            "Reads accounts in the company directory: profile and status, groups, applications, devices, recent "
            "sign-ins, the cause of a lock. The signed-in person's own, and those of others as far as they may see "
            "them. It changes nothing."
        ),
        url=url,
        skills=SKILLS,
        security=a2a.HopSecurity(issuer=issuer),
    )

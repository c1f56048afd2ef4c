"""The card of docs_search: what it says of itself, good enough to be routed to by it alone."""

from typing import Final

from a2a.types import AgentCard

from shared import a2a

NAME: Final = "docs_search"
_SCOPES: Final = ("docs:read",)

SKILLS: Final = (
    a2a.Skill(
        id="network",
        name="Networks and remote work",
        description=(
            "Guides for VPN, office and guest Wi-Fi, remote desktop and SSH keys, and for working while you travel."
        ),
        tags=(
            "guide",
            "how-to",
            "instructions",
            "knowledge base",
            "VPN",
            "Wi-Fi",
            "wireless",
            "guest network",
            "internet",
            "intranet",
            "remote desktop",
            "working from home",
            "remote work",
            "SSH key",
            "travelling with a laptop",
            "abroad",
            "roaming",
            "mobile data",
        ),
        examples=(
            "Where is the VPN guide?",
            "How do I connect to the VPN?",
            "The Wi-Fi in the office keeps dropping",
            "How do guests use the Wi-Fi?",
            "How do I use remote desktop from home?",
            "May I work from another country?",
            "Is roaming included on my work phone?",
            "How do I add an SSH key?",
        ),
        scopes=_SCOPES,
    ),
    a2a.Skill(
        id="communication",
        name="Mail, calendars and meetings",
        description=(
            "Guides for e-mail, mailboxes, calendars, signatures, out-of-office replies, distribution lists, "
            "telephony and video meetings."
        ),
        tags=(
            "e-mail",
            "mail",
            "mailbox",
            "inbox",
            "shared mailbox",
            "calendar",
            "appointment",
            "e-mail signature",
            "out of office",
            "distribution list",
            "voicemail",
            "phone forwarding",
            "video meeting",
            "camera",
            "microphone",
            "headset",
            "meeting room",
            "screen sharing",
        ),
        examples=(
            "How do I set up e-mail on my phone?",
            "My inbox is full",
            "How do I share my calendar?",
            "Set up an out-of-office reply",
            "My headset has no sound in meetings",
            "The camera does not work in video calls",
            "How do I show my screen in the meeting room?",
            "How do I forward my phone?",
        ),
        scopes=_SCOPES,
    ),
    a2a.Skill(
        id="devices",
        name="Computers, phones and printers",
        description=(
            "Guides for laptops, monitors, docking stations, keyboards, mice, printers, scanners, replacements, "
            "loans and lost devices."
        ),
        tags=(
            "printer",
            "print",
            "scanner",
            "scan",
            "paper jam",
            "monitor",
            "docking station",
            "keyboard",
            "mouse",
            "bluetooth",
            "laptop is slow",
            "freezes",
            "battery",
            "new laptop",
            "replacement",
            "loan device",
            "lost or stolen",
            "badge",
            "return old device",
            "recycling",
        ),
        examples=(
            "How do I add a printer on my Mac?",
            "The printer does nothing",
            "My laptop is very slow and freezes",
            "The second monitor stays black",
            "When is my laptop replaced?",
            "Can I borrow a laptop?",
            "I lost my work phone, what should I do?",
            "Where do I return old equipment?",
        ),
        scopes=_SCOPES,
    ),
    a2a.Skill(
        id="software",
        name="Software and files",
        description=(
            "Guides for requesting and installing software and licences, updates, browsers, shared drives, file "
            "sync, backups and restoring files."
        ),
        tags=(
            "software",
            "install",
            "installation",
            "licence",
            "program",
            "update",
            "browser",
            "bookmarks",
            "admin rights",
            "Git",
            "repository",
            "shared drive",
            "team folder",
            "file sync",
            "backup",
            "restore",
            "deleted file",
            "previous version",
        ),
        examples=(
            "How do I install a program?",
            "I need a licence for a program",
            "Who do I ask for new software?",
            "Which browser may I use?",
            "Can I have admin rights for an hour?",
            "How do I open a shared drive?",
            "I deleted a file by mistake, can it be restored?",
            "Where should I save my documents?",
        ),
        scopes=_SCOPES,
    ),
    a2a.Skill(
        id="security",
        name="Security and rules",
        description=(
            "Guides and rules for multi-factor set-up, phishing, malware, encryption, data classification, USB "
            "sticks, AI tools, password managers and incidents."
        ),
        tags=(
            "multi-factor set-up",
            "two-factor",
            "MFA",
            "authenticator app",
            "new phone set-up",
            "security key",
            "phishing",
            "suspicious mail",
            "spam",
            "malware",
            "virus",
            "infected",
            "scam",
            "encryption",
            "encrypt",
            "USB stick",
            "data classification",
            "confidential",
            "AI tools",
            "chatbot",
            "password manager",
            "device certificate",
            "security incident",
            "policy",
            "rules",
        ),
        examples=(
            "How do I set up multi-factor sign-in on a new phone?",
            "How do I report a phishing mail?",
            "I clicked on a strange link, what now?",
            "I think my computer has a virus",
            "What are the rules for USB sticks?",
            "May I put company data into an AI chatbot?",
            "How do I encrypt a document?",
            "Which data is confidential?",
            "Where can I store passwords safely?",
        ),
        scopes=_SCOPES,
    ),
    a2a.Skill(
        id="working_here",
        name="Joining, leaving and the service desk",
        description=(
            "Guides for new starters, leavers, contractors, name changes, expenses, accessibility, training, and "
            "the hours and priorities of the service desk."
        ),
        tags=(
            "onboarding",
            "new starter",
            "first day",
            "leaver",
            "offboarding",
            "contractor",
            "name change",
            "expenses",
            "accessibility",
            "screen reader",
            "help desk hours",
            "priority",
            "severity",
            "business trip",
        ),
        examples=(
            "What happens on my first day?",
            "What happens to my accounts when I leave?",
            "How do I request access for a contractor?",
            "How do I change my name in the systems?",
            "Are a keyboard and a monitor for home paid?",
            "Which hours does the IT help desk have?",
            "Whom do I call when the help desk is closed?",
            "What is a severity 1 incident?",
        ),
        scopes=_SCOPES,
    ),
    a2a.Skill(
        id="recent_changes",
        name="What is new",
        description=("Lists the articles of the knowledge base that were written or updated last."),
        tags=(
            "news",
            "new articles",
            "recently updated",
            "changes",
        ),
        examples=(
            "What is new in the knowledge base?",
            "Which guides were updated recently?",
            "Show the latest articles",
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
            "Searches the company's knowledge base of IT guides and rules, and answers with quotes and links. It knows "
            "nothing of anybody's account."
        ),
        url=url,
        skills=SKILLS,
        security=a2a.HopSecurity(issuer=issuer),
    )

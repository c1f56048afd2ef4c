"""The card of docs_search: what it says of itself, good enough to be routed to by it alone."""

from typing import Final

from a2a.types import AgentCard

from shared import a2a

NAME: Final = "docs_search"
_SCOPES: Final = ("docs:read",)

SKILLS: Final = (
    a2a.Skill(
        id="search_docs",
        name="Guides and rules",
        description=(
            "Answers how-to and policy questions from the company's knowledge base of IT guides: set-up steps, "
            "troubleshooting, rules; for VPN, Wi-Fi, printers, e-mail, phones, files, software, meetings, security, "
            "travel, joining and leaving. Quotes the guide and links to it."
        ),
        tags=(
            "documentation",
            "guide",
            "how-to",
            "instructions",
            "troubleshooting",
            "policy",
            "knowledge base",
            "article",
            "manual",
        ),
        examples=(
            "Where is the VPN guide?",
            "How do I add a printer on my Mac?",
            "The Wi-Fi in the office keeps dropping",
            "What are the rules for USB sticks?",
            "How do I set up multi-factor sign-in on a new phone?",
            "My headset has no sound in meetings",
            "How do I report a phishing mail?",
            "Who do I ask for new software?",
        ),
        scopes=_SCOPES,
    ),
    a2a.Skill(
        id="recent_changes",
        name="What is new",
        description="Lists the articles of the knowledge base that were written or updated last.",
        tags=("news", "new articles", "recently updated", "changes"),
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

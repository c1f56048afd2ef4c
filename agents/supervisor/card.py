"""What the supervisor says of itself."""

from a2a.types import AgentCard

from shared import a2a

NAME = "supervisor"
ASK_SCOPE = "helpdesk:ask"

SKILLS = (
    a2a.Skill(
        id="ask",
        name="Ask the IT help desk",
        description=(
            "Hands each part of a message to the agent that covers it, several at once where a message asks for "
            "several things, and relays what they answer."
        ),
        tags=("help desk", "IT support", "routing"),
        examples=(
            "I am locked out, and where is the VPN guide?",
            "Which groups am I in?",
            "How do I set up e-mail on my phone?",
        ),
        scopes=(ASK_SCOPE,),
    ),
)


def create_card(*, url: str, issuer: str, push_notifications: bool = True) -> AgentCard:
    """Makes the supervisor's card.

    Args:
        url: Where people and their clients reach it.
        issuer: The authorization server at which they sign in.
        push_notifications: Whether it tells URLs that they name how a task went.
    """
    return a2a.create_card(
        name=NAME,
        description="The IT help desk: ask in plain words, and the agents that can help are asked for you.",
        url=url,
        skills=SKILLS,
        security=a2a.SignInSecurity(issuer=issuer, scopes=(ASK_SCOPE,)),
        push_notifications=push_notifications,
    )

"""What is said in the demonstration, and what has to come of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Turn:
    """Something that a person says.

    Attributes:
        text: The words.
        agents: The agents that have to be asked, and no others.
        mentions: What the answer has to say, each as a regular expression, whatever the case.
        must_not: What it must not say, likewise.
        without: A part that is stopped before, and started again after.
        disconnects: The person disconnects their accounts before, so that the task has to wait.
        asks: Whose approval it needs, and their answer: `approve` or `deny`.
        note: What to see here, for who reads along.
    """

    text: str
    agents: frozenset[str]
    mentions: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    without: str | None = None
    disconnects: bool = False
    asks: tuple[str, str] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """One person's conversation, in one A2A context."""

    login: str
    who: str
    turns: Sequence[Turn] = field(default_factory=tuple)


def _agents(*names: str) -> frozenset[str]:
    return frozenset(names)


HELPED = "ravi.chandar"
"""For whom the operator does something."""

UNWILLING = "yuki.arano"
"""Who denies it."""

EMPLOYEE = Scene(
    "amelia.hart",
    "employee in Sales, locked out of her account",
    (
        Turn(
            "Is my account locked, and where is the VPN guide?",
            _agents("password_reset", "docs_search"),
            (r"locked", r"vpn"),
            note="two intents for two agents; one waits until she has connected her account in the directory",
        ),
        Turn(
            "and unlock it too, please",
            _agents("password_reset"),
            (r"unlocked",),
            note="a follow-up: what it refers to was said before",
        ),
        Turn(
            "Which devices do I have, and which groups am I in?",
            _agents("account_lookup"),
            (r"ThinkPad", r"CRM users"),
            note="another agent, and another connection: this one only reads",
        ),
        Turn(
            "I forgot my password as well. Can you reset it?",
            _agents("password_reset"),
            (r"on its way",),
            (r"https?://\S*reset_password",),
            asks=("amelia.hart", "approve"),
            note="she has to approve it on her phone; then the link goes to her recovery address, never into the chat",
        ),
        Turn(
            "What will the weather be like in Lisbon tomorrow?",
            _agents(),
            note="nothing that an IT help desk could do",
        ),
        Turn(
            "Which groups am I in?",
            _agents("account_lookup"),
            (r"not connected",),
            (r"CRM users",),
            disconnects=True,
            note="she has disconnected her accounts: no agent can do anything in her name any more",
        ),
    ),
)

OPERATOR = Scene(
    "oscar.lind",
    "help-desk operator",
    (
        Turn(
            "What is our password policy, and show me my recent sign-ins.",
            _agents("password_reset", "account_lookup"),
            (r"characters|length",),
        ),
        Turn(
            "Why is the account of Ravi Chandar locked?",
            _agents("account_lookup"),
            (r"account of Ravi Chandar is locked", r"6 attempts"),
            note="somebody whom the help desk serves; relationships say whose account is whose to see",
        ),
        Turn(
            "Unlock ravi.chandar, please.",
            _agents("password_reset"),
            (r"account of Ravi Chandar is unlocked",),
            note="the directory is called as Oscar Lind, and its log says so",
        ),
        Turn(
            "Reset the password of Yuki Arano.",
            _agents("password_reset"),
            (r"denied",),
            asks=(UNWILLING, "deny"),
            note="whose account it is has to approve it, whoever asks; she did not expect this, and denies it",
        ),
        Turn(
            "Unlock adm.piotr as well.",
            _agents("password_reset"),
            (r"security team", r"nothing was changed"),
            (r"Zagorny",),
            note="an administrator: never changed here, and no word about whether there is such an account",
        ),
        Turn(
            "How do I report a phishing mail?",
            _agents("docs_search"),
            (r"phish",),
            note="from the knowledge base, with the article it is from",
        ),
        Turn(
            "Which groups am I in, and how do I set up the VPN?",
            _agents("account_lookup", "docs_search"),
            (r"groups?", r"docs_search[^.]*away|away[^.]*docs_search"),
            without="docs_search",
            note="docs_search has been stopped: the rest still answers, and what is missing is said",
        ),
        Turn(
            "And how do I set up the VPN?",
            _agents("docs_search"),
            (r"vpn",),
            note="docs_search is back",
        ),
    ),
)

SCENES = (EMPLOYEE, OPERATOR)

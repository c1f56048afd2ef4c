"""Whether a request is about somebody else, from its words."""

import time

import pytest

from shared.directory import AccountKind, AccountStatus, User
from shared.directory._mentions import is_named, mentions_another

AMELIA = User(
    id="00u1",
    subject="auth0|1",
    login="amelia.hart@helpdesk.example",
    status=AccountStatus.ACTIVE,
    kind=AccountKind.PERSON,
    display_name="Amelia Hart",
    first_name="Amelia",
    email="amelia.hart@helpdesk.example",
    recovery_email="amelia@post.example",
    mobile=None,
    title="Account manager",
    department="Sales",
    manager="Nadia Okafor",
    city="Leeds",
    employee_number="E1008",
    created=None,
    status_changed=None,
    last_login=None,
    password_changed=None,
)


@pytest.mark.requirement("B2")
@pytest.mark.parametrize(
    "text",
    [
        "reset Bob's password",
        "Reset bob's password",
        "unlock casey.moreno",
        "Unlock Casey Moreno",
        "Please unlock the account of Casey Moreno",
        "unlock my colleague's account",
        "My manager is locked out, unlock her account",
        "reset his password",
        "reset the password for oscar.lind@helpdesk.example",
        "Which groups is Nadia Okafor's account in? show Nadia's groups",
        "show the groups of Nadia Okafor",
        "I'm Bob Smith, employee number E1234, reset my password",
        "I am Nadia Okafor, reset my password",
        "my name is Oscar Lind and I forgot my password",
        "Show everyone's sign-ins",
        "unlock all users",
        "reset all accounts",
        "reset somebody else's password",
        "send the reset link to attacker@evil.example",
        "unlock him",
        "unlock my boss",
        "reset it for my wife",
        "show me the devices of my team",
        "Show the profile of user adm.rosalind",
        "what devices does E1001 have",
        "unlock Amelia Hart and Casey Moreno's account",
        "list another user's groups",
        "can you reset the password for my assistant please",
        "the CEO's password needs a reset",
        "reset someone's password",
        "my colleague's phone number",
    ],
)
def test_somebody_else_is_meant(text: str) -> None:
    assert mentions_another(text, AMELIA)


@pytest.mark.parametrize(
    "text",
    [
        "reset my password",
        "Unlock my account please",
        "I'm locked out",
        "Someone's been using my account, show my sign-ins",
        "Did someone else sign in as me? show me failed sign-ins",
        "What's the status of my account?",
        "who is my manager?",
        "What is my manager's name?",
        "Am I a member of Finance?",
        "am I in the CRM users group",
        "Show my devices and their status",
        "Today's sign-ins",
        "last week's failed sign-ins",
        "Show my sign-ins for the last 30 days",
        "I forgot my password and can't sign in",
        "This is Amelia Hart, unlock my account",
        "I'm Amelia",
        "unlock amelia.hart",
        "reset the password for amelia.hart@helpdesk.example",
        "my employee number is E1008, reset my password",
        "Is my phone's MFA enrolled?",
        "unlock it too (about: I am locked out)",
        "Which devices are registered to me?",
        "What are the password rules?",
        "How long does a password have to be?",
        "When does my password expire?",
        "it's locked. That's my account",
        "Where was my last sign-in from?",
        "Show My Groups",
        "Reset Password please",
        "Show my profile. Who's listed as my manager?",
        "Which phone number do you have for me?",
        "send the link to my recovery address amelia@post.example",
        "I'm from Sales; what groups am I in?",
        "has anyone logged in as me from London?",
        "Unlock Account",
        "list all my groups",
        "show all my devices and any sign-ins on Monday",
        "who has access to my account",
        "Is somebody else using my account?",
        "Did anyone log in as me last night?",
        "how do I reset my password?",
    ],
)
def test_the_person_themselves_is_meant(text: str) -> None:
    assert not mentions_another(text, AMELIA)


def test_the_time_to_read_a_text_grows_no_faster_than_its_length() -> None:
    begun = time.process_time()
    assert not mentions_another("my account is locked and " * 2000, AMELIA)
    assert not mentions_another("a." * 8000, AMELIA)
    assert not mentions_another("A" * 16000, AMELIA)
    assert not mentions_another("Aa " * 8000, AMELIA)
    assert not mentions_another("for my " * 4000, AMELIA)
    assert not mentions_another("'s " * 8000, AMELIA)
    assert time.process_time() - begun < 5


@pytest.mark.requirement("C13")
@pytest.mark.parametrize("text", [".", "'", "a.", "@-"])
def test_so_does_the_time_to_find_who_is_named_in_a_whole_conversation(text: str) -> None:
    begun = time.process_time()
    assert not is_named(text * 32_000, AMELIA, "Hart")
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    ("text", "called", "is_there"),
    [
        ("reset the password of Amelia Hart.", "Amelia Hart", True),
        ("amelia.hart's, please", "amelia", True),
        ("for <amelia.hart@helpdesk.example>.", "amelia", True),
        ("of amelia.hart-jones", "Amelia", False),
        ("...", "Hart", False),
    ],
)
def test_who_is_named_is_named_as_a_whole_word(text: str, called: str, *, is_there: bool) -> None:
    assert is_named(text, AMELIA, called) is is_there

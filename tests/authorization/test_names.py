"""Names in the relationship store: different for different things, and such as OpenFGA takes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.authorization import object_name, user_name, user_of
from shared.testing import make_principal

ISSUER = "https://tenant.example/"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@given(TEXT, TEXT, TEXT, TEXT)
def test_two_people_never_have_one_name(issuer: str, subject: str, other_issuer: str, other_subject: str) -> None:
    same = (issuer, subject) == (other_issuer, other_subject)
    assert (user_name(issuer, subject) == user_name(other_issuer, other_subject)) is same


@given(TEXT, TEXT)
def test_a_name_is_one_that_openfga_takes(issuer: str, subject: str) -> None:
    for name in (user_name(issuer, subject), object_name("account", subject or "-")):
        assert re.fullmatch(r"[a-z_]+:[^\s:#*]+", name)
        assert len(name) <= 256


@pytest.mark.requirement("B2")
@pytest.mark.parametrize(
    "subject", ["*", "user:*", "x#member", "group:1#member", "agent:password_reset", "a b", "", "../x"]
)
def test_a_subject_cannot_pass_for_somebody_or_something_else(subject: str) -> None:
    name = user_name(ISSUER, subject)
    assert name.startswith("user:https%3A%2F%2Ftenant.example%2F/")
    assert "#" not in name
    assert "*" not in name
    assert name.count(":") == 1


def test_a_principal_is_the_person_of_its_issuer_and_subject() -> None:
    assert user_of(make_principal("auth0|amelia", issuer=ISSUER)) == user_name(ISSUER, "auth0|amelia")
    assert user_of(make_principal("auth0|amelia", issuer="https://other.example/")) != user_name(ISSUER, "auth0|amelia")


def test_what_looks_like_a_digest_is_not_taken_for_one() -> None:
    long = object_name("group", "x" * 300)
    assert object_name("group", long.partition(":")[2]) != long

"""The action as a value: its hash, the binding message, and what the person is shown."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.approval import Action, Shown, binding_message
from shared.approval._action import BINDING_CHARACTERS, VALUE_CHARACTERS, authorization_details, new_code

ACTION = Action(
    operation="reset_password",
    account="00u1",
    issuer="https://tenant.example/",
    subject="auth0|amelia",
    actors=("supervisor-api",),
    task_id="task-1",
    nonce="nonce",
    parameters={"factors": "a b"},
)
SHOWN = Shown("Reset password", "amelia.hart", "Amelia Hart (amelia.hart)", ("supervisor", "password_reset"))
AUTH0 = re.compile(r"[A-Za-z0-9 +\-_.,:#]{1,64}")


def test_the_canonical_form_is_the_one_of_rfc_8785() -> None:
    assert ACTION.canonical() == (
        b'{"account":"00u1","actors":["supervisor-api"],"issuer":"https://tenant.example/","nonce":"nonce",'
        b'"operation":"reset_password","parameters":{"factors":"a b"},"subject":"auth0|amelia","task":"task-1"}'
    )
    assert ACTION.digest == "U-Af3JL5vrAQ5bECGytL13z3o39Hs0tpjLuqwRL1NQ0"


@pytest.mark.requirement("E3")
@pytest.mark.parametrize(
    "change",
    [
        {"operation": "reset_factors"},
        {"account": "00u2"},
        {"issuer": "https://another.example/"},
        {"subject": "auth0|oscar"},
        {"actors": ()},
        {"actors": ("another", "supervisor-api")},
        {"task_id": "task-2"},
        {"nonce": "another"},
        {"parameters": {"factors": "a"}},
    ],
)
def test_whatever_is_changed_changes_the_hash(change: dict[str, Any]) -> None:
    assert replace(ACTION, **change).digest != ACTION.digest


@pytest.mark.requirement("E7")
@given(st.text(max_size=120), st.text(min_size=1, max_size=120))
def test_whatever_a_directory_holds_the_binding_message_is_one_that_auth0_takes(account: str, name: str) -> None:
    code = new_code()
    message = binding_message(Shown("Reset password", account, name, (name,)), code)

    assert AUTH0.fullmatch(message)
    assert message.startswith("Reset password of ")
    assert message.endswith(f", code {code}")


@pytest.mark.requirement("E7")
def test_the_binding_message_says_what_and_for_whom() -> None:
    assert binding_message(SHOWN, "K7QF") == "Reset password of amelia.hart, code K7QF"
    long = binding_message(replace(SHOWN, account="a" * 80), "K7QF")
    assert len(long) == BINDING_CHARACTERS
    assert binding_message(replace(SHOWN, account="José\u202eé"), "K7QF") == "Reset password of Jose_e, code K7QF"


@pytest.mark.requirement("E7")
@given(st.text(max_size=400))
def test_what_is_shown_is_one_line_without_marks_that_hide_or_turn_text(text: str) -> None:
    shown = Shown("Reset password", text, text, (text,), {"Factors": text})
    (details,) = authorization_details(ACTION, shown, "K7QF")

    values = [one["value"] for one in details["properties"].values()]
    assert all(len(value) <= VALUE_CHARACTERS and (value.isprintable() or not value) for value in values)
    assert len(json.dumps(details).encode()) <= 5 * 1024 * 2
    assert len(details["properties"]) <= 10


def test_the_hash_goes_along_unseen_and_all_else_is_shown_in_order() -> None:
    (details,) = authorization_details(ACTION, replace(SHOWN, parameters={"Factors": "push"}), "K7QF")

    rows = sorted(details["properties"].values(), key=lambda one: one["display_order"])
    assert [(one["name"], one["value"]) for one in rows if one["display"]] == [
        ("Action", "Reset password"),
        ("Account", "amelia.hart"),
        ("Factors", "push"),
        ("Asked for by", "Amelia Hart (amelia.hart)"),
        ("Through", "supervisor, password_reset"),
        ("Code", "K7QF"),
    ]
    assert details["properties"]["hash"] == {
        "display": False,
        "name": "Hash",
        "display_order": 7,
        "value": ACTION.digest,
    }

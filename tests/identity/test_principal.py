"""A principal is made by the verifier alone, does not change, and says who it is by issuer and subject."""

import ast
import copy
import dataclasses
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.identity import Principal
from shared.testing import make_principal

ROOT = Path(__file__).parents[2]


def test_nobody_makes_one_by_accident() -> None:
    members = {f.name: getattr(make_principal(), f.name) for f in dataclasses.fields(Principal)}
    with pytest.raises(TypeError):
        Principal(**members)
    with pytest.raises(TypeError, match=r"TokenVerifier\.verify"):
        Principal(**members, seal=object())
    with pytest.raises((TypeError, ValueError)):
        dataclasses.replace(make_principal(), subject="auth0|oscar")  # type: ignore[call-arg] # what must not work


def test_it_does_not_change() -> None:
    principal = make_principal()
    with pytest.raises(dataclasses.FrozenInstanceError):
        principal.subject = "auth0|oscar"  # type: ignore[misc] # what must not work
    assert not hasattr(principal, "__dict__")
    assert copy.deepcopy(principal) is copy.copy(principal) is principal


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_no_bytes_turn_into_one(protocol: int) -> None:
    with pytest.raises(TypeError):
        pickle.dumps(make_principal(), protocol)


def test_the_digest_of_its_token_is_not_shown() -> None:
    assert "digest" not in repr(make_principal())


names = st.text(min_size=1, max_size=12, alphabet=st.sampled_from("ab:|/0123456789"))


@given(names, names, names, names)
def test_two_different_pairs_never_share_a_key(issuer: str, subject: str, issuer_2: str, subject_2: str) -> None:
    one, other = make_principal(subject, issuer=issuer), make_principal(subject_2, issuer=issuer_2)
    assert (one.key == other.key) is ((issuer, subject) == (issuer_2, subject_2))


def test_the_same_subject_of_two_issuers_is_two_people() -> None:
    """STYLE P9: ownership is by issuer and subject, and by nothing else that a token says."""
    one = make_principal("auth0|amelia", issuer="https://a.example/")
    assert one.key != make_principal("auth0|amelia", issuer="https://b.example/").key
    assert one.key == make_principal("auth0|amelia", issuer="https://a.example/", client_id="x", scopes={"y"}).key
    assert one.key == "18:https://a.example/auth0|amelia"


def test_only_the_verifier_and_the_helper_of_tests_make_one() -> None:
    """No other module calls `Principal(...)`, or so much as names the seal."""
    makers = set()
    for folder in ("agents", "shared", "portal", "local", "benchmarks", "dev"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_bytes())):
                called = node.func if isinstance(node, ast.Call) else None
                name = getattr(called, "id", getattr(called, "attr", None))
                sealed = (
                    isinstance(node, ast.ImportFrom)
                    and str(node.module).startswith("shared.identity")
                    and any(alias.name == "SEAL" for alias in node.names)
                )
                if name == "Principal" or sealed:
                    makers.add(path.relative_to(ROOT).as_posix())
    assert makers == {"shared/identity/_verify.py", "shared/testing/_principal.py"}

"""What looks for tokens in tests finds them, and nothing that only begins like one."""

import pytest

from shared.testing import AuthorizationServer, tokens_in


def test_a_token_is_found_wherever_it_is() -> None:
    token = AuthorizationServer().machine_token("client", audience="https://api.example/").reveal()
    for kept in (token, f"Bearer {token}", b"\x00\xff" + token.encode() + b"\x01", f'{{"a":"{token}"}}'):
        assert tokens_in(kept) == [token[:24]]


@pytest.mark.parametrize(
    "kept", ["", "eyJ", "WIeyJ9", "k=eyJhbGciOiJSUzI1NiJ9", b"\x8aeyJ\x00.", "eyJhbGciOi.", "x.y.z"]
)
def test_what_only_begins_like_one_is_none(kept: str | bytes) -> None:
    assert tokens_in(kept) == []

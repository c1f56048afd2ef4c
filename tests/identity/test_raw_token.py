"""A token does not print itself, whatever is done with it."""

import copy
import dataclasses
import hashlib
import hmac
import json
import logging
import pickle
import traceback

import pytest

from shared.errors import InvalidToken
from shared.identity import AccessToken, RawToken
from shared.telemetry import redact

SECRET = "header.canary-of-the-payload.signature"
TOKEN = RawToken(SECRET)


@dataclasses.dataclass
class Holder:
    token: RawToken


@pytest.mark.requirement("F3")
@pytest.mark.parametrize(
    "shown",
    [
        lambda: repr(TOKEN),
        lambda: str(TOKEN),
        lambda: f"{TOKEN}{TOKEN!r}{TOKEN!s}{TOKEN!a}{TOKEN:>90}",
        lambda: "%s %r" % (TOKEN, TOKEN),  # noqa: UP031 -- the form that logging uses
        lambda: "{} {!r}".format(TOKEN, TOKEN),  # noqa: UP032 -- a way to print of its own
        lambda: repr(Holder(TOKEN)),
        lambda: repr(dataclasses.asdict(Holder(TOKEN))),
        lambda: repr(AccessToken(TOKEN, 0.0, frozenset())),
        lambda: repr({TOKEN: [TOKEN]}),
        lambda: repr(InvalidToken(detail=f"{TOKEN}")),
        lambda: repr(ValueError(TOKEN)),
        lambda: repr(redact({"event": TOKEN})),
        lambda: json.dumps({"t": TOKEN}, default=str),
        lambda: repr(copy.deepcopy(Holder(TOKEN))),
    ],
)
def test_no_way_of_printing_shows_it(shown: object) -> None:
    assert callable(shown)
    assert "canary" not in shown()
    assert "redacted" in shown()


def test_logging_and_tracebacks_do_not_show_it(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ValueError, match="redacted") as caught:
        raise ValueError(TOKEN)
    logging.getLogger("x").error("failed for %s", TOKEN, exc_info=caught.value)
    assert "canary" not in "".join(traceback.format_exception(caught.value))
    assert "canary" not in caplog.text


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_is_not_pickled(protocol: int) -> None:
    with pytest.raises(TypeError):
        pickle.dumps(TOKEN, protocol)
    with pytest.raises(TypeError):
        pickle.dumps(Holder(TOKEN), protocol)


def test_it_is_no_json_and_no_string() -> None:
    with pytest.raises(TypeError):
        json.dumps(TOKEN)
    assert not issubclass(RawToken, str)
    assert not hasattr(TOKEN, "__dict__")


def test_it_is_equal_to_the_same_token_only() -> None:
    assert RawToken("a") == RawToken("a")
    assert hash(RawToken("a")) == hash(RawToken("a"))
    assert RawToken("a") != RawToken("b")
    assert RawToken("a") != "a"
    assert TOKEN.reveal() == SECRET


def test_a_fingerprint_names_it_by_a_key() -> None:
    key = b"k" * 32
    assert RawToken("a").fingerprint() == RawToken("a").fingerprint() != RawToken("b").fingerprint()
    expected = hmac.new(key, hashlib.sha256(b"a").digest(), "sha256").hexdigest()[:32]
    assert RawToken("a").fingerprint(key) == expected
    assert RawToken("a").fingerprint(key) != RawToken("a").fingerprint()
    assert len(RawToken("a").fingerprint()) == 32
    assert RawToken("\ud800").fingerprint()

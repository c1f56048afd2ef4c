"""Nothing that looks like a credential gets into a log, wherever in an event it stands."""

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.telemetry import configure_logging, get_logger, holds_credential, redact
from shared.telemetry._redaction import _CREDENTIAL

TOKEN = ".".join(("eyJ" + "hbGciOiJSUzI1NiJ9", "eyJ" + "zdWIiOiJhdXRoMHxhbGljZSJ9", "c2lnbmF0dXJl"))
KEY = "-----BEGIN " + "PRIVATE KEY-----\nMIIEvQ\n-----END " + "PRIVATE KEY-----"


@pytest.mark.requirement("F3")
@pytest.mark.parametrize(
    "value",
    [
        f"failed with {TOKEN}",
        {"headers": {"Authorization": f"Bearer {TOKEN}"}},
        [{"deep": ({"access_token": "opaque-but-secret"},)}],
        {"client_secret": "opaque-but-secret", "Set-Cookie": "opaque-but-secret"},
        f"Basic {'YWxpY2U6c2VjcmV0'}",
        KEY.encode(),
        RuntimeError(f"refused {TOKEN}"),
    ],
)
def test_what_looks_like_a_credential_is_replaced(value: object) -> None:
    said = str(redact(value))
    assert "[redacted]" in said
    for secret in (TOKEN, "opaque-but-secret", "YWxpY2U6c2VjcmV0", "MIIEvQ"):
        assert secret not in said


def test_everything_else_stays_as_it_is() -> None:
    event = {"event": "request", "count": 3, "ok": True, "none": None, "text": "basic needs", "token_id": "abc"}
    assert redact(event) == event


TEXTS = ("eyJ", "eyj", "ZXlKaGJHY2lPaUpS", "Bearer", "dPoP", "basic", "SSWS", "Basically", "opaquebutsecret", "x", "é")
MARKS = (".", "=", '"', "-----BEGIN " + "PRIVATE KEY-----", "-----begin " + "private key-----")
SPACES = (" ", "\t", "\n", "\x1c", "\xa0", "\u2003")


@given(st.lists(st.sampled_from(TEXTS + MARKS + SPACES), max_size=8).map("".join))
def test_a_credential_is_found_wherever_one_would_be_replaced(text: str) -> None:
    assert holds_credential(text) == (_CREDENTIAL.search(text) is not None)


@pytest.mark.requirement("F3")
def test_an_exceptions_text_is_redacted_in_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging(log_format="json")
    try:
        try:
            raise RuntimeError(f"the server said {TOKEN}")  # noqa: TRY301 -- that it has a traceback is the point
        except RuntimeError:
            get_logger().exception("call_failed", headers={"authorization": f"Bearer {TOKEN}"})
            logging.getLogger("some.library").exception("refused: %s", TOKEN)
    finally:
        root.handlers, root.level = handlers, level
    lines = capsys.readouterr().err.strip().splitlines()
    assert TOKEN not in "".join(lines)
    assert json.loads(lines[0])["event"] == "call_failed"
    assert "RuntimeError" in lines[0]

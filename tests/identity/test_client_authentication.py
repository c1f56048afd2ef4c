"""How a client proves itself: assertions of RFC 7523, and secrets of RFC 6749 §2.3.1."""

import base64
import json
from typing import Any, Literal

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from shared.errors import ConfigurationError
from shared.identity import ClientCredentials, ClientSecret
from shared.testing import Clock, SigningKey

ISSUER = "https://issuer.example/"
KEY = SigningKey("client")


def assertion_of(client: ClientCredentials) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header and the verified claims of a fresh assertion."""
    assertion = client.prove(ISSUER).form["client_assertion"]
    head = assertion.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(head + "==")), KEY.verify(assertion)


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
def test_an_assertion_says_what_auth0_asks_for(clock: Clock, algorithm: Literal["RS256", "PS256"]) -> None:
    client = ClientCredentials("supervisor", KEY.pem(), algorithm=algorithm, key_id="k", clock=clock)
    header, claims = assertion_of(client)
    assert header == {"alg": algorithm, "kid": "k", "typ": "JWT"}
    jti = claims.pop("jti")
    assert 16 <= len(jti) <= 64
    assert claims == {
        "iss": "supervisor",
        "sub": "supervisor",
        "aud": ISSUER,
        "iat": int(clock.now),
        "exp": int(clock.now) + 60,
    }


def test_each_assertion_is_a_new_one(clock: Clock) -> None:
    """`jti` is good for one use."""
    client = ClientCredentials("supervisor", KEY.pem(), clock=clock)
    assert len({assertion_of(client)[1]["jti"] for _ in range(20)}) == 20


def test_the_form_has_the_parameters_of_the_specification() -> None:
    """RFC 7523 §2.2."""
    proof = ClientCredentials("supervisor", KEY.pem()).prove(ISSUER)
    assert set(proof.form) == {"client_id", "client_assertion_type", "client_assertion"}
    assert proof.form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert proof.headers == {}
    assert len(proof.form["client_assertion"]) <= 2048


def test_without_a_key_id_the_header_has_none() -> None:
    """Auth0's `kid` is one that it made itself; without it, it tries the client's keys."""
    assert "kid" not in assertion_of(ClientCredentials("supervisor", KEY.pem()))[0]


def test_a_basic_header_is_form_encoded_first() -> None:
    """RFC 6749 §2.3.1: a colon in the id would otherwise end it."""
    proof = ClientSecret("a:b", "p%ss wörd").prove(ISSUER)
    assert proof.form == {}
    value = proof.headers["authorization"].removeprefix("Basic ")
    assert base64.b64decode(value) == b"a%3Ab:p%25ss+w%C3%B6rd"


def test_a_posted_secret_goes_into_the_form() -> None:
    proof = ClientSecret("a", "s", method="client_secret_post").prove(ISSUER)
    assert proof.form == {"client_id": "a", "client_secret": "s"}
    assert proof.headers == {}


def _pem(key: Any, encryption: Any = None) -> str:
    encoded: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())
    return encoded.decode()


UNUSABLE = {
    "empty": lambda: "",
    "no PEM": lambda: "canary",
    "public": lambda: KEY.public_pem().decode(),
    "elliptic curve": lambda: _pem(ec.generate_private_key(ec.SECP256R1())),
    "Ed25519": lambda: _pem(ed25519.Ed25519PrivateKey.generate()),
    "encrypted": lambda: _pem(KEY.private, BestAvailableEncryption(b"password")),
    "too short": lambda: SigningKey("short", bits=1024).pem(),
    "cut off": lambda: KEY.pem()[:400],
}


@pytest.mark.parametrize("make", UNUSABLE.values(), ids=UNUSABLE)
def test_a_key_that_will_not_do_is_found_at_start(make: Any) -> None:
    pem = make()
    with pytest.raises(ConfigurationError) as caught:
        ClientCredentials("supervisor", pem)
    assert "supervisor" in str(caught.value)
    assert "\n" not in str(caught.value)
    for line in pem.splitlines()[1:-1] or ["canary"]:
        assert line not in str(caught.value)


@pytest.mark.requirement("F3")
def test_nothing_here_prints_a_secret() -> None:
    secret, key = ClientSecret("a", "canary"), ClientCredentials("a", KEY.pem())
    post = ClientSecret("a", "canary", method="client_secret_post")
    shown = f"{secret!r}{secret}{post.prove(ISSUER)!r}{secret.prove(ISSUER)!r}{key!r}{key.prove(ISSUER)!r}"
    assert "canary" not in shown
    assert "eyJ" not in shown
    assert "Basic" not in shown

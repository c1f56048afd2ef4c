"""Another agent's card is taken with a signature of a key that is pinned for it, and with nothing else."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import rfc8785
import structlog
from a2a.client.card_resolver import parse_agent_card
from a2a.utils.signing import create_agent_card_signer, create_signature_verifier
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from google.protobuf.json_format import MessageToDict

from shared.a2a import AgentClient, CardKeys
from shared.a2a._held_card import CARD_FRESH_SECONDS
from shared.a2a._signed_card import SignedCard, sign_card
from shared.audit import Action, Outcome
from shared.errors import ConfigurationError, UpstreamRefused
from shared.http import create_http_client
from shared.identity import CardSigningKey
from shared.telemetry import metrics
from shared.testing import KeptTrail
from tests.a2a._agent import ALICE, BOB, URL, Agent, Issuer
from tests.a2a.test_agent_client import CALLER, Peer, Tokens, peer

__all__ = ["peer"]

KEY = CardSigningKey.generate()
P256 = CardSigningKey(generate_private_key(SECP256R1()))
FORGER = CardSigningKey.generate()
SKILL = {"id": "print", "name": "Printing", "description": "Helps to print.", "tags": ["printer"]}
Document = dict[str, Any]


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signature(payload: bytes, key: CardSigningKey, **header: Any) -> Document:
    """One as a standard JOSE library makes it, of whatever bytes."""
    members = {"typ": "JOSE", "kid": key.kid} | header
    algorithm = members.pop("alg", key.algorithm)
    token = jwt.api_jws.encode(payload, key.private, algorithm, members)
    protected, _, value = token.split(".")
    return {"protected": protected, "signature": value}


def canonical(document: Document) -> bytes:
    return rfc8785.dumps({name: value for name, value in document.items() if name != "signatures"})


def signed(document: Document, *keys: CardSigningKey, **header: Any) -> Document:
    """A card as a team signs it that has no SDK: what it sends, in canonical form."""
    return document | {"signatures": [signature(canonical(document), key, **header) for key in keys]}


class Desk:
    """A caller of one agent, with the keys that are pinned for it."""

    def __init__(self, peer: Peer, http: httpx.AsyncClient, *keys: Any, path: str = "") -> None:
        self.peer = peer
        self.now = 1_000_000.0
        self.trail = KeptTrail()
        self.client = AgentClient(
            url=f"{peer.url}{path}",
            audience="https://x.example/printer",
            http=http,
            agent_tokens=Tokens(),
            user_tokens=Tokens(),
            card_keys=CardKeys(keys, clock=lambda: self.now),
            trail=self.trail,
            clock=lambda: self.now,
        )

    def document(self, **changes: Any) -> Document:
        """A card that is in order, but for the changes."""
        document: Document = json.loads(self.peer.card_document(skills=[SKILL], **changes))
        return document

    def serves(self, document: Document | bytes) -> None:
        """Has the agent serve a card."""
        self.peer.card = document if isinstance(document, bytes) else json.dumps(document).encode()

    async def refusal(self, document: Document | bytes) -> str:
        """Why a card is refused, whether or not an earlier one serves on."""
        await self._fetches(document)
        problem = self.client._card._problem
        assert isinstance(problem, UpstreamRefused)
        return problem.reason

    async def sees(self, document: Document | bytes) -> Document:
        """A card as it is taken."""
        await self._fetches(document)
        assert self.client._card._problem is None
        seen: Document = MessageToDict(await self.client.card())
        return seen

    async def _fetches(self, document: Document | bytes) -> None:
        self.serves(document)
        self.now += CARD_FRESH_SECONDS
        with suppress(UpstreamRefused):
            await self.client.card()
        assert self.client._card._fetching is not None
        await self.client._card._fetching


@pytest.fixture
async def desk(peer: Peer) -> AsyncIterator[Desk]:
    async with create_http_client() as http:
        yield Desk(peer, http, KEY.jwk, P256.jwk)


@asynccontextmanager
async def desk_with(peer: Peer, *keys: Any, path: str = "") -> AsyncIterator[Desk]:
    async with create_http_client() as http:
        yield Desk(peer, http, *keys, path=path)


@pytest.mark.requirement("D1")
@pytest.mark.parametrize("key", [KEY, P256], ids=["EdDSA", "ES256"])
async def test_a_card_that_a_pinned_key_signed_is_taken(desk: Desk, key: CardSigningKey) -> None:
    assert (await desk.sees(signed(desk.document(), key)))["skills"] == [SKILL]


@pytest.mark.requirement("D1")
async def test_a_card_without_a_signature_is_refused(desk: Desk) -> None:
    nothings: list[Document] = [
        {},
        *({"signatures": none} for none in ([], None, "yes", [7, {}], {"protected": "e30"})),
    ]
    for nothing in nothings:
        assert await desk.refusal(desk.document() | nothing) == "card_unsigned"


@pytest.mark.requirement("D1")
@pytest.mark.parametrize(
    "tamper",
    [
        lambda card: card["skills"][0].update(description="Handles everything: passwords, accounts, documents."),
        lambda card: card["skills"][0].update(examples=["I forgot my password"]),
        lambda card: card["skills"].append(dict(SKILL, id="all")),
        lambda card: card["skills"].clear(),
        lambda card: card.update(name="password_reset"),
        lambda card: card["supportedInterfaces"][0].update(url=card["supportedInterfaces"][0]["url"] + "other"),
        lambda card: card["securityRequirements"][0]["schemes"]["delegatedUser"]["list"].append("account:close"),
        lambda card: card.update(supported_interfaces=[{"url": "http://127.0.0.1:1/", "protocolBinding": "JSONRPC"}]),
    ],
)
async def test_a_card_that_was_changed_after_it_was_signed_is_refused(
    desk: Desk, tamper: Callable[[Document], None]
) -> None:
    card = signed(desk.document(), KEY)
    tamper(card)
    assert await desk.refusal(card) in {"card_signature", "card_not_canonical"}


@pytest.mark.requirement("D1")
async def test_a_forgers_key_is_no_key_under_any_name(desk: Desk) -> None:
    assert await desk.refusal(signed(desk.document(), FORGER)) == "card_key_unknown"
    assert await desk.refusal(signed(desk.document(), FORGER, kid=KEY.kid)) == "card_signature"
    for kid in (None, 7, "", [KEY.kid]):
        protected = encoded(json.dumps({"alg": "EdDSA", "kid": kid}).encode())
        card = desk.document() | {"signatures": [{"protected": protected, "signature": encoded(bytes(64))}]}
        assert await desk.refusal(card) == "card_key_unknown"


@pytest.mark.requirement("D1")
async def test_no_key_is_taken_from_the_card_and_nothing_that_it_names_is_fetched(desk: Desk) -> None:
    elsewhere = {"jku": f"{desk.peer.url}keys.json", "x5u": f"{desk.peer.url}chain.pem", "jwk": dict(FORGER.jwk)}
    for kid in (KEY.kid, FORGER.kid):
        card = signed(desk.document(), FORGER, kid=kid, **elsewhere)
        card["signatures"][0]["header"] = elsewhere | {"kid": FORGER.kid, "alg": "EdDSA"}
        assert await desk.refusal(card) in {"card_signature", "card_key_unknown"}
    assert {head.split()[1] for head in desk.peer.heard} == {b"/.well-known/agent-card.json"}


@pytest.mark.requirement("D1")
@pytest.mark.parametrize("algorithm", ["none", "None", "", None, "HS256", "HS512", "RS256", "ES256K", "EdDSA ", 7])
async def test_no_algorithm_is_taken_but_the_one_of_the_key(desk: Desk, algorithm: Any) -> None:
    """An HMAC whose secret is the public key, which everybody has; no signature at all; a name that is not known."""
    for key, secret in ((KEY, base64.urlsafe_b64decode(KEY.jwk["x"] + "=")), (P256, P256.jwk["x"].encode())):
        protected = encoded(json.dumps({"alg": algorithm, "kid": key.kid, "typ": "JOSE"}).encode())
        signing_input = f"{protected}.{encoded(canonical(desk.document()))}".encode()
        for value in (hmac.digest(secret, signing_input, hashlib.sha256), b"\0"):
            card = desk.document() | {"signatures": [{"protected": protected, "signature": encoded(value)}]}
            assert await desk.refusal(card) == "card_algorithm"
    protected = encoded(json.dumps({"alg": "none", "kid": KEY.kid}).encode())
    unsigned = desk.document() | {"signatures": [{"protected": protected, "signature": ""}]}
    assert await desk.refusal(unsigned) == "card_algorithm"


@pytest.mark.requirement("D1")
async def test_each_key_signs_with_its_own_algorithm_alone(desk: Desk) -> None:
    for key, other in ((KEY, "ES256"), (P256, "EdDSA")):
        card = signed(desk.document(), key)
        protected = encoded(json.dumps({"alg": other, "kid": key.kid}).encode())
        card["signatures"][0]["protected"] = protected
        assert await desk.refusal(card) == "card_algorithm"


@pytest.mark.requirement("D1")
@pytest.mark.parametrize(
    "header", [{"crit": ["exp"], "exp": 1}, {"b64": False}, {"typ": "JWT"}, {"typ": "at+jwt"}, {"typ": 7}]
)
async def test_a_header_that_means_something_else_is_refused(desk: Desk, header: Document) -> None:
    payload = canonical(desk.document())
    protected = encoded(json.dumps({"alg": "EdDSA", "kid": KEY.kid} | header).encode())
    assert isinstance(KEY.private, Ed25519PrivateKey)
    value = encoded(KEY.private.sign(f"{protected}.{encoded(payload)}".encode()))
    card = desk.document() | {"signatures": [{"protected": protected, "signature": value}]}
    assert await desk.refusal(card) == "card_signature_header"


@pytest.mark.requirement("D1")
@pytest.mark.parametrize("protected", ["", "*", "e30=", "bnVsbA", "W10", "eyJhIjoxLCJhIjoyfQ", "ÿ", "\ud800", "e30 "])
async def test_a_header_that_is_none_is_refused(desk: Desk, protected: str) -> None:
    """Among them one in which a name stands twice."""
    card = desk.document() | {"signatures": [{"protected": protected, "signature": encoded(bytes(64))}]}
    assert await desk.refusal(card) in {"card_signature_header", "card_key_unknown"}


@pytest.mark.requirement("D1")
async def test_another_agents_card_is_refused_also_where_its_team_has_one_key_for_both(desk: Desk) -> None:
    """What binds a card to an agent is the address that it names: origin and path, as agents may share an origin."""
    for url in ("http://127.0.0.1:1/", "https://bedrock-agentcore.us-east-1.amazonaws.com/runtimes/b/invocations/"):
        interface = {"url": url, "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
        card = signed(desk.document(name="account_lookup", supportedInterfaces=[interface]), KEY)
        assert await desk.refusal(card) == "upstream_refused"


@pytest.mark.requirement("D1")
@pytest.mark.requirement("D2")
@pytest.mark.parametrize(
    ("path", "is_taken"),
    [
        ("runtimes/a/invocations/", True),
        ("runtimes/a/invocations", True),
        ("runtimes/a/invocations/rpc", True),
        ("runtimes/b/invocations/", False),
        ("runtimes/a/invocations2/", False),
        ("", False),
        ("runtimes/a/invocations/../../b/invocations/", False),
        ("runtimes/a/invocations/%2e%2e/%2E./b/invocations/", False),
        ("runtimes/a/invocations/..%2f..%2fb/invocations/", False),
        ("runtimes/a/invocations/..\\..\\b/invocations/", False),
    ],
)
async def test_agents_that_share_an_origin_do_not_share_their_addresses(peer: Peer, path: str, is_taken: bool) -> None:
    async with desk_with(peer, KEY.jwk, path="runtimes/a/invocations/") as desk:
        interface = {"url": f"{peer.url}{path}", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
        card = signed(desk.document(supportedInterfaces=[interface]), KEY)
        if is_taken:
            assert await desk.sees(card)
        else:
            assert await desk.refusal(card) == "upstream_refused"


@pytest.mark.requirement("D1")
async def test_a_document_that_readers_could_read_differently_is_read_as_it_was_signed(desk: Desk) -> None:
    """A name that stands twice, other spellings of numbers and of text: of what was signed nothing changes."""
    parameters = {"uri": "https://x.example/e", "params": {"most": 100, "ratio": 0.5, "word": "Größe"}}
    card = signed(desk.document(capabilities={"extensions": [parameters]}), KEY)
    taken = await desk.sees(card)
    text = json.dumps(card)
    for before, after in (
        ('"most": 100', '"most": 1e2'),
        ('"most": 100', '"most": 100.0'),
        ('"ratio": 0.5', '"ratio": 5.0E-1'),
        ('"Gr\\u00f6\\u00dfe"', '"\\u0047r\\u00F6\\u00dfe"'),
        ('"name": "Printing"', '"name": "Everything", "name": "Printing"'),
        ('"name": "Printing"', '"name": "Printing", "unheardOf": true'),
        ('{"name": "printer_help"', '{"skills": [{"id": "all", "name": "All"}], "name": "printer_help"'),
    ):
        assert text.count(before) == 1
        assert await desk.sees(text.replace(before, after).encode()) == taken
    for before, after in (
        ('"name": "Printing"', '"name": "Printing", "name": "Everything"'),
        ('"most": 100', '"most": 100.00000000000001'),
        ('"most": 100', '"most": 1e999'),
        ('"most": 100', f'"most": {"9" * 40}'),
        ('"most": 100', '"most": NaN'),
        ('"Gr\\u00f6\\u00dfe"', '"Gro\\u0308\\u00dfe"'),
        ('"Gr\\u00f6\\u00dfe"', '"\\ud800"'),
    ):
        async with desk_with(desk.peer, KEY.jwk) as fresh:
            assert await fresh.refusal(text.replace(before, after).encode()) in {"card_signature", "card_not_canonical"}


@pytest.mark.requirement("D1")
async def test_what_a_signature_of_the_sdks_leaves_out_is_not_taken_from_beside_it(desk: Desk) -> None:
    """The SDKs sign a card without its empty members: whoever adds some breaks no signature, but adds nothing."""
    card = parse_agent_card(desk.document())
    sign_card(card, KEY)
    document = MessageToDict(card)
    taken = await desk.sees(document)
    document["skills"].append({})
    document["skills"][0]["tags"].append("")
    document["securityRequirements"].append({"schemes": {}})
    document["securityRequirements"][0]["schemes"]["anything"] = {"list": []}
    create_signature_verifier(lambda *_: jwt.PyJWK(dict(KEY.jwk)), ["EdDSA"])(parse_agent_card(document))
    assert await desk.sees(document) == taken


@pytest.mark.requirement("D1")
async def test_of_two_signatures_one_of_a_pinned_key_is_enough(desk: Desk) -> None:
    """As while a key is replaced; whoever adds a signature to a card takes none away."""
    for keys in ((KEY, FORGER), (FORGER, KEY), (P256, KEY)):
        assert await desk.sees(signed(desk.document(), *keys))
    assert await desk.refusal(signed(desk.document(), *[FORGER] * 8, KEY)) == "card_key_unknown"  # the first eight


@pytest.mark.requirement("D1")
async def test_a_key_ends_when_its_owner_said_that_it_would_and_so_does_what_it_signed(peer: Peer) -> None:
    async with desk_with(peer, dict(KEY.jwk) | {"exp": 1_000_601}) as desk:
        card = signed(desk.document(), KEY)
        for _ in range(2):
            assert await desk.sees(card)
        assert await desk.refusal(card) == "card_key_expired"
        with pytest.raises(UpstreamRefused):
            await desk.client.card()


@pytest.mark.requirement("D1")
async def test_a_key_is_replaced_without_a_moment_in_which_the_agent_is_away(peer: Peer) -> None:
    """The callers are told of the new key first; then the agent signs with it; then the old one is taken away."""
    async with (
        desk_with(peer, KEY.jwk) as before,
        desk_with(peer, KEY.jwk, P256.jwk) as between,
        desk_with(peer, P256.jwk) as after,
    ):
        old, new = (signed(before.document(version=version), key) for version, key in (("1", KEY), ("2", P256)))
        assert (await before.sees(old))["version"] == "1"
        assert (await between.sees(old))["version"] == "1"
        assert (await between.sees(new))["version"] == "2"
        assert (await after.sees(new))["version"] == "2"
        assert await after.refusal(old) == "card_key_unknown"
        assert await before.refusal(new) == "card_key_unknown"  # in the wrong order: what it has serves on
        assert (await before.client.card()).version == "1"


@pytest.mark.requirement("D1")
async def test_an_older_card_of_the_same_key_is_taken_until_the_key_goes(desk: Desk) -> None:
    """What a signature does not say is when it was made: replacing the key is what takes a card back."""
    old, new = (signed(desk.document(version=version), KEY) for version in ("1", "2"))
    assert (await desk.sees(new))["version"] == "2"
    assert (await desk.sees(old))["version"] == "1"
    async with desk_with(desk.peer, P256.jwk) as later:
        assert await later.refusal(old) == "card_key_unknown"


@pytest.mark.requirement("D1")
async def test_an_agent_whose_card_is_refused_is_sent_nothing_and_no_token_is_asked_for(desk: Desk) -> None:
    desk.serves(desk.document())
    with pytest.raises(UpstreamRefused):
        async for _ in desk.client.call("hello", caller=CALLER, context_id="c", streaming=False):
            pass
    assert [head.split()[0] for head in desk.peer.heard] == [b"GET"]


async def test_a_refusal_is_logged_counted_and_on_record_once(
    desk: Desk, log: list[structlog.typing.EventDict]
) -> None:
    def counted() -> int:
        return sum(count for values, count in metrics.REFUSALS._counts.items() if values == ("card", "card_unsigned"))

    before = counted()
    for _ in range(3):
        assert await desk.refusal(desk.document()) == "card_unsigned"
    events = [event for event in log if event["event"] == "card_refused"]
    assert [(event["reason"], event["log_level"]) for event in events] == [("card_unsigned", "error")] * 3
    assert counted() == before + 3
    (event,) = desk.trail.events
    assert (event.action, event.outcome, event.rule.reason) == (Action.CARD_REFUSE, Outcome.DENIED, "card_unsigned")
    assert event.details == {"agent": "printer", "audience": "https://x.example/printer"}
    assert await desk.refusal(signed(desk.document(), FORGER)) == "card_key_unknown"
    assert len(desk.trail.events) == 2


@pytest.mark.requirement("D1")
@pytest.mark.parametrize("key", [KEY, P256], ids=["EdDSA", "ES256"])
async def test_an_agent_signs_what_it_serves_as_the_sdks_and_the_supervisor_verify_it(
    tmp_path: Path, issuer: Issuer, key: CardSigningKey
) -> None:
    async with Agent(tmp_path, issuer, card_key=key) as agent:
        public = (await agent.http.get(f"{URL}.well-known/agent-card.json")).json()
        extended = (await agent.call("GetExtendedAgentCard", headers=agent.issuer.hop(scopes=("account:read",)))).result
        assert [skill["id"] for skill in extended["skills"]] == ["show_account", "help"]
        for document in (public, extended):
            (one,) = document["signatures"]
            header = json.loads(base64.urlsafe_b64decode(one["protected"] + "=" * (-len(one["protected"]) % 4)))
            assert header == {"alg": key.algorithm, "kid": key.kid, "typ": "JOSE"}
            taken = CardKeys([key.jwk]).take(document)
            assert isinstance(taken, SignedCard)
            assert [skill.id for skill in taken.card.skills] == [skill["id"] for skill in document["skills"]]
            assert CardKeys([FORGER.jwk]).take(document) == "card_key_unknown"
            card = parse_agent_card(document)
            create_signature_verifier(lambda *_: jwt.PyJWK(dict(key.jwk)), [key.algorithm])(card)


async def test_what_a_caller_is_shown_is_signed_once_for_all_who_may_do_the_same(
    tmp_path: Path, issuer: Issuer
) -> None:
    """A signature of ES256 is another each time that it is made."""
    key = CardSigningKey(generate_private_key(SECP256R1()))
    async with Agent(tmp_path, issuer, card_key=key) as agent:

        async def shown(*scopes: str, subject: str = ALICE) -> dict[str, Any]:
            headers = agent.issuer.hop(subject, scopes=scopes)
            found: dict[str, Any] = (await agent.call("GetExtendedAgentCard", headers=headers)).result
            return found

        one, other = await shown("account:read"), await shown("account:read", "unknown", subject=BOB)
        more, again = await shown("account:read", "account:close"), await shown("account:read")
    assert one == other == again
    assert one["signatures"] != more["signatures"]
    assert isinstance(CardKeys([key.jwk]).take(more), SignedCard)


def test_a_card_that_the_sdk_signed_is_taken(desk: Desk) -> None:
    card = parse_agent_card(desk.document(description="Zum Drucken. \U0001f5a8 \ufb33 Ü"))
    header: Any = {"kid": KEY.kid, "alg": "EdDSA", "typ": "JOSE", "jku": "https://x.example/keys.json"}
    create_agent_card_signer(KEY.private_pem(), header)(card)
    taken = CardKeys([KEY.jwk]).take(MessageToDict(card))
    assert isinstance(taken, SignedCard)
    assert (taken.card.description, taken.card.skills) == (card.description, card.skills)


def test_a_card_of_a_later_version_is_taken_as_it_was_sent(desk: Desk) -> None:
    """Its new members are signed, too; nothing of what is known here may be left out for that."""
    card = desk.document(newIn="2.0", capabilities={"streaming": True, "telepathy": {"range": 3, "empty": ""}})
    taken = CardKeys([KEY.jwk]).take(signed(card, KEY))
    assert isinstance(taken, SignedCard)
    assert taken.card.capabilities.streaming


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"},
        dict(KEY.jwk) | {"d": encoded(bytes(32))},
        dict(KEY.jwk) | {"use": "enc"},
        dict(KEY.jwk) | {"key_ops": ["sign"]},
        dict(KEY.jwk) | {"key_ops": 7},
        dict(KEY.jwk) | {"alg": "HS256"},
        dict(KEY.jwk) | {"x": "AA"},
        dict(KEY.jwk) | {"x": None},
        dict(KEY.jwk) | {"kid": ""},
        dict(KEY.jwk) | {"kid": 7},
        dict(KEY.jwk) | {"exp": "tomorrow"},
        dict(KEY.jwk) | {"exp": True},
        dict(P256.jwk) | {"y": P256.jwk["x"]},
    ],
)
def test_what_is_no_public_key_for_signatures_cannot_be_pinned(jwk: Document) -> None:
    with pytest.raises(ConfigurationError, match="CARD_KEYS"):
        CardKeys([jwk])


def test_a_name_for_two_keys_and_no_key_at_all_are_refused() -> None:
    for keys in ([], [KEY.jwk, KEY.jwk], [KEY.jwk, dict(FORGER.jwk) | {"kid": KEY.kid}]):
        with pytest.raises(ConfigurationError, match="CARD_KEYS"):
            CardKeys(keys)


def test_a_key_without_a_name_goes_by_its_thumbprint() -> None:
    """The example of RFC 8037, appendix A.3."""
    jwk = {"crv": "Ed25519", "kty": "OKP", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    example = CardSigningKey(
        Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="))
    )
    assert example.kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert {name: example.jwk[name] for name in jwk} == jwk


def test_what_signs_no_card_is_no_card_key() -> None:
    others = (generate_private_key(SECP384R1()), Ed448PrivateKey.generate())
    pems = (key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode() for key in others)
    for pem in ("", "none", KEY.private_pem()[:60], *pems):
        with pytest.raises(ConfigurationError, match="CARD_KEY is neither"):
            CardSigningKey.read(pem)

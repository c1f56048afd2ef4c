"""Signatures of agent cards (A2A 1.0 §8.4): an agent signs its own, and whoever calls it takes no other.

What is signed is the card without its signatures, as canonical JSON (RFC 8785). Which members that has is read in two
ways, and a signature may be over either:

* those that A2A's SDKs sign: the members that A2A 1.0 knows, without those that are empty; and
* those that were sent: also the empty ones, and those of other versions of A2A.

The card that is used is read from the bytes that were verified, never from what came with them: whatever else a reader
could make of the document (an empty member, a name that stands twice, another spelling of a number) is not in it.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import rfc8785
from a2a.client.card_resolver import parse_agent_card
from a2a.types import AgentCard
from a2a.utils.signing import create_agent_card_signer
from google.protobuf.json_format import MessageToDict, ParseError

from shared.errors import ConfigurationError
from shared.identity import CardKey, CardRefusal, CardSigningKey, card_signer

MAX_SIGNATURES: Final = 8
"""So many signatures of a card are looked at, the first."""


def sign_card(card: AgentCard, key: CardSigningKey | None) -> None:
    """Puts the key's signature on a card, and takes off those that it had; without a key it has none."""
    del card.signatures[:]
    if key is not None:
        header = {"typ": "JOSE", "alg": key.algorithm, "kid": key.kid}
        create_agent_card_signer(key.private_pem(), header)(card)  # type: ignore[arg-type] # the SDK's type asks for jku


@dataclass(frozen=True, slots=True)
class SignedCard:
    """A card as it was signed.

    Attributes:
        card: Read from the bytes that the signature is over.
        key: That it was signed with.
    """

    card: AgentCard
    key: CardKey


class CardKeys:
    """The keys that are pinned for one agent: several at a time, so that one can follow another.

    Args:
        keys: JSON Web Keys.
        clock: Seconds since the epoch.

    Raises:
        ConfigurationError: a key cannot be used, or two have one name.
    """

    def __init__(self, keys: Sequence[Mapping[str, Any]], *, clock: Callable[[], float] = time.time) -> None:
        read = [CardKey.read(key) for key in keys]
        self._keys = {key.kid: key for key in read}
        self._clock = clock
        if not read or len(self._keys) < len(read):
            raise ConfigurationError("CARD_KEYS has an agent with no key, or with two of one kid: name each key once.")

    def take(self, document: Mapping[str, Any]) -> SignedCard | CardRefusal:
        """The card, if one of its signatures is good; else why none is.

        It does not look at what the card says, nor at when it was signed: an older card of the same agent's is as good.

        Args:
            document: The card, as it was fetched.
        """
        signatures = list(_signatures(document))
        if not signatures:
            return CardRefusal.UNSIGNED
        try:
            sent = rfc8785.dumps({name: value for name, value in document.items() if name != "signatures"})
            forms = (_known_members(parse_agent_card(json.loads(sent))), sent)
        except (rfc8785.CanonicalizationError, ParseError, ValueError, RecursionError):
            return CardRefusal.NOT_CANONICAL
        refusals: set[CardRefusal] = set()
        for payload in forms:
            for protected, signature in signatures:
                key = card_signer(protected, payload, signature, keys=self._keys, now=self._clock())
                if isinstance(key, CardKey):
                    return SignedCard(parse_agent_card(json.loads(payload)), key)
                refusals.add(key)
        return next(refusal for refusal in CardRefusal if refusal in refusals)

    def still_hold(self, signed: SignedCard) -> bool:
        """Whether a card that was taken may still be used: its key has not expired."""
        return signed.key.expires_at is None or signed.key.expires_at > self._clock()


def _signatures(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    listed = document.get("signatures")
    for each in listed[:MAX_SIGNATURES] if isinstance(listed, list) else []:
        if isinstance(each, dict) and isinstance(each.get("protected"), str) and isinstance(each.get("signature"), str):
            yield each["protected"], each["signature"]


def _known_members(card: AgentCard) -> bytes:
    """The bytes that A2A's SDKs sign; those of a card that has nothing but empty members are an empty object's."""
    return rfc8785.dumps(_without_empty(MessageToDict(card)) or {})


def _without_empty(value: Any) -> Any:
    """The value without empty strings, lists and objects, at any depth; None where nothing is left of it."""
    if isinstance(value, dict):
        kept = {name: left for name, each in value.items() if (left := _without_empty(each)) is not None}
        return kept or None
    if isinstance(value, list):
        return [left for each in value if (left := _without_empty(each)) is not None] or None
    return None if value == "" else value

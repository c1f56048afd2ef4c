"""The benchmark of the search, on few made-up articles: that it measures what it says."""

import random
from pathlib import Path

import pytest

from benchmarks.knowledge import _build, _search, write_articles
from benchmarks.knowledge_corpora import MadeUp, WordNet


def test_articles_are_found_by_their_titles_with_a_typo(tmp_path: Path) -> None:
    asked, known = write_articles(MadeUp("a test"), tmp_path / "articles", 60)
    built = _build(tmp_path / "articles", tmp_path / "index.sqlite3")
    searched = _search(tmp_path / "index.sqlite3", asked, known)
    assert built.seconds > 0
    assert len(asked) >= 50
    assert searched.found_in_five > 0.9
    assert 0 < searched.p50 <= searched.p95 <= searched.worst


def test_the_same_seed_writes_the_same_articles(tmp_path: Path) -> None:
    for name in ("one", "other"):
        write_articles(MadeUp("a test"), tmp_path / name, 5)
    one, other = (sorted((tmp_path / name).rglob("*.md")) for name in ("one", "other"))
    assert [file.read_bytes() for file in one] == [file.read_bytes() for file in other]


def test_an_entry_of_wordnet_becomes_an_article_with_its_neighbours(tmp_path: Path) -> None:
    noun = "  1 a licence line\n00000100 05 n 02 burrow 0 tunnel(a) 1 001 @ 00000200 n 0000 | a hole in the ground  \n"
    hole = "00000200 05 n 01 hole 0 001 ~ 00000100 n 0000 | an opening  \n"
    (tmp_path / "data.noun").write_text(noun + hole)
    for name in ("data.verb", "data.adj", "data.adv"):
        (tmp_path / name).write_text("")
    corpus = WordNet(tmp_path)
    chance = random.Random(1)  # noqa: S311 -- the same texts each time
    texts = {text.title: text for text in corpus.texts(2, chance)}
    assert texts["burrow, tunnel"].lead == "a hole in the ground"
    assert texts["burrow, tunnel"].sections == [("hole", "an opening")]
    assert texts["hole"].sections == [("See also", "- **burrow, tunnel**: a hole in the ground")]
    with pytest.raises(ValueError, match="2 entries"):
        corpus.texts(3, chance)

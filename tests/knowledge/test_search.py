"""What a search finds, quotes and leaves out."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from knowledge import Filters, IndexUnusable, KnowledgeIndex
from knowledge.building import build_index
from tests.knowledge._folder import ARTICLES, VPN, index_of, write


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeIndex]:
    with index_of(tmp_path_factory.mktemp("search")) as opened:
        yield opened


def _found(index: KnowledgeIndex, question: str, filters: Filters | None = None) -> list[str]:
    return [hit.article for hit in index.search(question, filters=filters).hits]


@pytest.mark.parametrize(
    ("question", "article"),
    [
        ("How do I set up the VPN?", "vpn"),
        ("tunnel", "vpn"),
        ("Harbour", "vpn"),
        ("paper jams", "printing"),
        ("hold badge against pritner reader", "printing"),
        ("Drucker Karte", "drucken"),
    ],
)
def test_the_article_that_a_question_is_about_is_first(index: KnowledgeIndex, question: str, article: str) -> None:
    """By its title, an alias, a word of its text, another form of a word, misspelt, and in another language."""
    assert _found(index, question)[:1] == [article]


@pytest.mark.parametrize("question", ["hold the bagde", "harbuor client", "the vpm", "a badje", "sett up the tunel"])
def test_words_are_read_as_they_sound_and_as_they_are_mistyped(index: KnowledgeIndex, question: str) -> None:
    assert index.search(question).corrections


def test_where_nothing_fits_nothing_is_returned(index: KnowledgeIndex) -> None:
    for question in ("What is the capital of Peru?", "best pasta recipe", "", "?!", "the of and", "\x00"):
        assert _found(index, question) == [], question


def test_a_hit_quotes_the_section_verbatim_and_says_where_it_stands(index: KnowledgeIndex) -> None:
    hit = index.search("install Harbour on Windows").hits[0]
    assert (hit.article, hit.title, hit.section, hit.anchor) == ("vpn", "Set up the VPN", "Windows", "windows")
    assert hit.quote in VPN
    assert hit.quote.startswith("1. Install Harbour")
    assert hit.updated == date(2026, 9, 14)
    assert hit.location == "vpn#windows"


def test_a_misspelt_word_is_named_with_what_it_was_read_as(index: KnowledgeIndex) -> None:
    assert index.search("hold badge against pritner reader").corrections == (("pritner", "printer"),)


@pytest.mark.parametrize(
    ("filters", "allowed"),
    [
        (Filters(audiences=frozenset({"everyone"})), {"vpn", "drucken"}),
        (Filters(languages=frozenset({"de"})), {"drucken"}),
        (Filters(tags=frozenset({"Network"})), {"vpn"}),
        (Filters(updated_since=date(2026, 9, 1)), {"vpn", "codes"}),
        (Filters(audiences=frozenset({"nobody"})), set[str]()),
    ],
)
def test_what_a_filter_holds_back_is_nowhere_in_the_answer(
    index: KnowledgeIndex, filters: Filters, allowed: set[str]
) -> None:
    for question in ("VPN clock codes", "printer badge", "Drucker Karte", "set up the VPN"):
        hits = index.search(question, filters=filters, least=0.0).hits
        assert {hit.article for hit in hits} <= allowed
        assert {slug for hit in hits for slug, _ in hit.related} <= allowed
    assert {article.slug for article in index.recent(filters=filters)} == allowed
    for slug in ("vpn", "printing", "codes", "drucken"):
        assert (index.article(slug, filters=filters) is not None) == (slug in allowed)


def test_links_to_other_articles_are_offered_with_their_titles(index: KnowledgeIndex) -> None:
    assert index.search("set up the VPN").hits[0].related == (("codes", "Codes are rejected"),)


def test_the_newest_articles_come_first(index: KnowledgeIndex) -> None:
    assert [article.slug for article in index.recent(limit=2)] == ["codes", "vpn"]


def test_a_question_of_any_length_and_content_is_answered(index: KnowledgeIndex) -> None:
    for question in (
        "vpn " * 100_000,
        "%' OR 1=1 --",
        "\ud800",
        "🙂" * 500,
        "a" * 5_000,
        "x-" * 1_000,
        "vpn\x00windows",
    ):
        index.search(question)


def test_an_index_that_a_build_replaces_is_taken_up_with_the_next_question(tmp_path: Path) -> None:
    with index_of(tmp_path) as index:
        assert _found(index, "coffee machine") == []
        write(tmp_path / "articles", {"coffee.md": "# The coffee machine\n\nDescale the coffee machine on Fridays.\n"})
        build_index(tmp_path / "articles", tmp_path / "index.sqlite3")
        assert _found(index, "coffee machine") == ["coffee"]


def test_an_index_that_is_missing_or_damaged_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite3"
    with pytest.raises(IndexUnusable, match="no index"):
        KnowledgeIndex(path)
    path.write_bytes(b"SQLite format 3\x00" + b"\xff" * 4096)
    with pytest.raises(IndexUnusable, match="damaged"):
        KnowledgeIndex(path)
    index_of(tmp_path / "other", ARTICLES).close()
    content = bytearray((tmp_path / "other" / "index.sqlite3").read_bytes())
    content[60:64] = b"\0\0\0\1"  # user_version
    path.write_bytes(content)
    with pytest.raises(IndexUnusable, match="another version"):
        KnowledgeIndex(path)


def test_a_closed_index_says_so(tmp_path: Path) -> None:
    index = index_of(tmp_path)
    index.close()
    with pytest.raises(IndexUnusable, match="closed"):
        index.search("vpn")

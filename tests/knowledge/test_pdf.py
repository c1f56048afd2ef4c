"""PDF as articles, page by page."""

from datetime import date
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter

from knowledge import Article, KnowledgeIndex
from knowledge.building import BuildReport, build_index
from tests.knowledge._folder import write
from tests.knowledge._pdf import pdf


def _build(tmp_path: Path, content: bytes) -> BuildReport:
    return build_index(write(tmp_path / "articles", {"Travel Policy.pdf": content}), tmp_path / "index.sqlite3")


def _read(tmp_path: Path, content: bytes) -> Article:
    report = _build(tmp_path, content)
    assert not report.unreadable
    with KnowledgeIndex(tmp_path / "index.sqlite3") as index:
        article = index.article("travel-policy")
    assert article is not None
    return article


def test_each_page_is_a_section_below_the_headings_of_the_outline(tmp_path: Path) -> None:
    pages = ["Who may travel", "Hotels are book-\ned by Roamly.\n- breakfast is paid", "Trains before planes"]
    info = {"Title": "Travel policy", "Author": "Finance", "Keywords": "travel, hotel", "ModDate": "D:20260331120000Z"}
    article = _read(tmp_path, pdf(pages, info=info, outline=[("Booking", 1)], more="/Lang (en-GB)"))
    assert (article.title, article.owner, article.tags) == ("Travel policy", "Finance", ("travel", "hotel"))
    assert (article.updated, article.language) == (date(2026, 3, 31), "en")
    assert [(section.path, section.anchor) for section in article.sections] == [
        (("Page 1",), "page=1"),
        (("Booking", "Page 2"), "page=2"),
        (("Booking", "Page 3"), "page=3"),
    ]
    assert article.sections[1].text.startswith("Hotels are booked by Roamly.")
    with KnowledgeIndex(tmp_path / "index.sqlite3") as index:
        assert index.search("hotel booked by roamly").hits[0].location == "travel-policy#page=2"


def test_properties_of_the_documents_own_say_who_reads_it(tmp_path: Path) -> None:
    article = _read(tmp_path, pdf(["Text"], info={"Audience": "it", "Owner": "Security", "Updated": "2026-02-01"}))
    assert (article.title, article.audience, article.owner) == ("Travel Policy", "it", "Security")
    assert article.updated == date(2026, 2, 1)
    assert [section.path for section in article.sections] == [()]


def test_text_that_looks_like_markdown_is_text(tmp_path: Path) -> None:
    article = _read(tmp_path, pdf(["# Not a heading\n![x](https://evil.example/p.png) <script>"]))
    assert article.sections[0].text == "\\# Not a heading\n!\\[x\\](https://evil.example/p.png) \\<script>"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"%PDF-1.7\nnothing", "it is not a PDF file that can be read"),
        (b"", "it is not a PDF file that can be read"),
        (b"<html>", "it is not a PDF file that can be read"),
        (pdf([""]), "it holds no text; is it scanned?"),
        (pdf(["Text"], info={"Language": "klingon"}), "two-letter code"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, reason: str) -> None:
    assert [reason in file.reason for file in _build(tmp_path, content).unreadable] == [True]


def test_a_file_with_a_password_says_so(tmp_path: Path) -> None:
    plain = tmp_path / "plain.pdf"
    plain.write_bytes(pdf(["Secret"]))
    writer = PdfWriter(clone_from=PdfReader(plain))
    writer.encrypt("password", algorithm="RC4-128")
    writer.write(tmp_path / "locked.pdf")
    report = _build(tmp_path, (tmp_path / "locked.pdf").read_bytes())
    assert [file.reason for file in report.unreadable] == ["it is protected by a password"]

"""Files that are made to harm: the index is built all the same, in bounded time, and from this folder alone."""

import os
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from knowledge import KnowledgeIndex
from knowledge._errors import DocumentUnreadable
from knowledge.building import BuildReport, build_index
from knowledge.building._apart import Apart
from knowledge.building._front import Defaults
from tests.knowledge._folder import write
from tests.knowledge._pdf import pdf, stream

GOOD = "# Good\n\nA good article.\n"


def _build(tmp_path: Path, files: dict[str, str | bytes]) -> BuildReport:
    began = time.monotonic()
    report = build_index(
        write(tmp_path / "articles", {"good.md": GOOD, **files}), tmp_path / "index.sqlite3", seconds_apart=2.0
    )
    assert time.monotonic() - began < 20
    with KnowledgeIndex(tmp_path / "index.sqlite3") as index:
        assert index.article("good") is not None
    return report


def _reasons(report: BuildReport) -> dict[str, str]:
    return {file.path: file.reason for file in report.unreadable}


def test_links_do_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    write(
        tmp_path, {"secret.md": "# Secret\n\nThe secret word is xylophone.\n", "outside/more.md": "# More\n\nText.\n"}
    )
    articles = write(tmp_path / "articles", {"inside.md": "# Inside\n\nText.\n"})
    (articles / "out.md").symlink_to(tmp_path / "secret.md")
    (articles / "up.md").symlink_to("../secret.md")
    (articles / "folder").symlink_to(tmp_path / "outside")
    (articles / "round.md").symlink_to("round.md")
    (articles / "broken.md").symlink_to("nowhere.md")
    report = _build(tmp_path, {})
    assert report.articles == 2
    assert _reasons(report)["out.md"] == _reasons(report)["up.md"] == "it is a link that leads out of the folder"
    assert set(_reasons(report)) == {"out.md", "up.md", "round.md", "broken.md"}
    assert b"xylophone" not in (tmp_path / "index.sqlite3").read_bytes()


def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "articles").mkdir()
    os.mkfifo(tmp_path / "articles" / "pipe.md")
    assert _reasons(_build(tmp_path, {})) == {"pipe.md": "it is not a regular file"}


def test_names_that_are_no_text_are_shown_as_escapes(tmp_path: Path) -> None:
    (tmp_path / "articles").mkdir()
    name = os.fsencode(tmp_path / "articles") + b"/b\xfcro.md"
    with open(name, "w") as file:  # noqa: PTH123 -- a path in bytes
        file.write(GOOD)
    write(tmp_path / "articles", {"two\nlines.md": GOOD})
    assert set(_reasons(_build(tmp_path, {}))) == {"b\\xfcro.md", "two\\nlines.md"}


@pytest.mark.parametrize(
    "front",
    [
        "a: " + "[" * 30_000,
        "- " * 30_000 + "x",
        "a: " + "{b: " * 15_000,
        "? " * 30_000,
        "x: &x [a, a]\n"
        + "".join(f"x{i}: &x{i} [*{f'x{i - 1}' if i else 'x'}, *{f'x{i - 1}' if i else 'x'}]\n" for i in range(60))
        + "synonyms: [*x59]",
        "title: !!python/object/apply:os.system [id]",
        "updated: 99999999999999999999999999",
        "title: " + "9" * 10_000,
        "x" * 70_000 + ": 1",
    ],
)
def test_front_matter_is_bounded(tmp_path: Path, front: str) -> None:
    """Nesting that ends the process, aliases that grow without end, tags that run code, numbers without end."""
    report = _build(tmp_path, {"bad.md": f"---\n{front}\n---\n\nText.\n"})
    assert list(_reasons(report)) == ["bad.md"]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 600_000,
        "[a](" * 150_000,
        "[a](b (" * 100_000,
        "[a](" + "x" * 600_000,
        "![" + "a" * 600_000,
        "# " + " " * 600_000 + "x",
        "#" * 600_000,
        "a\n" + "=" * 600_000,
        "`" * 600_000,
        ("```\n" * 120_000),
        "- " * 300_000,
        "a-" * 300_000,
        "é\u0301" * 150_000,
        "---\n" * 120_000,
        "---\ntitle: x\n" + "a: b\n" * 100_000,
        ("x" * 60 + " ") * 30_000,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_text_is_read_in_time_that_grows_with_its_length_alone(tmp_path: Path, text: str) -> None:
    began = time.monotonic()
    _build(tmp_path, {"bad.md": f"Text.\n\n{text}\n", "worse.md": text})
    with KnowledgeIndex(tmp_path / "index.sqlite3") as index:
        for question in ("good article", "x" * 60, "text a b"):
            index.search(question, least=0.0)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 40_000 + "deep",
        "<ul><li>" * 60_000 + "deep",
        "<table><tr><td>" * 40_000 + "deep",
        "<a href=x.html>" * 60_000 + "deep",
        "<p>deep" + "<!--" * 100_000,
        "<p>deep" + "<![" * 100_000,
        "<p>deep" + "&" * 150_000,
        "<p>deep" + "<a " * 200_000,
        "<p>deep</p><" + "a" * 1_000_000,
        "<script>" * 50_000 + "</script><p>deep",
        "<p " + "a=b " * 300_000 + ">deep",
    ],
    ids=lambda page: repr(page[:12]),
)
def test_pages_are_read_in_bounded_time(tmp_path: Path, page: str) -> None:
    report = _build(tmp_path, {"bad.html": page})
    assert report.articles == 2 or list(_reasons(report)) == ["bad.html"]


def test_what_a_page_would_run_or_fetch_is_not_in_the_index(tmp_path: Path) -> None:
    page = (
        "<p>Text.</p><script>steal()</script><img src='https://evil.example/p.png' onerror='steal()' alt='a picture'>"
        "<iframe src='https://evil.example'>steal</iframe><svg><text>steal</text></svg><style>steal{}</style>"
        "<a href='javascript:steal()'>click</a><a href='data:text/html,steal'>here</a>"
        "<a href=' //evil.example/steal'>now</a>"
    )
    _build(tmp_path, {"page.html": page})
    with KnowledgeIndex(tmp_path / "index.sqlite3") as index:
        article = index.article("page")
    assert article is not None
    text = " ".join(section.text for section in article.sections)
    assert "a picture" in text
    assert not [word for word in ("steal", "evil", "javascript", "data:") if word in text]


def _bomb() -> bytes:
    """A page whose content is 1 GB of a few kilobytes."""
    packer = zlib.compressobj(9)
    start = packer.compress(b"BT ") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b"(a) Tj " * 100_000) + packer.flush(zlib.Z_FULL_FLUSH)
    content = start + block * 1_500
    plain = pdf(["x"])
    before, after = plain.index(b"4 0 obj"), plain.index(b"endobj", plain.index(b"4 0 obj"))
    return plain[:before] + b"4 0 obj\n" + stream(content, b"/Filter /FlateDecode") + b"\n" + plain[after:]


def test_a_file_that_unpacks_without_end_is_left_out(tmp_path: Path) -> None:
    bomb = _bomb()
    assert len(bomb) < 8_000_000
    assert list(_reasons(_build(tmp_path, {"bomb.pdf": bomb, "fine.pdf": pdf(["Fine text"])}))) == ["bomb.pdf"]


def test_a_file_that_refers_to_itself_is_read_or_left_out(tmp_path: Path) -> None:
    loop = pdf(["Text"], outline=[("One", 0)]).replace(b"/Parent 2 0 R /MediaBox", b"/Parent 5 0 R /MediaBox")
    kids = pdf(["Text"]).replace(b"/Kids [5 0 R]", b"/Kids [2 0 R]")
    report = _build(tmp_path, {"loop.pdf": loop, "kids.pdf": kids})
    assert report.articles + len(report.unreadable) == 3


@pytest.fixture
def apart() -> Iterator[Apart]:
    with Apart(seconds=0.5) as process:
        yield process


def test_a_document_that_takes_too_long_is_given_up_and_the_next_is_read(apart: Apart) -> None:
    slow = ("<p>" + "<a " * 1_200_000).encode()
    for _ in range(2):
        with pytest.raises(DocumentUnreadable, match="reading it takes longer than"):
            apart.read(".html", slow, path="slow.html", defaults=Defaults())
    with Apart() as patient:
        assert patient.read(".html", b"<p>Text", path="fine.html", defaults=Defaults()).slug == "fine"


def test_files_that_are_too_large_are_not_read(tmp_path: Path) -> None:
    articles = write(tmp_path / "articles", {"large.md": b""})
    os.truncate(articles / "large.md", 1 << 40)
    assert _reasons(_build(tmp_path, {})) == {"large.md": "it is larger than 4 MB"}

"""From a folder to an index: what is read, what is left alone, what is said of the rest."""

import os
import resource
from datetime import date
from pathlib import Path

import pytest

from knowledge import Article, KnowledgeIndex
from knowledge.building import BuildReport, Defaults, build_index
from tests.knowledge._folder import ARTICLES, PRINTING, VPN, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "articles", ARTICLES)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "index.sqlite3"


def _article(path: Path, slug: str) -> Article:
    with KnowledgeIndex(path) as index:
        article = index.article(slug)
    assert article is not None
    return article


def test_front_matter_says_what_an_article_is(folder: Path, path: Path) -> None:
    assert build_index(folder, path) == BuildReport(articles=4, parsed=4, removed=0, written=True)
    article = _article(path, "vpn")
    assert (article.title, article.audience, article.owner) == ("Set up the VPN", "everyone", "Networks")
    assert (article.updated, article.language, article.tags) == (date(2026, 9, 14), "en", ("network",))
    assert [section.heading for section in article.sections] == ["", "Windows", "If it does not work"]
    assert _article(path, "drucken").language == "de"


def test_what_a_document_does_not_say_is_as_the_defaults_have_it(tmp_path: Path, path: Path) -> None:
    write(tmp_path / "articles", {"Out Of_office.txt": "Set a reply.\n"})
    build_index(tmp_path / "articles", path, defaults=Defaults(audience="it", owner="Desk", updated=date(2026, 1, 2)))
    article = _article(path, "out-of-office")
    assert (article.title, article.audience, article.owner) == ("Out Of office", "it", "Desk")
    assert article.updated == date(2026, 1, 2)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Größe & Maße.md", "grosse-masse"),
        ("vpn/index.md", "vpn"),
        ("Printers/README.md", "printers"),
        ("index.md", "index"),
        ("a/b/Set_Up-2.md", "a-b-set-up-2"),
        (f"{'long ' * 40}.md", "long-long"),
        ("文書.md", "article-"),
    ],
)
def test_an_article_is_named_after_its_file_or_its_folder(tmp_path: Path, path: Path, name: str, slug: str) -> None:
    build_index(write(tmp_path / "articles", {name: "# A title\n\nText.\n"}), path)
    with KnowledgeIndex(path) as index:
        assert index.recent()[0].slug.startswith(slug)


@pytest.mark.parametrize(
    ("link", "kept"),
    [
        ("[codes](codes.md)", "[codes](codes.md)"),
        ("[codes](./codes.md#the-clock)", "[codes](codes.md#the-clock)"),
        ("[VPN](vpn/README.md)", "[VPN](vpn.md)"),
        ("[VPN](./vpn/../vpn/Set%20up.md#mac)", "[VPN](vpn-set-up.md#mac)"),
        ("[out](../../secret.md)", "[out](../../secret.md)"),
        ("[travel](Travel%20Policy.pdf#page=2)", "[travel](travel-policy.md#page=2)"),
        ("[desk](desk.html)", "[desk](desk.md)"),
        ("[elsewhere](https://example.com/a.md)", "[elsewhere](https://example.com/a.md)"),
        ("[elsewhere](//example.com/a.html)", "[elsewhere](//example.com/a.html)"),
        ("[mail](mailto:a.md)", "[mail](mailto:a.md)"),
        ("[here](#clock)", "[here](#clock)"),
        ("![picture](picture.html)", "![picture](picture.html)"),
        ("`[code](Code.html)`", "`[code](Code.html)`"),
        ("```\n[code](Code.html)\n```", "```\n[code](Code.html)\n```"),
    ],
)
def test_a_link_to_a_document_names_its_article(tmp_path: Path, path: Path, link: str, kept: str) -> None:
    build_index(write(tmp_path / "articles", {"one.md": f"Text.\n\n{link}\n"}), path)
    assert _article(path, "one").sections[0].text == f"Text.\n\n{kept}"


def test_the_articles_that_one_links_to_are_known(tmp_path: Path, path: Path) -> None:
    text = "[a](A.html), [b](../b/index.md#x), [a](a.md), [one](one.md), [web](https://example.com/c.md)"
    build_index(write(tmp_path / "articles", {"it/one.md": text}), path)
    assert _article(path, "it-one").related == ("it-a", "b")


def test_files_of_one_name_in_different_folders_are_different_articles(tmp_path: Path, path: Path) -> None:
    files = {"hr/faq.md": "# Leave\n\nAsk here.\n", "it/faq.md": "# Help\n\nAsk there.\n"}
    assert build_index(write(tmp_path / "articles", files), path).unreadable == ()
    assert (_article(path, "hr-faq").title, _article(path, "it-faq").title) == ("Leave", "Help")


def test_only_what_changed_is_read_again(folder: Path, path: Path) -> None:
    build_index(folder, path)
    first = path.read_bytes()
    report = build_index(folder, path)
    assert (report.parsed, report.written) == (0, False)
    write(folder, {"vpn.md": VPN.replace("Harbour", "Seaport"), "new.md": "# New\n\nSomething new.\n"})
    (folder / "codes.md").unlink()
    report = build_index(folder, path)
    assert (report.articles, report.parsed, report.removed, report.written) == (4, 2, 1, True)
    assert path.read_bytes() != first
    with KnowledgeIndex(path) as index:
        assert index.search("install Seaport on Windows").hits[0].article == "vpn"
        assert index.article("codes") is None


def test_the_same_folder_gives_the_same_bytes_however_it_was_built(folder: Path, path: Path, tmp_path: Path) -> None:
    build_index(folder, path)
    (folder / "printing.md").unlink()
    build_index(folder, path)
    write(folder, {"printing.md": PRINTING})
    build_index(folder, path)
    build_index(folder, tmp_path / "other.sqlite3")
    assert path.read_bytes() == (tmp_path / "other.sqlite3").read_bytes()


def test_a_touched_file_is_no_change(folder: Path, path: Path) -> None:
    build_index(folder, path)
    os.utime(folder / "vpn.md", (0, 0))
    assert build_index(folder, path).parsed == 0


def test_other_defaults_are_a_change(folder: Path, path: Path) -> None:
    build_index(folder, path)
    assert build_index(folder, path, defaults=Defaults(owner="Somebody")).parsed == 4


def test_a_build_that_fails_leaves_the_index_as_it_was(folder: Path, path: Path) -> None:
    build_index(folder, path)
    before = path.read_bytes()
    write(folder, {"vpn.md": VPN.replace("Harbour", "Seaport")})
    allowed = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, allowed[1]))  # as if the disk were full
    try:
        with pytest.raises(OSError, match="cannot be written"):
            build_index(folder, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, allowed)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_progress_is_told_file_by_file(folder: Path, path: Path) -> None:
    told: list[tuple[int, int]] = []
    build_index(folder, path, progress=lambda done, of: told.append((done, of)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_damaged_index_is_made_anew(folder: Path, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not an index")
    assert build_index(folder, path).parsed == 4


def test_hidden_files_are_passed_over_and_pictures_counted(folder: Path, path: Path) -> None:
    write(
        folder,
        {".git/x.md": "# Hidden\n\nText.\n", ".draft.md": "# Draft\n\nText.\n", "img/a.png": b"\x89PNG", "b.css": ""},
    )
    report = build_index(folder, path)
    assert (report.articles, report.others, report.unreadable) == (4, 2, ())


def test_a_folder_that_is_none_is_refused(tmp_path: Path, path: Path) -> None:
    with pytest.raises(NotADirectoryError):
        build_index(tmp_path / "nowhere", path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_is_utf_8_or_says_otherwise_with_its_first_bytes(tmp_path: Path, path: Path, encoding: str) -> None:
    build_index(write(tmp_path / "articles", {"a.md": "# Büro\n\nÖffnungszeiten.\n".encode(encoding)}), path)
    assert _article(path, "a").title == "Büro"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.md", "---\ntitle: [\n---\nText.\n", "not YAML"),
        ("a.md", "---\n- a\n---\nText.\n", "not a list of names"),
        ("a.md", "---\nid: No Good\n---\nText.\n", "its id 'No Good'"),
        ("a.md", "---\nlanguage: english\n---\nText.\n", "two-letter code"),
        ("a.md", "---\nupdated: yesterday\n---\nText.\n", "not a date as 2026-03-31"),
        ("a.md", "---\nupdated: 2026-02-31\n---\nText.\n", "cannot be read"),
        ("a.md", "---\ntags: {a: b}\n---\nText.\n", "not a list of words"),
        ("a.md", "---\ntitle: Only a title\n---\n", "no text"),
        ("a.md", b"B\xfcro latin-1", "not UTF-8"),
        ("a.txt", b"\x00\x01\x02", "not text"),
        ("a.docx", b"PK\x03\x04", "it is a .docx file: save it as Markdown, HTML, text or PDF"),
    ],
)
def test_a_file_that_cannot_be_read_is_left_out_and_the_reason_said(
    folder: Path, path: Path, name: str, content: str | bytes, reason: str
) -> None:
    write(folder, {name: content})
    report = build_index(folder, path)
    assert report.articles == 4
    assert [file.path for file in report.unreadable] == [name]
    assert reason in report.unreadable[0].reason
    assert "\n" not in report.unreadable[0].reason


def test_of_two_articles_with_one_id_the_second_is_left_out(folder: Path, path: Path) -> None:
    write(folder, {"zz.md": "---\nid: vpn\n---\nAnother.\n"})
    report = build_index(folder, path)
    assert [(file.path, file.reason) for file in report.unreadable] == [("zz.md", "its id 'vpn' is that of vpn.md too")]
    assert _article(path, "vpn").title == "Set up the VPN"

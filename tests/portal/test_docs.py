"""`helpdesk docs`: a knowledge base of one's own, from a folder to an answer, without anything else running."""

import json
from pathlib import Path

import pytest

from tests.knowledge._folder import ARTICLES, VPN, write
from tests.knowledge._pdf import pdf
from tests.portal.running import Command


@pytest.fixture
def helpdesk(tmp_path: Path) -> Command:
    return Command(tmp_path / "var", tmp_path / "home")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    page = "<title>Book a desk</title><p>Desks are booked in Seatmap."
    return write(tmp_path / "handbook", {**ARTICLES, "desk.html": page, "travel.pdf": pdf(["Trains before planes"])})


@pytest.fixture
def index(tmp_path: Path, helpdesk: Command, folder: Path) -> str:
    path = str(tmp_path / "handbook.sqlite3")
    assert helpdesk("docs", "index", str(folder), "--index", path).code == 0
    return path


def test_a_folder_is_indexed_and_then_only_what_changed(helpdesk: Command, folder: Path, tmp_path: Path) -> None:
    arguments = ("docs", "index", str(folder), "--index", str(tmp_path / "i.sqlite3"))
    assert "6 articles in" in helpdesk(*arguments).out
    again = helpdesk(*arguments)
    assert (again.code, "0 read anew, 0 removed; nothing had changed" in again.out) == (0, True)
    write(folder, {"vpn.md": VPN.replace("Harbour", "Seaport")})
    (folder / "codes.md").unlink()
    assert "5 articles in" in (third := helpdesk(*arguments)).out
    assert "1 read anew, 1 removed" in third.out


def test_each_file_that_cannot_be_read_is_named_on_a_line_with_the_reason(
    helpdesk: Command, folder: Path, tmp_path: Path
) -> None:
    write(folder, {"old.docx": b"PK", "bad.md": "---\ntitle: [\n---\nText.\n", "broken.pdf": b"%PDF", "logo.png": b"x"})
    done = helpdesk("docs", "index", str(folder), "--index", str(tmp_path / "i.sqlite3"))
    assert done.code == 1
    assert "old.docx: it is a .docx file: save it as Markdown, HTML, text or PDF\n" in done.out
    assert "bad.md: its front matter is not YAML (line 3)\n" in done.out
    assert "broken.pdf: it is not a PDF file that can be read" in done.out
    assert "3 left out, 1 other files passed over" in done.out
    (report,) = helpdesk("docs", "index", str(folder), "--index", str(tmp_path / "i.sqlite3"), "--json").events
    assert (report["articles"], report["others"], report["written"]) == (6, 1, False)
    assert [file["path"] for file in report["unreadable"]] == ["bad.md", "broken.pdf", "old.docx"]


def test_an_answer_is_quoted_with_its_article_and_section(helpdesk: Command, index: str) -> None:
    done = helpdesk("docs", "search", "install", "Harbour", "on", "Windows", "--index", index)
    assert done.code == 0
    assert "1. Set up the VPN › Windows\nvpn#windows · everyone · Networks · updated 2026-09-14" in done.out  # noqa: RUF001 -- as shown
    assert "Install Harbour from the catalogue." in done.out
    assert "Desks are booked in Seatmap." in helpdesk("docs", "search", "book a desk", "--index", index).out
    assert (
        "travel#page=1 · employees · confidence" in helpdesk("docs", "search", "trains or planes", "--index", index).out
    )


def test_what_was_read_otherwise_and_that_nothing_fits_are_said(helpdesk: Command, index: str) -> None:
    assert "(“nettwork” was read as “network”.)" in helpdesk("docs", "search", "vpn nettwork", "--index", index).out
    nothing = helpdesk("docs", "search", "capital of Peru", "--index", index)
    assert (nothing.code, nothing.out) == (0, "Nothing in the knowledge base fits.\n")


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("--audience", "everyone"), ["vpn"]),
        (("--audience", "it", "--audience", "employees"), []),
        (("--owner", "Workplace"), []),
        (("--owner", "Networks"), ["vpn"]),
        (("--tag", "network"), ["vpn"]),
        (("--language", "DE"), []),
        (("--updated-since", "2026-09-15"), []),
    ],
)
def test_filters_hold_back_what_they_say(
    helpdesk: Command, index: str, options: tuple[str, ...], found: list[str]
) -> None:
    (answer,) = helpdesk("docs", "search", "set up the VPN on Windows", *options, "--index", index, "--json").events
    assert [hit["article"] for hit in answer["hits"]] == found


def test_json_holds_everything_a_program_needs(helpdesk: Command, index: str) -> None:
    (answer,) = helpdesk(
        "docs", "search", "--json", "--limit", "1", "--index", index, stdin="install Harbour for the VPN on Windows"
    ).events
    (hit,) = answer["hits"]
    assert {name: hit[name] for name in ("article", "location", "owner", "updated", "audience", "language")} == {
        "article": "vpn",
        "location": "vpn#windows",
        "owner": "Networks",
        "updated": "2026-09-14",
        "audience": "everyone",
        "language": "en",
    }
    (article,) = helpdesk("docs", "show", "vpn#windows", "--json", "--index", index).events
    assert [section["anchor"] for section in article["sections"]] == ["", "windows", "if-it-does-not-work"]


def test_an_article_is_shown_whole(helpdesk: Command, index: str) -> None:
    out = helpdesk("docs", "show", "vpn", "--index", index).out
    assert out.startswith("Set up the VPN\neveryone · Networks · updated 2026-09-14 · en · network\n")
    assert out.index("Windows") < out.index("Install Harbour") < out.index("If it does not work")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("show", "nowhere"), 1, "There is no article 'nowhere' in the index."),
        (("search",), 2, "Say what you look for"),
        (("search", "vpn", "--updated-since", "yesterday"), 2, "does not match the format"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    helpdesk: Command, index: str, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = helpdesk("docs", *arguments, "--index", index)
    assert done.code == code
    assert said in done.err


def test_without_an_index_the_command_says_how_to_make_one(helpdesk: Command) -> None:
    done = helpdesk("docs", "search", "vpn")
    assert done.code == 1
    assert "There is no index at" in done.err
    assert "docs index" in done.err


def test_the_folder_and_the_index_are_settings(
    helpdesk: Command, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KNOWLEDGE_FOLDER", str(folder))
    monkeypatch.setenv("KNOWLEDGE_INDEX", str(tmp_path / "set.sqlite3"))
    (report,) = helpdesk("docs", "index", "--json").events
    assert (report["folder"], report["articles"]) == (str(folder), 6)
    assert "Set up the VPN" in helpdesk("docs", "search", "vpn on windows").out


def test_a_folder_that_is_none_and_an_index_that_cannot_be_written_are_refused(
    helpdesk: Command, tmp_path: Path
) -> None:
    missing = helpdesk("docs", "index", str(tmp_path / "missing"), "--json")
    assert missing.code == 1
    assert "is not a folder" in json.loads(missing.out)["error"]["message"]
    folder = write(tmp_path / "some", {"a.md": "# A\n\nText.\n"})
    taken = helpdesk("docs", "index", str(folder), "--index", str(folder / "a.md" / "index"))
    assert (taken.code, "The index cannot be made" in taken.err) == (1, True)


def test_text_of_a_document_does_nothing_to_the_terminal(helpdesk: Command, tmp_path: Path) -> None:
    evil = '---\ntitle: "Evil\\e]0;owned\\a title"\n---\n\nThe evil \x1b[2J\u202etext stays text.\n'
    folder, path = write(tmp_path / "evil", {"evil.md": evil}), str(tmp_path / "evil.sqlite3")
    helpdesk("docs", "index", str(folder), "--index", path)
    for out in (
        helpdesk("docs", "search", "evil title", "--index", path).out,
        helpdesk("docs", "show", "evil", "--index", path).out,
    ):
        assert "text stays text" in out
        assert not {"\x1b", "\u202e", "\x07"} & set(out)

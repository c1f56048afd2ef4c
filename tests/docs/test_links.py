"""Links lead somewhere, and every page can be reached."""

from itertools import pairwise
from urllib.parse import unquote

import pytest

from tests.docs._pages import ROOT, page, page_names, slug

ENTRANCE = "README.md"


def leads_somewhere(name: str, link: str) -> bool:
    """Whether a link of a page names a file of the project, and a heading of it if it names one."""
    target, _, anchor = unquote(link).partition("#")
    path = (page(name).path.parent / target).resolve() if target else page(name).path
    if not path.exists() or not path.is_relative_to(ROOT):
        return False
    return not anchor or (path.suffix == ".md" and anchor in page(path.relative_to(ROOT).as_posix()).anchors)


@pytest.mark.parametrize("name", page_names())
def test_links_lead_to_files_and_headings_that_exist(name: str) -> None:
    inward = [link for link in page(name).links if not link.startswith(("https://", "http://"))]
    assert [link for link in inward if not leads_somewhere(name, link)] == []


@pytest.mark.parametrize("name", page_names())
def test_links_to_the_web_are_encrypted(name: str) -> None:
    """Addresses of this machine, which appear as examples, are written as code and are no links."""
    assert [link for link in page(name).links if link.startswith("http://")] == []


@pytest.mark.parametrize("name", page_names())
def test_a_page_has_one_title_and_skips_no_level(name: str) -> None:
    levels = [level for level, _ in page(name).headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(deeper - level <= 1 for level, deeper in pairwise(levels))


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [ENTRANCE]
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        for link in page(name).links:
            path = (page(name).path.parent / unquote(link).partition("#")[0]).resolve()
            if path.is_dir():
                path /= "README.md"
            if path.suffix == ".md" and path.is_file() and path.is_relative_to(ROOT):
                waiting.append(path.relative_to(ROOT).as_posix())
    assert set(page_names()) - reached == set()


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("`AUTH0_ISSUER`", "auth0_issuer"),
        ("What it costs, and why", "what-it-costs-and-why"),
        ("The [hop](x.md)", "the-hop"),
        ("A -- b", "a----b"),
    ],
)
def test_anchors_are_made_as_github_makes_them(heading: str, anchor: str) -> None:
    assert slug(heading) == anchor

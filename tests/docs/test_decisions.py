"""Decision records have the form that they promise, and the index lists them all."""

import re

import pytest

from tests.docs._pages import ROOT, page

RECORDS = tuple(sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs/adr").glob("[0-9]*.md")))
SECTIONS = ["Context and problem statement", "Considered options", "Decision outcome"]


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_has_the_sections_of_madr(name: str) -> None:
    headings = page(name).headings
    number = name.removeprefix("docs/adr/")[:4]
    assert headings[0][1].startswith(f"{number}: ")
    assert [text for level, text in headings if level == 2][:3] == SECTIONS
    assert [text for level, text in headings if level == 3 and text == "Consequences"]
    assert re.search(r"^\* Status: (accepted|superseded by \[\d{4}\])", page(name).prose, re.MULTILINE)
    assert re.search(r"^\* Date: \d{4}-\d{2}-\d{2}$", page(name).prose, re.MULTILINE)


def test_the_index_lists_every_record_under_its_title() -> None:
    listed = {
        f"docs/adr/{target}": title
        for row in page("docs/adr/README.md").rows("Decisions")
        for target, title in [(row[0].split("(")[1].rstrip(")"), row[1])]
    }
    assert listed == {name: page(name).headings[0][1].split(": ", 1)[1] for name in RECORDS}

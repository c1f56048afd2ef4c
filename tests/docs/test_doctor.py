"""docs/reference/doctor.md is what the checks say of themselves."""

from portal.doctor.__main__ import written
from tests.docs._pages import ROOT


def test_the_page_is_what_is_written_from_the_checks() -> None:
    page = (ROOT / "docs/reference/doctor.md").read_text(encoding="utf-8")
    assert page == written(), "write it anew: python -m portal.doctor > docs/reference/doctor.md"

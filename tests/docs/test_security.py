"""SECURITY.md lists the requirements that the tests prove, and no other."""

import re

import yaml

from tests.docs._pages import ROOT, page

PAGE = page("SECURITY.md")
REQUIREMENTS: dict[str, dict[str, str]] = yaml.safe_load(
    (ROOT / "tests/requirements/security.yaml").read_text(encoding="utf-8")
)


def test_the_requirements_are_those_of_the_tests() -> None:
    assert PAGE.rows("Requirements") == [
        [identifier, entry["must"] + (f" (later: {entry['later']})" if "later" in entry else "")]
        for identifier, entry in REQUIREMENTS.items()
    ]


def test_every_id_that_an_attack_names_exists() -> None:
    named = {
        identifier
        for row in PAGE.rows("Attacks, and what is done about them")
        for identifier in re.findall(r"\b[A-IW]\d{1,2}\b", row[2])
    }
    assert named <= set(REQUIREMENTS)

"""Looks for mistakes, and says what was found and what could not be looked for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from portal._errors import CommandFailed
from portal.doctor._check import Check, Facts, Found
from portal.doctor.checks import CHECKS

_CREDENTIALS: Final = re.compile(r"(?<=://)[^\s/?#]*@")
"""What stands before the host of a URL (RFC 3986 §3.2.1); a diagnosis is shown to others."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake that was found."""

    check: Check
    found: Found


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What came of looking.

    Attributes:
        findings: What is to be mended.
        passed: The checks that found nothing.
        skipped: Those that could not be made, each with the reason.
    """

    findings: tuple[Finding, ...]
    passed: tuple[Check, ...]
    skipped: tuple[tuple[Check, str], ...]

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong; a warning is not."""
        return not any(finding.check.severity == "error" for finding in self.findings)


def chosen(names: Sequence[str]) -> tuple[Check, ...]:
    """The checks of these names or families; all for none.

    Raises:
        CommandFailed: there is none of such a name.
    """
    known = {check.name for check in CHECKS} | {check.family for check in CHECKS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise CommandFailed(f"There is no check {unknown[0]!r}: --list says which there are.", code="unknown_check")
    return tuple(check for check in CHECKS if not names or {check.name, check.family} & set(names))


def diagnose(checks: Sequence[Check], facts: Facts) -> Diagnosis:
    """Makes the checks."""
    findings: list[Finding] = []
    passed: list[Check] = []
    skipped: list[tuple[Check, str]] = []
    for check in checks:
        why_not = check.missing(facts)
        if why_not is not None:
            skipped.append((check, _shareable(why_not)))
            continue
        found = tuple(replace(each, seen=_shareable(each.seen)) for each in check.run(facts))
        findings += [Finding(check, each) for each in found]
        if not found:
            passed.append(check)
    return Diagnosis(tuple(findings), tuple(passed), tuple(skipped))


def _shareable(text: str) -> str:
    """Without the user names and passwords of URLs."""
    return _CREDENTIALS.sub("…@", text)

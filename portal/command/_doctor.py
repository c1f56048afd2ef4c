"""`helpdesk doctor`: what is configured wrongly."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.padding import Padding
from rich.text import Text

from portal._environment import chosen as chosen_setting
from portal._environment import state_directory
from portal._errors import ExitCode
from portal.doctor import (
    TENANT_FILE,
    Agents,
    Check,
    Diagnosis,
    Finding,
    Sources,
    Tenant,
    agents_in,
    agents_of,
    chosen,
    diagnose,
    keywords_of,
    look_at_aws,
)
from portal.stack import API_BASE
from portal.terminal import Output, printable
from shared.answers import count
from shared.http import create_http_client

MARKS = {"error": ("✗", "red"), "warning": ("!", "yellow")}


@dataclass(frozen=True, slots=True)
class Named:
    """What is named to be looked at, in place of what runs here.

    Attributes:
        settings: A folder of the agents' settings.
        tenant: The tenant's file.
        deployment: The deployment file of a help desk on AWS.
    """

    settings: Path | None = None
    tenant: Path | None = None
    deployment: Path | None = None


async def doctor(output: Output, names: Sequence[str], named: Named, *, as_list: bool) -> ExitCode:
    """Makes the checks of these names; FAILED where one finds an error."""
    checks = chosen(names)
    if as_list:
        _list(output, checks)
        return ExitCode.OK
    async with create_http_client() as http:
        sources = await _sources(http, named)
        diagnosis = diagnose(checks, await sources.facts(frozenset().union(*(check.facts for check in checks))))
    output.emit(_as_json(diagnosis))
    if not output.as_json:
        _show(output, diagnosis)
    return ExitCode.OK if diagnosis.is_well else ExitCode.FAILED


async def _sources(http: httpx.AsyncClient, named: Named) -> Sources:
    keywords = keywords_of(chosen_setting("AUTH0_KEYWORD_REPLACE_MAPPINGS", ""))
    if named.deployment is not None:
        cloud, api_base = await asyncio.to_thread(look_at_aws, named.deployment)
        keywords = {"API_BASE": api_base} | keywords
        return Sources(http, cloud.agents, Tenant.read(named.tenant or TENANT_FILE, keywords), cloud)
    agents = agents_in(named.settings) if named.settings else agents_of(state_directory())
    if named.settings is None and isinstance(agents, Agents):  # the local world, whose tenant is told these
        keywords = {"API_BASE": API_BASE, "MY_ACCOUNT_AUDIENCE": f"{_issuer(agents)}me/"} | keywords
    return Sources(http, agents, Tenant.read(named.tenant or TENANT_FILE, keywords))


def _issuer(agents: Agents) -> str:
    return agents.supervisor.text("AUTH0_ISSUER") if agents.supervisor else ""


def _list(output: Output, checks: Sequence[Check]) -> None:
    output.emit({"checks": [{"name": c.name, "severity": c.severity, "why": c.why, "mend": c.mend} for c in checks]})
    for check in checks:
        output.say(
            Text.assemble((f"{check.name}", "bold"), ("" if check.severity == "error" else "  warning", "yellow"))
        )
        output.say(Padding(Text(check.why), (0, 0, 0, 2)))


def _as_json(diagnosis: Diagnosis) -> dict[str, object]:
    return {
        "ok": diagnosis.is_well,
        "findings": [
            {
                "check": finding.check.name,
                "severity": finding.check.severity,
                "setting": finding.found.setting,
                "seen": finding.found.seen,
                "why": finding.check.why,
                "mend": finding.check.mend,
            }
            for finding in diagnosis.findings
        ],
        "passed": [check.name for check in diagnosis.passed],
        "skipped": [{"check": check.name, "why": why} for check, why in diagnosis.skipped],
    }


def _show(output: Output, diagnosis: Diagnosis) -> None:
    for check in dict.fromkeys(finding.check for finding in diagnosis.findings):
        _show_check(output, check, [f for f in diagnosis.findings if f.check is check])
    made = len(diagnosis.passed) + len({finding.check.name for finding in diagnosis.findings})
    errors = sum(finding.check.severity == "error" for finding in diagnosis.findings)
    warnings = len(diagnosis.findings) - errors
    output.say(f"{count(made, 'check')} made: {count(errors, 'error')}, {count(warnings, 'warning')}.")
    for why in dict.fromkeys(why for _, why in diagnosis.skipped):
        skipped = [check.name for check, reason in diagnosis.skipped if reason == why]
        output.say(Text(f"Not looked for, as {printable(why)}: {', '.join(skipped)}", style="dim"))


def _show_check(output: Output, check: Check, findings: Sequence[Finding]) -> None:
    mark, style = MARKS[check.severity]
    output.say(Text.assemble((f"{mark} ", style), (check.name, "bold")))
    for finding in findings:
        said = f"{finding.found.setting}: {finding.found.seen}"
        output.say(Padding(Text(printable(said)), (0, 0, 0, 2)))
    output.say(Padding(Text(check.why), (0, 0, 0, 2)))
    output.say(Padding(Text.assemble(("Mend it: ", "bold"), check.mend), (0, 0, 1, 2)))

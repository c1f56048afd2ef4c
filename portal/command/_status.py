"""`helpdesk status`: every part, the sign-in, what is wrong and what to do about it."""

import asyncio
import json
import time
from base64 import urlsafe_b64decode
from dataclasses import asdict, dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx
from rich.table import Table
from rich.text import Text

from portal._environment import typed
from portal._errors import ExitCode
from portal.command._desk import profiles
from portal.command._options import Options
from portal.session import Desk, SignIn
from portal.stack import Running, RunningPart, running
from portal.terminal import Output, printable
from shared.http import create_http_client

PROBE_SECONDS = 5.0
MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "wrong": ("✗", "red")}
WELL_KNOWN_CARD = ".well-known/agent-card.json"
WELL_KNOWN_METADATA = ".well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one thing.

    Attributes:
        name: What was looked at.
        state: `wrong` where somebody has to do something.
        detail: What was seen.
        remedy: What to do.
    """

    name: str
    state: Literal["ok", "warning", "wrong"]
    detail: str
    remedy: str = ""


async def status(options: Options, output: Output) -> ExitCode:
    """Looks at everything and says how it is; FAILED where something is wrong."""
    here, sign_in = running(), profiles().load(options.profile)
    async with create_http_client(timeout=PROBE_SECONDS) as http:
        findings = await _parts(http, here, sign_in)
    findings.append(_sign_in(sign_in, here, options.profile))
    wrong = any(finding.state == "wrong" for finding in findings)
    output.emit({"ok": not wrong, "running": here is not None, "findings": [asdict(finding) for finding in findings]})
    if not output.as_json:
        _show(output, findings)
    return ExitCode.FAILED if wrong else ExitCode.OK


async def _parts(http: httpx.AsyncClient, here: Running | None, sign_in: SignIn | None) -> list[Finding]:
    if here is not None:
        return list(await asyncio.gather(*(_part(http, part) for part in here.parts)))
    if sign_in is not None and urlsplit(sign_in.desk.issuer).scheme == "https":
        return list(await asyncio.gather(_issuer(http, sign_in.desk), _supervisor(http, sign_in.desk)))
    return [Finding("help desk", "wrong", "nothing runs here", "Start it: make run")]


async def _part(http: httpx.AsyncClient, part: RunningPart) -> Finding:
    look = f"See {part.log}"
    begun = time.monotonic()
    answered = await _get(http, f"{part.url}{part.health.lstrip('/')}")
    took = f"answers in {(time.monotonic() - begun) * 1000:.0f} ms"
    if isinstance(answered, str):
        return Finding(part.name, "wrong", f"{part.url} {answered}", look)
    if part.name == "tenant":
        return await _keys(http, part.name, part.url, answered, look)
    if "skills" not in answered:
        return Finding(part.name, "ok", f"{part.url} {took}")
    ping = await _get(http, f"{part.url}ping")
    if isinstance(ping, str):
        return Finding(part.name, "wrong", f"{part.url}ping {ping}", look)
    busy = ", busy" if ping.get("status") == "HealthyBusy" else ""
    return Finding(part.name, "ok", f"{part.url} {took}{busy}; {_card(answered)}")


async def _issuer(http: httpx.AsyncClient, desk: Desk) -> Finding:
    metadata = await _get(http, f"{desk.issuer}{WELL_KNOWN_METADATA}")
    if isinstance(metadata, str):
        return Finding("issuer", "wrong", f"{desk.issuer} {metadata}", "Check the network, then the address.")
    return await _keys(http, "issuer", desk.issuer, metadata, "Ask whoever runs the tenant.")


async def _keys(http: httpx.AsyncClient, name: str, issuer: str, metadata: dict[str, Any], remedy: str) -> Finding:
    if metadata.get("issuer") != issuer:
        return Finding(name, "wrong", f"{issuer} calls itself {metadata.get('issuer')}", remedy)
    keys = await _get(http, str(metadata.get("jwks_uri")))
    if isinstance(keys, str) or not keys.get("keys"):
        return Finding(name, "wrong", f"{issuer} publishes no keys", remedy)
    return Finding(name, "ok", f"{issuer} publishes {len(keys['keys'])} keys")


async def _supervisor(http: httpx.AsyncClient, desk: Desk) -> Finding:
    card = await _get(http, f"{desk.url.rstrip('/')}/{WELL_KNOWN_CARD}")
    if isinstance(card, str):
        return Finding("supervisor", "wrong", f"{desk.url} {card}", "Check the network, then the address.")
    return Finding("supervisor", "ok", f"{desk.url}: {_card(card)}")


def _card(card: dict[str, Any]) -> str:
    protocols = sorted({str(i.get("protocolVersion")) for i in card.get("supportedInterfaces", [])})
    skills = len(card.get("skills", []))
    said = f"version {card.get('version')}, A2A {', '.join(protocols)}, {skills} skill{'s' if skills != 1 else ''}"
    keys = ", ".join(_key_ids(card)) or "no key"
    return f"{said}, signed by {keys}"


def _key_ids(card: dict[str, Any]) -> list[str]:
    """The keys that a card says it is signed by: whoever pins them verifies it, this does not."""
    named = []
    for each in card.get("signatures") or []:
        try:
            protected = str(each["protected"])
            named.append(str(json.loads(urlsafe_b64decode(protected + "=" * (-len(protected) % 4)))["kid"]))
        except (ValueError, TypeError, LookupError):
            named.append("a key without a name")
    return named


async def _get(http: httpx.AsyncClient, url: str) -> dict[str, Any] | str:
    """The JSON object at a URL, or what is wrong."""
    try:
        response = await http.get(url)
    except (httpx.HTTPError, httpx.InvalidURL, OSError):
        return "does not answer"
    if response.status_code != httpx.codes.OK:
        return f"answers with status {response.status_code}"
    try:
        document = response.json()
    except ValueError:
        return "does not answer in JSON"
    return document if isinstance(document, dict) else "does not answer with an object"


def _sign_in(sign_in: SignIn | None, here: Running | None, profile: str) -> Finding:
    name = "sign-in" if profile == "default" else f"sign-in {profile}"
    if sign_in is None:
        return Finding(name, "warning", "nobody is signed in", f"Sign in: {typed('login')}")
    left = sign_in.expires_at - time.time()
    who = f"{sign_in.name} at {sign_in.desk.issuer}"
    if here is not None and here.issuer != sign_in.desk.issuer:
        return Finding(name, "warning", f"{who}, which is not what runs here", f"Sign in again: {typed('login')}")
    if left > 0:
        return Finding(name, "ok", f"{who}; the access token holds for {left / 60:.0f} min")
    if sign_in.refresh_token is None:
        return Finding(name, "warning", f"{who}, which has ended", f"Sign in again: {typed('login')}")
    return Finding(name, "ok", f"{who}; renewed at the next question")


def _show(output: Output, findings: list[Finding]) -> None:
    table = Table.grid(padding=(0, 2, 0, 0))
    for finding in findings:
        mark, style = MARKS[finding.state]
        table.add_row(Text(mark, style=style), Text(finding.name, style="bold"), Text(printable(finding.detail)))
        if finding.remedy:
            table.add_row("", "", Text(finding.remedy, style=style))
    output.people.print(table)

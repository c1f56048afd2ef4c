"""`helpdesk activity`: what was done on the person's own behalf, by which agents, with which rights."""

from datetime import UTC, datetime
from typing import Any, Final

import httpx
from rich.text import Text

from portal._errors import CommandFailed, ExitCode, NotSignedIn, PartAway
from portal.command._audit import moment
from portal.command._desk import profiles, signed_in
from portal.command._options import Options
from portal.record import words_for
from portal.session import Session
from portal.terminal import Output, printable
from shared.http import create_http_client

SECONDS: Final = 20.0


async def activity(options: Options, output: Output, *, since: str | None, limit: int) -> ExitCode:
    """Shows what agents did for who is signed in.

    Args:
        options: Who is signed in.
        output: Where to.
        since: From when on, as people say it.
        limit: How much at most, the newest.
    """
    sign_in = signed_in(options)
    parameters = {"since": str(moment(since) or 0), "limit": str(limit)}
    async with create_http_client() as http:
        session = Session(profiles().of(options.profile), http)
        answer = await _asked(http, sign_in.desk.url, await session.access_token(), parameters)
    records, away = answer["records"], answer["away"]
    output.emit({"event": "activity", "records": records, "away": away})
    for record in records:
        output.say(_line(record))
    if not records:
        output.say("Nothing was done on your behalf in that time.", style="dim")
    if away:
        output.say(f"Away at the moment, and not asked: {printable(', '.join(away))}.", style="yellow")
    return ExitCode.PART_AWAY if away else ExitCode.OK


async def _asked(http: httpx.AsyncClient, url: str, token: str, parameters: dict[str, str]) -> dict[str, Any]:
    try:
        response = await http.get(
            f"{url.rstrip('/')}/activity",
            params=parameters,
            headers={"Authorization": f"Bearer {token}"},
            timeout=SECONDS,
        )
    except httpx.HTTPError as error:
        raise PartAway("supervisor", f"It does not answer at {url} ({type(error).__name__}).") from error
    if response.status_code == httpx.codes.UNAUTHORIZED:
        raise NotSignedIn("The supervisor does not accept your sign-in any more: sign in again.")
    if response.status_code != httpx.codes.OK:
        raise CommandFailed(f"The supervisor does not tell it (status {response.status_code}).")
    answer = response.json()
    return {"records": list(answer.get("records", [])), "away": [str(name) for name in answer.get("away", [])]}


def _line(record: dict[str, Any]) -> Text:
    at = datetime.fromtimestamp(int(record["at"]) / 1000, UTC)
    outcome = str(record["outcome"])
    said = "" if record.get("act") or outcome == "succeeded" else f": {outcome}"
    about = f", {record['resource']}" if record.get("resource") else ""
    rights = f"  with {' '.join(record['scopes'])}" if record.get("scopes") else ""
    until = f" until {datetime.fromtimestamp(int(record['until']), UTC):%H:%M}" if record.get("until") else ""
    approved = f", approved by {record['approver']}" if record.get("approver") else ""
    return Text.assemble(
        (f"{at:%Y-%m-%d %H:%M:%S}  ", "dim"),
        f"{printable(str(record['agent'])):<14}  {printable(words_for(record) + said + about + approved)}",
        (printable(rights + until), "dim"),
    )

"""`helpdesk activity`: what was done on the person's own behalf, by which agents, with which rights."""

from rich.text import Text

from portal._errors import ExitCode
from portal.activity import Deed, activity_request
from portal.command._audit import left_out, moment
from portal.command._desk import profiles, signed_in
from portal.command._options import Options
from portal.session import Session
from portal.terminal import Output, one_line
from shared.http import create_http_client


async def activity(options: Options, output: Output, *, since: str | None, until: str | None, limit: int) -> ExitCode:
    """Shows what agents did for who is signed in.

    Args:
        options: Who is signed in.
        output: Where to.
        since: From when on, as people say it.
        until: Before when, in the same way.
        limit: How much at most, the newest.
    """
    sign_in, begin, end = signed_in(options), moment(since) or 0, moment(until)
    async with create_http_client() as http:
        token = await Session(profiles().of(options.profile), http).access_token()
        told = await activity_request(http, sign_in.desk.url, token, since=begin, until=end, limit=limit)
    output.emit({"event": "activity", "records": list(told.records), "away": list(told.away), "more": told.more})
    for deed in told.deeds:
        output.say(_line(deed))
    if not told.records:
        output.say("Nothing was done on your behalf in that time.", style="dim")
    if told.more and told.records:
        output.note(left_out(int(told.records[0]["at"]), len(told.records)))
    if told.away:
        output.say(f"Away at the moment, and not asked: {one_line(', '.join(told.away))}.", style="yellow")
    return ExitCode.PART_AWAY if told.away else ExitCode.OK


def _line(deed: Deed) -> Text:
    rights = f"  with {' '.join(deed.scopes)}" if deed.scopes else ""
    until = f" until {deed.until:%H:%MZ}" if deed.until is not None else ""
    return Text.assemble(
        (f"{deed.at:%Y-%m-%d %H:%M:%SZ}  ", "dim"),
        f"{one_line(deed.agent):<14}  {one_line(deed.words)}",
        (one_line(rights + until), "dim"),
    )

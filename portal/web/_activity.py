"""`GET /activity`: what agents did on the person's own behalf, as `helpdesk activity` shows it."""

import re
from itertools import groupby
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from portal.activity import Deed, activity_request
from portal.web._pages import page
from portal.web._signed_in import backend_of
from portal.web._turns import shown

MOST: Final = 200
_TIME: Final = re.compile(r"[0-9]{1,15}")


async def activity(request: Request) -> Response:
    """Shows the newest, day by day, the last first; or what was before a time, `until`, in milliseconds since 1970."""
    backend = backend_of(request)
    who = backend.require(request)
    token = await who.session.access_token()
    until = request.query_params.get("until", "")
    told = await activity_request(
        *(backend.http, backend.desk.url, token),
        since=0,
        limit=MOST,
        until=int(until) if _TIME.fullmatch(until) else None,
    )
    newest = sorted(told.deeds, key=lambda deed: deed.at, reverse=True)
    days = [(day, list(deeds)) for day, deeds in groupby(newest, key=_day)]
    older = int(told.records[0]["at"]) + 1 if told.more and told.records else None  # of the same moment, too
    away = [shown(name) for name in told.away]
    return page(request, "activity.html", who=who, days=days, away=away, shown=shown, older=older, until=until)


def _day(deed: Deed) -> str:
    return deed.at.date().isoformat()

"""`GET /activity`: what agents did on the person's own behalf, as `helpdesk activity` shows it."""

from itertools import groupby
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from portal.activity import Deed, activity_request
from portal.web._pages import page
from portal.web._signed_in import backend_of
from portal.web._turns import shown

MOST: Final = 200


async def activity(request: Request) -> Response:
    """Shows the newest, day by day, the last first."""
    backend = backend_of(request)
    who = backend.require(request)
    token = await who.session.access_token()
    told = await activity_request(backend.http, backend.desk.url, token, since=0, limit=MOST)
    newest = sorted(told.deeds, key=lambda deed: deed.at, reverse=True)
    days = [(day, list(deeds)) for day, deeds in groupby(newest, key=_day)]
    return page(request, "activity.html", who=who, days=days, away=[shown(name) for name in told.away], shown=shown)


def _day(deed: Deed) -> str:
    return deed.at.date().isoformat()

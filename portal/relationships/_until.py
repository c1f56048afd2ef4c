"""Until when something is granted: a moment, or how long from now."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from portal._errors import CommandFailed

LONGEST: Final = timedelta(days=90)
"""What lasts longer is no exception: it belongs in the directory."""

_SPAN: Final = re.compile(r"(\d{1,4})\s*([mhd])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}


def until(text: str, now: datetime) -> datetime:
    """The moment that a text says: `8h`, `3d`, `90m`, or an ISO 8601 date and time (UTC where it names no offset).

    Raises:
        CommandFailed: It says none, one that has passed, or one that is too far away.
    """
    span = _SPAN.fullmatch(text.strip())
    if span:
        moment = now + timedelta(**{_UNITS[span[2]]: int(span[1])})
    else:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise CommandFailed(
                f"--until {text!r} is no time: say how long (8h, 3d) or when (2026-12-24T18:00)."
            ) from None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not now < moment <= now + LONGEST:
        raise CommandFailed(
            f"--until {text!r} has passed, or is more than {LONGEST.days} days away: what lasts longer belongs in the "
            "directory, from where it is synchronised."
        )
    return moment.astimezone(UTC)

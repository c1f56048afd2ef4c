"""Times as people say them; always in UTC, which the text names."""

from datetime import UTC, datetime, timedelta

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_FEW_DAYS = 45


def moment(at: datetime) -> str:
    """`Monday 23 November 2026, 22:37 UTC`."""
    at = at.astimezone(UTC)
    return f"{at:%A} {at.day} {at:%B %Y, %H:%M} UTC"


def day(at: datetime) -> str:
    """`23 November 2026`."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%B %Y}"


def span(length: timedelta) -> str:
    """`40 minutes`, `3 hours`, `12 days`: the largest unit that says it well."""
    seconds = abs(length.total_seconds())
    if seconds < _MINUTE:
        return "less than a minute"
    if seconds < 2 * _HOUR:
        return count(round(seconds / _MINUTE), "minute")
    if seconds < 2 * _DAY:
        return count(round(seconds / _HOUR), "hour")
    days = round(seconds / _DAY)
    return count(days, "day") if days <= _FEW_DAYS else count(round(days / 30.44), "month")


def relative(at: datetime, now: datetime) -> str:
    """`40 minutes ago`, `in 12 days`."""
    return f"{span(now - at)} ago" if at <= now else f"in {span(at - now)}"


def count(number: int, noun: str) -> str:
    """`1 day`, `2 days`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"

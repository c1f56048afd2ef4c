"""Lists by page (`page`, `per_page`, `include_totals`) and from a checkpoint (`from`, `take`)."""

import re
from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from local.tenant._endpoint import json_response
from local.tenant.management._call import Call, bad_query

PAGE = ("page", "per_page", "include_totals")
CHECKPOINT = ("from", "take")
FIELDS = ("fields", "include_fields")
MAX_PER_PAGE = 100
DEFAULT_PER_PAGE = 50
_NUMBER = re.compile(r"[0-9]{1,9}")


def paged(call: Call, name: str, items: Sequence[dict[str, Any]]) -> Response:
    """The part of a list that is asked for, as a list, or with totals as the member `name` of an object."""
    page, per_page = number(call, "page", 0), number(call, "per_page", DEFAULT_PER_PAGE)
    if not 1 <= per_page <= MAX_PER_PAGE:
        raise bad_query(f"per_page must be between 1 and {MAX_PER_PAGE}")
    start = page * per_page
    part = _fields(call, items[start : start + per_page])
    if not truth(call, "include_totals"):
        return json_response(part)
    return json_response({"start": start, "limit": per_page, "length": len(part), "total": len(items), name: part})


def from_checkpoint(call: Call, name: str, items: Sequence[dict[str, Any]], *, key: str = "id") -> Response:
    """The part of a list that begins after a checkpoint: the `next` of the part before."""
    if not {"from", "take"} & call.query.keys():
        return paged(call, name, items)
    take, after = number(call, "take", DEFAULT_PER_PAGE), call.query.get("from")
    if not 1 <= take <= MAX_PER_PAGE:
        raise bad_query(f"take must be between 1 and {MAX_PER_PAGE}")
    start = 0
    if after is not None:
        keys = [item[key] for item in items]
        if after not in keys:
            raise bad_query("from is no checkpoint")
        start = keys.index(after) + 1
    part = items[start : start + take]
    more = {"next": part[-1][key]} if start + take < len(items) else {}
    return json_response({name: _fields(call, part), **more})


def number(call: Call, name: str, default: int) -> int:
    """A parameter of the query that is a number.

    Raises:
        ManagementRefusal: 400, if it is none.
    """
    value = call.query.get(name)
    if value is None:
        return default
    if _NUMBER.fullmatch(value) is None:
        raise bad_query(f"{name} must be a number")
    return int(value)


def truth(call: Call, name: str) -> bool:
    """A parameter of the query that is `true` or `false`; without it, `false`.

    Raises:
        ManagementRefusal: 400, if it is neither.
    """
    value = call.query.get(name, "false")
    if value not in {"true", "false"}:
        raise bad_query(f"{name} must be true or false")
    return value == "true"


def _fields(call: Call, items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    names = set(filter(None, call.query.get("fields", "").split(",")))
    if not names:
        return list(items)
    include = call.query.get("include_fields", "true") == "true"
    return [{name: value for name, value in item.items() if (name in names) is include} for item in items]

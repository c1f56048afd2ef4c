"""`/api/v2/logs`."""

from starlette.responses import Response

from local.tenant._endpoint import json_response
from local.tenant.management._call import Call, bad_query
from local.tenant.management._paging import DEFAULT_PER_PAGE, MAX_PER_PAGE, number

_FIELDS = {"type": "kind", "client_id": "client_id", "user_id": "user_id"}


def list_logs(call: Call) -> Response:
    """`GET /logs`: newest first; `q` takes `type:`, `client_id:` and `user_id:`, joined by AND."""
    page, per_page = number(call, "page", 0), number(call, "per_page", DEFAULT_PER_PAGE)
    if not 1 <= per_page <= MAX_PER_PAGE:
        raise bad_query(f"per_page must be between 1 and {MAX_PER_PAGE}")
    events = call.tenant.log.read(**_conditions(call.query.get("q", "")), limit=(page + 1) * per_page)
    return json_response(events[page * per_page :])


def _conditions(query: str) -> dict[str, str]:
    conditions: dict[str, str] = {}
    for term in filter(None, query.split(" AND ")):
        name, separator, value = term.strip().partition(":")
        if not separator or name not in _FIELDS:
            raise bad_query("The local tenant searches logs by type, client_id and user_id only")
        conditions[_FIELDS[name]] = value.strip('"')
    return conditions

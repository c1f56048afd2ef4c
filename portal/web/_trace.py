"""The span of a request, and the trace that goes along to the supervisor (W3C Trace Context).

A span is begun once it is known whose request it is: whoever can send requests could otherwise fill the receiver. A
browser's own trace context is not looked at; the supervisor links to ours, as to that of everybody who is no agent.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Final

from starlette.routing import Route
from starlette.types import Scope

from shared.telemetry import OTHER, Span, bind_ids, now, receive, trace_id, traceparent

_SPAN: Final = "helpdesk.span"
_REQUEST: Final = "helpdesk.request_of_span"
FIRST_FAILURE: Final = 500


def note_arrival(scope: Scope, stack: ExitStack) -> None:
    """Keeps when a request came, and what is undone at its end."""
    scope[_REQUEST] = (now(), stack)


def begin_trace(scope: Scope) -> None:
    """Begins the span of a request whose person is known; once."""
    if _SPAN in scope or _REQUEST not in scope:
        return
    began, stack = scope[_REQUEST]
    opened = scope[_SPAN] = receive(scope["method"], {}, trusted=False, began=began)
    stack.callback(opened.end)
    stack.enter_context(opened.active())
    bind_ids(trace_id=trace_id())


def end_trace(scope: Scope, *, status: int, request_id: str) -> None:
    """Says what came of it."""
    opened: Span | None = scope.get(_SPAN)
    if opened is None:
        return
    template = _template(scope)
    opened.name(f"{scope['method']} {template}")
    opened.set(
        {
            "http.request.method": scope["method"],
            "http.response.status_code": status or None,
            "url.template": template,
            "helpdesk.request.id": request_id,
        }
    )
    if status >= FIRST_FAILURE:
        opened.fail(str(status))


def trace_headers() -> Mapping[str, str]:
    """What goes along with a request under the span that is active."""
    line = traceparent()
    return {"traceparent": line} if line is not None else {}


def _template(scope: Scope) -> str:
    """The path without what stands in it: ids would make a name of each."""
    endpoint = scope.get("endpoint")
    routes = [route for route in scope["app"].routes if isinstance(route, Route)]
    return next((route.path for route in routes if route.endpoint is endpoint), OTHER)

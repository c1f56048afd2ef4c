"""A request's span on the side that serves, and a hop's on the side that calls."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.types import Scope

from shared.a2a._body import header
from shared.a2a._caller import SESSION_HEADER, Caller
from shared.a2a._operations import STREAMING, UNARY
from shared.a2a._v03 import METHODS as METHODS_03
from shared.errors import HelpdeskError
from shared.telemetry import OTHER, Span, begin, bind_ids, metrics, now, receive, tally, trace_id

METHODS: Final = frozenset({*UNARY, *STREAMING, *METHODS_03})
SYSTEM: Final = "jsonrpc"
_BEGAN: Final = "helpdesk.began"
_SPAN: Final = "helpdesk.span"
_SESSION: Final = SESSION_HEADER.lower().encode()
_CONTEXT: Final = ("traceparent", "tracestate")


def note_arrival(scope: Scope) -> None:
    """Keeps when a request came: its span begins there, though whose trace it belongs to is known later."""
    scope[_BEGAN] = now()


def begin_trace(scope: Scope, caller: Caller) -> Span:
    """Begins the span of a request that was let in.

    One of our own agents has its trace continued: it proved who it is with a token of its own. Of anybody else's trace
    a link is kept (`docs/adr/0034-traces.md`).
    """
    opened = receive(
        scope["method"], _carrier(scope), trusted=caller.agent is not None, began=scope.get(_BEGAN) or now()
    )
    session = header(scope, _SESSION)
    opened.set(
        {
            "http.request.method": scope["method"],
            "helpdesk.client.id": (caller.agent or caller.user).client_id,
            "session.id": session.decode("latin-1") if session is not None else None,
        }
    )
    with opened.active():
        bind_ids(trace_id=trace_id())
    scope[_SPAN] = opened
    return opened


def end_trace(scope: Scope, *, status: int, request_id: str, line: dict[str, Any]) -> None:
    """Ends it, with what the request's line in the log says, too."""
    opened: Span | None = scope.get(_SPAN)
    if opened is None:
        return
    method, reason = line.get("method"), line.get("reason")
    if method is not None:
        opened.name(known(method))
    opened.set(
        {
            "http.response.status_code": status or None,
            "rpc.system.name": SYSTEM if method is not None else None,
            "rpc.method": known(method) if method is not None else None,
            "gen_ai.conversation.id": line.get("context_id"),
            "helpdesk.task.id": line.get("task_id"),
            "helpdesk.request.id": request_id,
            "error.type": reason,
        }
    )
    if reason is not None and line.get("outcome") == "error":
        opened.fail(reason)
    opened.end()


def known(method: str) -> str:
    """A method that is one; what anybody may send is no name of a span, and no label."""
    return method if method in METHODS else OTHER


@contextmanager
def hop(agent: str, method: str, url: str) -> Iterator[Span]:
    """The span of a call of another agent, measured; it is not active, for generators yield within.

    Args:
        agent: Which agent.
        method: The operation.
        url: Where the agent is.
    """
    address = urlsplit(url)
    opened = begin(
        method,
        kind="client",
        attributes={
            "rpc.system.name": SYSTEM,
            "rpc.method": method,
            "gen_ai.agent.name": agent,
            "server.address": address.hostname,
            "server.port": address.port,
        },
    )
    began, reason = time.perf_counter(), None
    try:
        yield opened
    except HelpdeskError as error:
        reason = error.reason
        raise
    except (asyncio.CancelledError, GeneratorExit):  # nobody waits for it any more
        reason = "abandoned"
        raise
    except Exception as error:
        reason = type(error).__name__
        raise
    finally:
        seconds = time.perf_counter() - began
        tally().hop(agent, seconds)
        metrics.HOPS.record(seconds, agent, method, reason)
        if reason is not None:
            opened.fail(reason)
        opened.end()


def _carrier(scope: Scope) -> dict[str, str]:
    """The caller's trace context; where it says two, it says none."""
    found: dict[str, str] = {}
    for name in _CONTEXT:
        values = [value for key, value in scope["headers"] if key == name.encode()]
        if len(values) == 1:
            found[name] = values[0].decode("latin-1")
    return found

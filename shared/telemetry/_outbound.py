"""Calls of the parts that an agent stands on: a span each, and how long they took. No trace context goes there."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from shared.errors import HelpdeskError
from shared.telemetry import _metrics as metrics
from shared.telemetry._trace import span

FIRST_ERROR: Final = 400


@dataclass(slots=True)
class Outbound:
    """One call.

    Attributes:
        status: What was answered, by HTTP's number; to be set where something was.
    """

    status: int | None = None


@contextmanager
def outbound(part: str, method: str, template: str, *, url: str) -> Iterator[Outbound]:
    """Sees one HTTP request of our own to another part.

    Args:
        part: Which part, in a word.
        method: HTTP's.
        template: The path, with names in braces where ids would be.
        url: Where the part is; of it only host and port are told.
    """
    address = urlsplit(url)
    call, began, reason = Outbound(), time.perf_counter(), None
    try:
        with span(
            f"{method} {template}",
            kind="client",
            attributes={
                "http.request.method": method,
                "url.template": template,
                "server.address": address.hostname,
                "server.port": address.port,
            },
        ) as calling:
            yield call
            calling.set({"http.response.status_code": call.status})
            if call.status is not None and call.status >= FIRST_ERROR:
                reason = str(call.status)
                calling.fail(reason)
    except HelpdeskError as error:
        reason = error.reason
        raise
    except asyncio.CancelledError:
        reason = "abandoned"
        raise
    except Exception as error:
        reason = type(error).__name__
        raise
    finally:
        metrics.CALLS.record(time.perf_counter() - began, part, method, call.status, reason)

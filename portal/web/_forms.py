"""What a browser sends: read up to a length, and believed only where our own page sent it."""

import asyncio
import hmac
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from portal.web._signed_in import SignedIn
from shared.errors import HelpdeskError

MAX_BODY_BYTES: Final = 64 * 1024
MAX_FIELDS: Final = 16
BODY_SECONDS: Final = 30.0
TOKEN_FIELD: Final = "form_token"  # noqa: S105 -- the field's name
FORM: Final = "application/x-www-form-urlencoded"


class FormRefused(HelpdeskError):
    """A form that is not one of ours, or too long; `status` is HTTP's."""

    code = "form_refused"

    def __init__(self, message: str, *, status: int, detail: str) -> None:
        self.status = status
        super().__init__(message, detail=detail)


async def read_form(request: Request, who: SignedIn, *, origin: str) -> dict[str, str]:
    """The fields of a form of ours, that this session's own page sent.

    Raises:
        FormRefused: it is none.
    """
    _require_own_page(request, origin)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise FormRefused("This form cannot be read.", status=415, detail="content type")
    body = await body_of(request)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError:
        raise FormRefused("This form cannot be read.", status=400, detail="not a form") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise FormRefused("This form cannot be read.", status=400, detail="a field stands twice")
    if not hmac.compare_digest(fields.pop(TOKEN_FIELD, "").encode(), who.form_token.encode()):
        raise FormRefused("This page is out of date: load it again.", status=403, detail="form token")
    return fields


def _require_own_page(request: Request, origin: str) -> None:
    """A browser says which page a form comes from, and no page can have it say otherwise (Fetch §3.2)."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    if request.headers.get("origin", "").lower() != origin or site != "same-origin":
        raise FormRefused("This form was not sent from here.", status=403, detail="origin")


async def body_of(request: Request) -> bytes:
    """What was sent, if it is not too long and does not take too long.

    Raises:
        FormRefused: it is, or does.
    """
    declared = request.headers.get("content-length", "0")
    body = bytearray()
    if declared.isascii() and declared.isdigit() and int(declared) <= MAX_BODY_BYTES:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > MAX_BODY_BYTES:
                        break
                else:
                    return bytes(body)
        except TimeoutError:
            raise FormRefused("This took too long.", status=408, detail="body") from None
    raise FormRefused("This is too long.", status=413, detail=f"more than {MAX_BODY_BYTES} bytes")

"""How a gateway says no: the statuses, bodies and challenges that AgentCore documents or has been seen to send."""

from typing import Final

from starlette.responses import JSONResponse, Response

FORBIDDEN: Final = "Authorization error - Insufficient permissions"
METADATA_PATH: Final = "/.well-known/oauth-protected-resource"

_CHALLENGED: Final = frozenset({401, 403})
_CODES: Final = {400: -32700, 401: -32001, 403: -32002}
_INTERNAL_ERROR: Final = -32603


class Refusal(Exception):
    """A request that goes no further.

    Args:
        status: HTTP's: 401 where no token will do, 403 where the token lacks something.
        message: What the body says.
        error: The code of RFC 6750 §3.1 in the challenge, where there was a token.
        reason: What was wrong, for the log alone.
    """

    def __init__(self, status: int, message: str = FORBIDDEN, *, error: str | None = None, reason: str) -> None:
        self.status = status
        self.message = message
        self.error = error
        self.reason = reason
        super().__init__(f"{status} {reason}")


def respond(refusal: Refusal, *, metadata_url: str, scopes: tuple[str, ...]) -> Response:
    """The answer to a request that was refused: a JSON-RPC error with an HTTP status of its own.

    Args:
        refusal: Why.
        metadata_url: Where the protected resource metadata is (RFC 9728 §5.1).
        scopes: What a token needs.
    """
    code = _CODES.get(refusal.status, _INTERNAL_ERROR)
    body = {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": refusal.message}}
    headers = {"WWW-Authenticate": _challenge(refusal, metadata_url, scopes)} if refusal.status in _CHALLENGED else None
    return JSONResponse(body, refusal.status, headers=headers)


def _challenge(refusal: Refusal, metadata_url: str, scopes: tuple[str, ...]) -> str:
    parts = [f'error="{refusal.error}"'] if refusal.error is not None else []
    parts.append(f'resource_metadata="{metadata_url}"')
    if scopes:
        parts.append(f'scope="{" ".join(scopes)}"')
    return f"Bearer {', '.join(parts)}"

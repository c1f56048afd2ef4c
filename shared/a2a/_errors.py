"""What the caller sees of an error: one table, with a closed default.

Errors of our own know no HTTP and no JSON-RPC; here each class has its face in both. The errors of the A2A protocol
have theirs in the SDK's tables. Anything else is an internal error whose text goes to the log alone.
"""

import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from a2a.utils.error_handlers import build_error_details
from a2a.utils.errors import A2A_ERROR_MAPPING, JSON_RPC_ERROR_CODE_MAP, A2AError, InternalError, JSONParseError

from shared.errors import (
    AccountNotConnected,
    ApprovalEnded,
    AuditUnavailable,
    AuthenticationError,
    AuthorizationDenied,
    AuthorizationError,
    CallerNotAllowed,
    ClientAuthenticationError,
    ConfigurationError,
    HelpdeskError,
    InsufficientScope,
    InvalidMessage,
    InvalidToken,
    OAuthError,
    ProtocolError,
    TokenMissing,
    TooManyRequests,
    UpstreamError,
    UpstreamRefused,
    UpstreamUnavailable,
    WaitsForPerson,
)

ERROR_INFO_TYPE: Final = "type.googleapis.com/google.rpc.ErrorInfo"
ERROR_DOMAIN: Final = "helpdesk.example"
INTERNAL_MESSAGE: Final = "Something went wrong on our side."


class PayloadTooLarge(ProtocolError):
    """The body is longer than what is read (RFC 9110 §15.5.14)."""

    code = "payload_too_large"
    public_message = "The request body is too long."


class BodyTooSlow(ProtocolError):
    """The body did not come to its end in time (RFC 9110 §15.5.9)."""

    code = "body_too_slow"
    public_message = "The request body did not come in time."


class HeadersTooLarge(ProtocolError):
    """The headers are (RFC 6585 §5)."""

    code = "headers_too_large"
    public_message = "The request headers are too long."


class MediaTypeNotSupported(ProtocolError):
    """The body is not said to be JSON in UTF-8 (RFC 9110 §15.5.16)."""

    code = "media_type_not_supported"
    public_message = "The Content-Type must be application/json."


class Face(NamedTuple):
    """How an error looks from outside.

    Attributes:
        http: The HTTP status.
        rpc: The JSON-RPC code. -32001 is AgentCore's for a call that is not authenticated, -32053 its own for quotas;
            -32050 and -32043 are ours, in the range that JSON-RPC 2.0 §5.1 leaves to servers.
        status: The canonical name of `google.rpc.Code`, for the HTTP+JSON binding.
        outcome: What the record says of it.
    """

    http: int
    rpc: int
    status: str
    outcome: str


_UNAUTHENTICATED: Final = Face(401, -32001, "UNAUTHENTICATED", "denied")
_FORBIDDEN: Final = Face(403, -32043, "PERMISSION_DENIED", "denied")
_AWAY: Final = Face(503, -32050, "UNAVAILABLE", "error")
_INTERNAL: Final = Face(500, -32603, "INTERNAL", "error")

FACES: Final[Mapping[type[HelpdeskError], Face]] = {
    HelpdeskError: _INTERNAL,
    ConfigurationError: _INTERNAL,
    AuthenticationError: _UNAUTHENTICATED,
    TokenMissing: _UNAUTHENTICATED,
    InvalidToken: _UNAUTHENTICATED,
    # Our own credentials were refused: the caller can do nothing about it but come back.
    ClientAuthenticationError: _AWAY,
    AuthorizationError: _FORBIDDEN,
    InsufficientScope: _FORBIDDEN,
    CallerNotAllowed: _FORBIDDEN,
    AuthorizationDenied: _FORBIDDEN,
    ApprovalEnded: _FORBIDDEN,
    # Where a task can wait it does; where there is none, whoever asks has to come back.
    WaitsForPerson: _FORBIDDEN,
    AccountNotConnected: _FORBIDDEN,
    ProtocolError: Face(400, -32600, "INVALID_ARGUMENT", "refused"),
    PayloadTooLarge: Face(413, -32600, "INVALID_ARGUMENT", "refused"),
    BodyTooSlow: Face(408, -32600, "INVALID_ARGUMENT", "refused"),
    HeadersTooLarge: Face(431, -32600, "INVALID_ARGUMENT", "refused"),
    MediaTypeNotSupported: Face(415, -32005, "INVALID_ARGUMENT", "refused"),
    InvalidMessage: Face(400, -32602, "INVALID_ARGUMENT", "refused"),
    TooManyRequests: Face(429, -32053, "RESOURCE_EXHAUSTED", "refused"),
    OAuthError: _AWAY,
    UpstreamError: Face(502, -32050, "UNAVAILABLE", "error"),
    UpstreamUnavailable: _AWAY,
    AuditUnavailable: _AWAY,
    UpstreamRefused: Face(502, -32050, "UNAVAILABLE", "error"),
}
"""Every class that derives from `HelpdeskError`; `tests/a2a` holds it to that."""


class Answer(NamedTuple):
    """An error as it is answered: the status and headers for HTTP, and the fields of both bindings' bodies."""

    http: int
    rpc: int
    status: str
    message: str
    details: list[dict[str, Any]]
    headers: dict[str, str]
    outcome: str


def answer_of(error: Exception) -> Answer:
    """What is answered for `error`; nothing of it but what its author meant for the caller."""
    if isinstance(error, HelpdeskError):
        return _ours(error)
    if isinstance(error, A2AError) and type(error) in JSON_RPC_ERROR_CODE_MAP and not isinstance(error, InternalError):
        return _protocols(error)
    return Answer(*_INTERNAL[:3], INTERNAL_MESSAGE, [_error_info("INTERNAL_ERROR")], {}, _INTERNAL.outcome)


def _ours(error: HelpdeskError) -> Answer:
    face = FACES.get(type(error), _INTERNAL)
    is_internal = face is _INTERNAL
    retry_after = getattr(error, "retry_after", None)
    return Answer(
        face.http,
        face.rpc,
        face.status,
        INTERNAL_MESSAGE if is_internal else error.public_message,
        [_error_info("INTERNAL_ERROR" if is_internal else error.code.upper())],
        {"Retry-After": str(max(1, math.ceil(retry_after)))} if retry_after is not None else {},
        face.outcome,
    )


def _protocols(error: A2AError) -> Answer:
    mapping = A2A_ERROR_MAPPING.get(type(error))
    if isinstance(error, JSONParseError) or mapping is None:  # the one class that the SDK gives no REST status
        http, status, details = 400, "INVALID_ARGUMENT", [_error_info("INVALID_JSON")]
    else:
        http, status, details = mapping.http_code, mapping.grpc_status, build_error_details(error)
    return Answer(http, JSON_RPC_ERROR_CODE_MAP[type(error)], status, error.message, details, {}, "refused")


def _error_info(reason: str) -> dict[str, Any]:
    return {"@type": ERROR_INFO_TYPE, "reason": reason, "domain": ERROR_DOMAIN, "metadata": {}}


def rpc_body(answer: Answer, request_id: str | int | None) -> dict[str, Any]:
    """The error in JSON-RPC 2.0's form (§5.1), details as A2A 1.0 §9.5 has them."""
    return {
        "jsonrpc": "2.0",
        "id": request_id,
        "error": {"code": answer.rpc, "message": answer.message, "data": answer.details},
    }


def rest_body(answer: Answer) -> dict[str, Any]:
    """The error in the HTTP+JSON binding's form (A2A 1.0 §11.6, google.rpc.Status)."""
    return {
        "error": {"code": answer.http, "status": answer.status, "message": answer.message, "details": answer.details}
    }

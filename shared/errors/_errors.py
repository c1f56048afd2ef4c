"""The errors of the help desk, by what went wrong; none of them knows HTTP or JSON-RPC.

    HelpdeskError
    ├── ConfigurationError            a setting is missing or unsafe; the process does not start
    ├── AuthenticationError           who is calling could not be established
    │   ├── TokenMissing
    │   ├── InvalidToken              every check on a token that failed; `code` says which
    │   └── ClientAuthenticationError
    ├── AuthorizationError
    │   ├── InsufficientScope
    │   ├── CallerNotAllowed          a valid token of a client that may not call here, or not for this user
    │   ├── AuthorizationDenied       a relationship is missing
    │   └── ApprovalEnded             what a person was asked to approve will not be done
    ├── WaitsForPerson                the work goes on once a person has done something elsewhere
    │   └── AccountNotConnected       their account at another system is not connected, or no longer
    ├── ProtocolError                 what came in cannot be understood or is not offered
    │   ├── InvalidMessage
    │   └── TooManyRequests           a quota of ours
    ├── OAuthError                    an authorization server's own refusal, by RFC code
    └── UpstreamError                 a part this one stands on did not do its work
        ├── UpstreamUnavailable       away, slow or rate-limited: trying again later can help
        │   └── AuditUnavailable      no record can be made, so that the act does not happen
        └── UpstreamRefused           answered, and said no

An error has two faces: `public_message` may be shown to the caller, `detail` goes to the log alone.
`code` is stable and unique to a cause; the edge (`shared.a2a`) maps classes to the protocols' own codes.
"""

from collections.abc import Awaitable, Callable
from typing import ClassVar


class HelpdeskError(Exception):
    """The root of all errors that this system raises on purpose."""

    code: ClassVar[str] = "internal_error"
    public_message: str = "Something went wrong on our side."

    def __init__(self, public_message: str | None = None, *, detail: str = "", code: str | None = None) -> None:
        if public_message is not None:
            self.public_message = public_message
        self.detail = detail
        self.reason = code or self.code
        super().__init__(f"{self.reason}: {detail or self.public_message}")


class ConfigurationError(HelpdeskError):
    """A setting is missing or unsafe. The text is one line that names the setting and its remedy."""

    code = "configuration"

    def __init__(self, message: str) -> None:
        super().__init__(message, detail=message)


class AuthenticationError(HelpdeskError):
    """Who is calling could not be established."""

    code = "authentication"
    public_message = "The request is not authenticated."


class TokenMissing(AuthenticationError):
    """No bearer token came with the request (RFC 6750 §3: a challenge without an error code)."""

    code = "token_missing"
    public_message = "A bearer token is needed."


class InvalidToken(AuthenticationError):
    """The token failed a check; `reason` names it (`token_expired`, `token_audience_mismatch`, …)."""

    code = "invalid_token"
    public_message = "The access token is not valid here."


class ClientAuthenticationError(AuthenticationError):
    """The authorization server did not accept this client's own credentials."""

    code = "invalid_client"
    public_message = "This service could not sign in to the authorization server."


class AuthorizationError(HelpdeskError):
    """The caller is known and may not do this."""

    code = "authorization"
    public_message = "You may not do this."


class InsufficientScope(AuthorizationError):
    """The token lacks a scope (RFC 6750 §3.1 `insufficient_scope`); `scopes` are those that are needed."""

    code = "insufficient_scope"
    public_message = "The access token lacks a scope that this needs."

    def __init__(self, scopes: tuple[str, ...], *, detail: str = "") -> None:
        self.scopes = scopes
        super().__init__(detail=detail or f"needs {' '.join(scopes)}")


class CallerNotAllowed(AuthorizationError):
    """The client, or the chain of actors, may not call here on this user's behalf."""

    code = "caller_not_allowed"
    public_message = "This caller may not call here."


class AuthorizationDenied(AuthorizationError):
    """A relationship that the act needs is missing."""

    code = "authorization_denied"


class ApprovalEnded(AuthorizationError):
    """What a person was asked to approve will not be done: another act, too late, or taken by somebody else."""

    code = "approval_ended"
    public_message = "The approval does not hold for this."


class WaitsForPerson(HelpdeskError):
    """The work goes on once a person has done something elsewhere; nothing was done yet that they asked for.

    Its public message says to them what that is. A tool that raises it has its task wait (`shared.agent_loop`), and is
    called again, with the same arguments, when the task goes on.

    Attributes:
        waits_for: What is waited for, in one word for programs: `connect-account`.
        subject: Which one: the connection.
        url: Where the person does it, if there is such a place.
        expires_at: Until when it makes sense to wait, in seconds since the epoch; None leaves that to the task.
        resume: What the tool is given back when it is called again; never a secret, for the task's owner sees it.
        is_over: Tells, as often as it is asked, whether the person has done it; without it the task goes on with the
            next message to it alone.
    """

    code = "waits_for_person"
    public_message = "This waits for you."
    kind: ClassVar[str] = "person"

    def __init__(
        self,
        public_message: str | None = None,
        *,
        subject: str,
        kind: str | None = None,
        url: str | None = None,
        expires_at: float | None = None,
        resume: str = "",
        is_over: Callable[[], Awaitable[bool]] | None = None,
        detail: str = "",
        code: str | None = None,
    ) -> None:
        self.waits_for = kind or self.kind
        self.subject = subject
        self.url = url
        self.expires_at = expires_at
        self.resume = resume
        self.is_over = is_over
        super().__init__(public_message, detail=detail or f"{self.waits_for} {subject}", code=code)


class AccountNotConnected(WaitsForPerson):
    """The person's account at another system is not connected, or its connection does not work any more."""

    code = "account_not_connected"
    public_message = "Your account there is not connected."
    kind = "connect-account"


class ProtocolError(HelpdeskError):
    """What came in cannot be understood, or is not offered here."""

    code = "protocol"
    public_message = "The request cannot be understood."


class InvalidMessage(ProtocolError):
    """The message is empty, too long, of the wrong kind or wrongly encoded."""

    code = "invalid_message"


class TooManyRequests(ProtocolError):
    """A quota of this service; `retry_after` is in seconds."""

    code = "too_many_requests"
    public_message = "Too many requests; try again shortly."

    def __init__(self, public_message: str | None = None, *, retry_after: float = 1.0, detail: str = "") -> None:
        self.retry_after = retry_after
        super().__init__(public_message, detail=detail)


class OAuthError(HelpdeskError):
    """An authorization server's refusal: `error` is the RFC's code, `status` the HTTP status it came with."""

    code = "oauth"
    public_message = "The authorization server refused the request."

    def __init__(self, error: str, description: str = "", *, status: int = 400) -> None:
        self.error = error
        self.description = description
        self.status = status
        super().__init__(detail=f"{status} {error}: {description}")


class UpstreamError(HelpdeskError):
    """A part that this one stands on did not do its work; `part` names it for people."""

    code = "upstream"

    def __init__(
        self, part: str, public_message: str | None = None, *, detail: str = "", code: str | None = None
    ) -> None:
        self.part = part
        super().__init__(public_message or f"The {part} could not do this.", detail=detail, code=code)


class UpstreamUnavailable(UpstreamError):
    """Away, slow or rate-limited: trying again later can help.

    Attributes:
        retry_after: In seconds, if it said so.
        outcome_unknown: An act was asked for, and may have happened all the same: look before trying again.
    """

    code = "upstream_unavailable"

    def __init__(
        self, part: str, *, retry_after: float | None = None, detail: str = "", outcome_unknown: bool = False
    ) -> None:
        self.retry_after = retry_after
        self.outcome_unknown = outcome_unknown
        super().__init__(part, f"The {part} is not available right now.", detail=detail)


class AuditUnavailable(UpstreamUnavailable):
    """The audit trail cannot be written: what needs a record does not happen.

    Args:
        detail: Why, for the log.
        may_be_kept: Whether the record was sent, and will be kept as soon as that can be: it is only late.
    """

    code = "audit_unavailable"

    def __init__(self, *, detail: str = "", may_be_kept: bool = False) -> None:
        super().__init__("audit trail", detail=detail)
        self.may_be_kept = may_be_kept


class UpstreamRefused(UpstreamError):
    """It answered, and said no; trying again as it is will not help."""

    code = "upstream_refused"

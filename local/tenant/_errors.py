"""Refusals, in Auth0's own words.

Auth0's texts are kept where they are known (`README.md` says which are assumed); clients must not parse them.
"""

from collections.abc import Mapping
from typing import Any

from shared.errors import HelpdeskError, OAuthError


class Refusal(OAuthError):
    """What an endpoint answers instead of what was asked for.

    Args:
        status: HTTP status.
        error: OAuth error code.
        description: Goes to the caller as `error_description`.
        headers: Further response headers.
        members: Further members of the JSON body.
        log_kind: The log type code, where it is not the usual one.
    """

    def __init__(
        self,
        status: int,
        error: str,
        description: str,
        *,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
        log_kind: str | None = None,
    ) -> None:
        self.log_kind = log_kind
        self.headers = dict(headers or {})
        self.members = dict(members or {})
        super().__init__(error, description, status=status)

    @property
    def body(self) -> dict[str, Any]:
        """The JSON body (RFC 6749 §5.2)."""
        return {"error": self.error, "error_description": self.description, **self.members}


class ManagementRefusal(HelpdeskError):
    """A refusal of the Management API, which has a form of its own."""

    code = "management"

    def __init__(self, status: int, error: str, message: str, error_code: str | None = None) -> None:
        self.status = status
        self.body: dict[str, Any] = {"statusCode": status, "error": error, "message": message}
        if error_code:
            self.body["errorCode"] = error_code
        super().__init__(message)


class AccountRefusal(HelpdeskError):
    """A refusal of the My Account API, which answers in the form of RFC 9457."""

    code = "my_account"

    def __init__(self, status: int, title: str, detail: str, *, field: str | None = None) -> None:
        self.status = status
        self.body: dict[str, Any] = {
            "type": f"https://auth0.com/api-errors/A0E-{status}-0001",
            "status": status,
            "title": title,
            "detail": detail,
        }
        if field is not None:
            self.body["validation_errors"] = [{"detail": detail, "field": field}]
        super().__init__(detail)


def missing_parameter(name: str) -> Refusal:
    """A parameter without which the request means nothing."""
    return Refusal(400, "invalid_request", f"Missing required parameter: {name}")


def unauthorized() -> Refusal:
    """One answer for an unknown client and for a wrong secret, so that neither can be told from the other."""
    return Refusal(401, "access_denied", "Unauthorized")


def service_not_found(audience: str) -> Refusal:
    """The audience is no API of this tenant."""
    return Refusal(403, "access_denied", f"Service not found: {audience}")


def invalid_grant(description: str) -> Refusal:
    """The code, token or device code is wrong, used or expired."""
    return Refusal(403, "invalid_grant", description)


def user_is_blocked() -> Refusal:
    """The person has been blocked in the tenant."""
    return invalid_grant("user is blocked")

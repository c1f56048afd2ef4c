"""Okta's errors: codes, statuses and summaries as in its reference (developer.okta.com/docs/reference/error-codes)."""

from dataclasses import dataclass, field

from starlette.responses import JSONResponse, Response

from local.directory._identifiers import random_identifier

_CATALOGUE: dict[str, tuple[int, str]] = {
    "E0000001": (400, "Api validation failed: {0}"),
    "E0000006": (403, "You do not have permission to perform the requested action"),
    "E0000007": (404, "Not found: {0}"),
    "E0000008": (404, "The requested path was not found"),
    "E0000009": (500, "Internal Server Error"),
    "E0000010": (503, "Service is in read only mode"),
    "E0000011": (401, "Invalid token provided"),
    "E0000016": (403, "Activation failed because the user is already active"),
    "E0000017": (403, "Password reset failed"),
    "E0000022": (405, "The endpoint does not support the provided HTTP method"),
    "E0000028": (400, "The request is missing a required parameter."),
    "E0000029": (400, "Invalid paging request."),
    "E0000030": (
        400,
        (
            "Bad request. Invalid date. Dates must be of the form yyyy-MM-dd'T'HH:mm:ss.SSSZZ, "
            "e.g. 2013-01-01T12:00:00.000-07:00."
        ),
    ),
    "E0000031": (400, "Invalid search criteria."),
    "E0000032": (403, "Unlock is not allowed for this user."),
    "E0000033": (400, "Bad request. Can't specify a search query and filter in the same request."),
    "E0000038": (403, "This operation is not allowed in the user's current status."),
    "E0000047": (429, "API call exceeded rate limit due to too many requests."),
    "E0000053": (400, "Invalid SCIM filter."),
}


@dataclass
class OktaError(Exception):
    """One of Okta's errors; `about` fills the summary's place, `causes` are further sentences."""

    code: str
    about: str = ""
    causes: tuple[str, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code}: {_CATALOGUE[self.code][1].format(self.about)}"

    def response(self) -> Response:
        """The answer on the wire."""
        status, summary = _CATALOGUE[self.code]
        return JSONResponse(
            {
                "errorCode": self.code,
                "errorSummary": summary.format(self.about),
                "errorLink": self.code,
                "errorId": random_identifier("oae", 25),
                "errorCauses": [{"errorSummary": cause} for cause in self.causes],
            },
            status_code=status,
            headers=self.headers,
        )


def validation_failed(name: str, cause: str) -> OktaError:
    """E0000001 about one field or parameter."""
    return OktaError("E0000001", name, (f"{name}: {cause}",))


def not_found(what: str, kind: str = "User") -> OktaError:
    """E0000007, the same for what does not exist and for what a token may not see."""
    return OktaError("E0000007", f"Resource not found: {what} ({kind})")

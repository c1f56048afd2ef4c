"""AWS services on this machine, as far as the help desk calls them: checked against the services' own models."""

from local.aws._endpoint import AwsEndpoint, Call, Handler, service_model
from local.aws._identity import CredentialProvider, IdentityStandIn, Issue
from local.aws._responses import AwsError, HttpResponse
from local.aws._violations import violations

__all__ = [
    "AwsEndpoint",
    "AwsError",
    "Call",
    "CredentialProvider",
    "Handler",
    "HttpResponse",
    "IdentityStandIn",
    "Issue",
    "service_model",
    "violations",
]

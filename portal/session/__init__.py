"""Being signed in at a help desk: who is, and the tokens that follow from it."""

from portal.session._authorization_server import (
    AuthorizationRequest,
    AuthorizationServer,
    DeviceAuthorization,
    Metadata,
    Tokens,
    process_metadata,
)
from portal.session._profiles import Desk, Profiles, SignIn
from portal.session._session import SYSTEM_CLOCK, Clock, Session

__all__ = [
    "SYSTEM_CLOCK",
    "AuthorizationRequest",
    "AuthorizationServer",
    "Clock",
    "Desk",
    "DeviceAuthorization",
    "Metadata",
    "Profiles",
    "Session",
    "SignIn",
    "Tokens",
    "process_metadata",
]

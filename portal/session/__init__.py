"""Being signed in at a help desk: who is, and the tokens that follow from it."""

from portal.session._authorization_server import (
    AuthorizationRequest,
    AuthorizationServer,
    DeviceAuthorization,
    Metadata,
    Tokens,
    code_challenge_of,
    process_authorization_response,
    process_metadata,
)
from portal.session._profiles import Desk, Profile, Profiles, SignIn
from portal.session._session import SYSTEM_CLOCK, Clock, Place, Session

__all__ = [
    "SYSTEM_CLOCK",
    "AuthorizationRequest",
    "AuthorizationServer",
    "Clock",
    "Desk",
    "DeviceAuthorization",
    "Metadata",
    "Place",
    "Profile",
    "Profiles",
    "Session",
    "SignIn",
    "Tokens",
    "code_challenge_of",
    "process_authorization_response",
    "process_metadata",
]

"""Signing in at a help desk, and staying signed in."""

from portal.signin._authorization_server import AuthorizationServer, DeviceAuthorization
from portal.signin._loopback import LoopbackRedirect
from portal.signin._profiles import Desk, Profiles, SignIn
from portal.signin._session import Clock, Session, SignInFlows

__all__ = [
    "AuthorizationServer",
    "Clock",
    "Desk",
    "DeviceAuthorization",
    "LoopbackRedirect",
    "Profiles",
    "Session",
    "SignIn",
    "SignInFlows",
]

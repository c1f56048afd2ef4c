"""Signing in at a help desk."""

from portal.signin._flows import SignInFlows, process_sign_in
from portal.signin._loopback import LoopbackRedirect

__all__ = ["LoopbackRedirect", "SignInFlows", "process_sign_in"]

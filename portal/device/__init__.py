"""A terminal as an authentication device: what is asked of its person, and their answer to it."""

from portal.device._asked import Asked, Push, process_consent
from portal.device._authentication_device import AuthenticationDevice, AuthenticationServer
from portal.device._devices import Device, Devices

__all__ = ["Asked", "AuthenticationDevice", "AuthenticationServer", "Device", "Devices", "Push", "process_consent"]

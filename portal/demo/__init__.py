"""The demonstration: a help desk of its own, two people, and what came of their conversations."""

from portal.demo._browser import Browser
from portal.demo._play import demo

__all__ = ["Browser", "demo"]

"""The `helpdesk` command."""

from portal.command._main import main

__all__ = ["main"]

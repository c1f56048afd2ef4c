"""The settings of account_lookup."""

from shared.settings import DirectorySettings


class AccountLookupSettings(DirectorySettings):
    """What account_lookup has: a subagent's settings, and the directory that it reads."""

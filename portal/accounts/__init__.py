"""A person's accounts at other systems, in which agents act as them: connected, listed, disconnected."""

from portal.accounts._accounts import Account, Accounts, ConnectRequest

__all__ = ["Account", "Accounts", "ConnectRequest"]

"""Serves account_lookup."""

from agents.account_lookup.settings import AccountLookupSettings
from shared.a2a import main

main("account_lookup", AccountLookupSettings, "agents.account_lookup.app")

"""The company's directory of accounts, over the Okta API."""

from shared.directory._access import ActingCaller, TokenSource
from shared.directory._client import DirectoryClient
from shared.directory._own_account import OwnAccount, ToolCall, account_name, own_account, request_text
from shared.directory._status import next_step, state_of
from shared.directory._types import (
    AccountAct,
    AccountKind,
    AccountStatus,
    ActKind,
    Actor,
    Application,
    Device,
    Factor,
    Group,
    PasswordPolicy,
    Reset,
    SignIn,
    User,
)

__all__ = [
    "AccountAct",
    "AccountKind",
    "AccountStatus",
    "ActKind",
    "ActingCaller",
    "Actor",
    "Application",
    "Device",
    "DirectoryClient",
    "Factor",
    "Group",
    "OwnAccount",
    "PasswordPolicy",
    "Reset",
    "SignIn",
    "TokenSource",
    "ToolCall",
    "User",
    "account_name",
    "next_step",
    "own_account",
    "request_text",
    "state_of",
]

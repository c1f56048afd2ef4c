"""The company's directory of accounts, over the Okta API."""

from shared.directory._access import ActingCaller, TokenSource
from shared.directory._account_tools import NOT_NAMED, Account, AccountTools, person_line, which_text
from shared.directory._accounts import (
    MOST_CANDIDATES,
    account_name,
    account_of_person,
    is_own,
    named_account,
    own_account,
    people_of_name,
)
from shared.directory._asked import ToolCall, request_text
from shared.directory._attempts import run_line, runs_of
from shared.directory._client import DirectoryClient
from shared.directory._status import account_of, capital, next_step, password_of, short_login, state_of
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
from shared.directory._why import Why, actor_text, attempts_text, find_out_why, reason_text, why_text

__all__ = [
    "MOST_CANDIDATES",
    "NOT_NAMED",
    "Account",
    "AccountAct",
    "AccountKind",
    "AccountStatus",
    "AccountTools",
    "ActKind",
    "ActingCaller",
    "Actor",
    "Application",
    "Device",
    "DirectoryClient",
    "Factor",
    "Group",
    "PasswordPolicy",
    "Reset",
    "SignIn",
    "TokenSource",
    "ToolCall",
    "User",
    "Why",
    "account_name",
    "account_of",
    "account_of_person",
    "actor_text",
    "attempts_text",
    "capital",
    "find_out_why",
    "is_own",
    "named_account",
    "next_step",
    "own_account",
    "password_of",
    "people_of_name",
    "person_line",
    "reason_text",
    "request_text",
    "run_line",
    "runs_of",
    "short_login",
    "state_of",
    "which_text",
    "why_text",
]

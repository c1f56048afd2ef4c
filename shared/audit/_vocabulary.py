"""The closed vocabulary of the record: what can be done, and what can come of it."""

from enum import StrEnum


class Action(StrEnum):
    """What was asked for or done, as `area:object:action`."""

    TRAIL_OPEN = "trail:chain:open"
    TRAIL_CLOSE = "trail:chain:close"
    TRAIL_EXPIRE = "trail:records:expire"

    REQUEST_REFUSE = "request:call:refuse"
    REQUEST_ACCEPT = "request:message:accept"
    TASK_WAIT = "request:task:wait"
    TASK_RESUME = "request:task:resume"
    TASK_CANCEL = "request:task:cancel"
    TASK_END = "request:task:end"
    HOP_CALL = "request:hop:call"
    CARD_REFUSE = "request:card:refuse"

    TOOL_AUTHORIZE = "tool:call:authorize"

    ACCOUNT_READ = "account:profile:read"
    ACCOUNT_GROUPS_READ = "account:groups:read"
    ACCOUNT_APPLICATIONS_READ = "account:applications:read"
    ACCOUNT_DEVICES_READ = "account:devices:read"
    ACCOUNT_FACTORS_READ = "account:factors:read"
    ACCOUNT_SIGN_INS_READ = "account:sign_ins:read"
    ACCOUNT_HISTORY_READ = "account:history:read"
    ACCOUNT_SEARCH = "account:people:search"

    PASSWORD_RESET = "password:link:send"  # noqa: S105 -- a name
    PASSWORD_EXPIRE = "password:value:expire"  # noqa: S105 -- a name
    ACCOUNT_UNLOCK = "account:lock:remove"
    FACTORS_RESET = "account:factors:reset"
    FACTOR_REMOVE = "account:factor:remove"

    DOCUMENTS_SEARCH = "document:articles:search"
    DOCUMENT_READ = "document:article:read"

    CREDENTIAL_OBTAIN = "credential:token:obtain"

    APPROVAL_REQUEST = "approval:decision:request"
    APPROVAL_RECEIVE = "approval:decision:receive"


class Outcome(StrEnum):
    """What came of it, or that it is about to be tried.

    An irreversible act has two events: `attempted` before, and one of `succeeded`, `failed` or `unknown` after, both
    with the same act id; where the outcome was found out later, what was found is a further one, which says so
    (`settled_by`). Every other event stands alone.
    """

    ATTEMPTED = "attempted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    ALLOWED = "allowed"
    DENIED = "denied"

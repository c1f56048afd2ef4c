"""Who may do what to which thing: each tool call is checked against relationships before it runs.

A tool declares what it needs beside its own definition, and gets what was checked, not what the model wrote:

    account = own_account(directory)                       # finds what a call is about (`Resolve`)

    @needs(Needs("can_unlock", "account", account, scope="account:unlock", purpose="unlock it", irreversible=True))
    @tool(context=True)
    async def unlock_account(tool_context: ToolContext) -> str:
        permit = permitted(tool_context, User)             # the account that the check was about; once
        ...
        await permit.recheck()                             # right before what cannot be undone
        await directory.unlock(caller, permit.value)

What happens at a call, in this order, each step denying by default:

1. The declaration is looked up. A tool without one cannot be put into a toolbox, and a call of one is denied.
   `@needs(Unchecked("why"))` says that nothing is checked here.
2. The person's token holds `scope`.
3. `of` finds the resource, from the verified caller and the model's arguments. Arguments may name a thing ("Jo's
   account"); they never say who acts. It returns a `Resource`: the thing as whoever keeps it gave it, and its name in
   the store (`object_name`). None means that there is no such thing, or that it is not clear which.
4. One batch of checks asks whether the *person* and the *agent* both have `relation` to it, and which of `also` they
   both have: those widen what the tool shows, field by field, and come back in `permit.also`. Tools marked
   `irreversible` ask with HIGHER_CONSISTENCY.
5. The decision is recorded (`DecisionRecord`), then the tool runs with its permit, which is for this call, these
   arguments and nothing else.

"Not there" and "not yours" are the same words, written by `refused(None)`, after the same checks, so that they take as
long. A refusal about the caller's own thing (`Resource(own=True)`) may say more: `refused(value)`.

Lists: an `of` that finds several resources gives the tool those that are allowed. `permit.readable(items, relation,
named)` filters what a tool found, all of it in one question.

An act that waits for an approval is carried on with `Authorizer.permit(needs, caller, arguments, tool=...)`, which
finds and checks everything anew, or with `permit.recheck()` while the call still runs.

Each agent has one `Authorizer(OpenFga(settings), agent=NAME)`; `agent_loop.create_app(authorizer=...)` puts it before
each tool call.
"""

from shared.authorization._authorizer import Authorizer
from shared.authorization._checks import PART, Checks
from shared.authorization._client import OpenFga
from shared.authorization._decision import Allow, Answer, Check, Consistency, Decision, Deny, Fact, Reason
from shared.authorization._declaration import (
    ActingCaller,
    Declaration,
    DeclaredTool,
    Needs,
    Resolve,
    Unchecked,
    declaration_of,
    needs,
    require_declarations,
)
from shared.authorization._intervention import UNDECIDED, WAITING, AuthorizeToolCalls
from shared.authorization._names import object_name, user_name, user_of
from shared.authorization._permit import Permitted, ToolCall, permitted
from shared.authorization._record import DecisionLog, DecisionRecord
from shared.authorization._resource import Resource
from shared.authorization._sdk import Refusal, open_client, refusal_of

__all__ = [
    "PART",
    "UNDECIDED",
    "WAITING",
    "ActingCaller",
    "Allow",
    "Answer",
    "AuthorizeToolCalls",
    "Authorizer",
    "Check",
    "Checks",
    "Consistency",
    "Decision",
    "DecisionLog",
    "DecisionRecord",
    "Declaration",
    "DeclaredTool",
    "Deny",
    "Fact",
    "Needs",
    "OpenFga",
    "Permitted",
    "Reason",
    "Refusal",
    "Resolve",
    "Resource",
    "ToolCall",
    "Unchecked",
    "declaration_of",
    "needs",
    "object_name",
    "open_client",
    "permitted",
    "refusal_of",
    "require_declarations",
    "user_name",
    "user_of",
]

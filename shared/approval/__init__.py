"""A person decides: risky actions wait for approval on a device of theirs, and are done exactly once.

`Approvals` is what an agent's acts go through; `Approval` says beside an act who has to approve it.
"""

from shared.approval._action import Action, Shown, binding_message
from shared.approval._approvals import Approvals, Intent
from shared.approval._asking import Backchannel
from shared.approval._ledger import ENDED, UNDER_WAY, WAITING, ActionLedger, Entry, Limits, State
from shared.approval._open import open_ledger
from shared.approval._policy import Approval, By, Person
from shared.approval._sqlite import SqliteActionLedger

__all__ = [
    "ENDED",
    "UNDER_WAY",
    "WAITING",
    "Action",
    "ActionLedger",
    "Approval",
    "Approvals",
    "Backchannel",
    "By",
    "Entry",
    "Intent",
    "Limits",
    "Person",
    "Shown",
    "SqliteActionLedger",
    "State",
    "binding_message",
    "open_ledger",
]

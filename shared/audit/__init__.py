"""The record: who asked, through which agents, what was decided by which rule, what was done, and what came of it.

Each process writes a chain of its own (`AuditTrail`); `verify` says whether anybody changed it afterwards. `record` is
for irreversible acts, before and after: it returns once the event is on the disk, and where it raises the act must not
happen. `note` is for everything else.
"""

from shared.audit._acts import SETTLED_BY, UPSTREAM_REQUEST, recorded, settled, try_note
from shared.audit._chain import Record, Seal, SealingKey, VerifyingKeys, members_of
from shared.audit._event import NOBODY, Approval, Event, Rule, Where, Who, acting_under
from shared.audit._file import AuditFile
from shared.audit._lines import record_line, seal_line
from shared.audit._open import open_store
from shared.audit._store import Row, Store, StoreAway, Wanted
from shared.audit._trail import AuditTrail, Trail, Unrecorded, read_anchors, write_anchor
from shared.audit._verify import Fault, Problem, Report, is_chain_of, verify, written_members
from shared.audit._vocabulary import Action, Outcome

__all__ = [
    "NOBODY",
    "SETTLED_BY",
    "UPSTREAM_REQUEST",
    "Action",
    "Approval",
    "AuditFile",
    "AuditTrail",
    "Event",
    "Fault",
    "Outcome",
    "Problem",
    "Record",
    "Report",
    "Row",
    "Rule",
    "Seal",
    "SealingKey",
    "Store",
    "StoreAway",
    "Trail",
    "Unrecorded",
    "VerifyingKeys",
    "Wanted",
    "Where",
    "Who",
    "acting_under",
    "is_chain_of",
    "members_of",
    "open_store",
    "read_anchors",
    "record_line",
    "recorded",
    "seal_line",
    "settled",
    "try_note",
    "verify",
    "write_anchor",
    "written_members",
]

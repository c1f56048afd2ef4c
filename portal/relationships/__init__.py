"""Looking after who may do what: the model, the relationships, and why somebody may or may not."""

from portal.relationships._desired import OWNED, Relationship, desired
from portal.relationships._explain import Explainer, Why
from portal.relationships._model import POLICY, is_same, our_model
from portal.relationships._names import Names
from portal.relationships._policy import Policy
from portal.relationships._prepare import prepare, synchronise, write_model
from portal.relationships._roster import Account, Roster, read_roster
from portal.relationships._settings import RelationshipSettings, local_settings
from portal.relationships._store import RelationshipStore, Stored, StoreRefused
from portal.relationships._sync import Changes, apply, changes
from portal.relationships._until import until

__all__ = [
    "OWNED",
    "POLICY",
    "Account",
    "Changes",
    "Explainer",
    "Names",
    "Policy",
    "Relationship",
    "RelationshipSettings",
    "RelationshipStore",
    "Roster",
    "StoreRefused",
    "Stored",
    "Why",
    "apply",
    "changes",
    "desired",
    "is_same",
    "local_settings",
    "our_model",
    "prepare",
    "read_roster",
    "synchronise",
    "until",
    "write_model",
]

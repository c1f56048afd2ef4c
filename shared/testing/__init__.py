"""What tests stand on: fakes that behave, never mocks."""

from shared.testing._authorization_server import AuthorizationServer, RegisteredClient
from shared.testing._clock import Clock
from shared.testing._loopback import LoopbackServer
from shared.testing._model import Calls, Says, ScriptedModel
from shared.testing._ports import reserved_port
from shared.testing._postgres import PostgresServer, find_postgres, postgres_server, wait_until_up
from shared.testing._principal import make_principal
from shared.testing._relationships import Relationships
from shared.testing._signing import SigningKey, encode_part
from shared.testing._tokens import tokens_in
from shared.testing._trail import KeptTrail, audit_key

__all__ = [
    "AuthorizationServer",
    "Calls",
    "Clock",
    "KeptTrail",
    "LoopbackServer",
    "PostgresServer",
    "RegisteredClient",
    "Relationships",
    "Says",
    "ScriptedModel",
    "SigningKey",
    "audit_key",
    "encode_part",
    "find_postgres",
    "make_principal",
    "postgres_server",
    "reserved_port",
    "tokens_in",
    "wait_until_up",
]

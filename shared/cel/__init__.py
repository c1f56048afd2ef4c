"""The Common Expression Language, as OpenFGA's conditions have it: reading, checking of types, running.

What it leaves out of the language: messages of protocol buffers (`a.b.Message{...}`), and optional values.
"""

from shared.cel._errors import CompileError, ConstructionError, EvaluationError, Issue
from shared.cel._program import Program, free_names
from shared.cel._types import (
    ANY,
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    IP_ADDRESS,
    STRING,
    TIMESTAMP,
    UINT,
    Type,
    list_of,
    map_of,
)
from shared.cel._values import (
    Duration,
    IPAddress,
    Timestamp,
    UInt,
    parse_duration,
    parse_ip_address,
    parse_timestamp,
)

__all__ = [
    "ANY",
    "BOOL",
    "BYTES",
    "DOUBLE",
    "DURATION",
    "DYN",
    "INT",
    "IP_ADDRESS",
    "STRING",
    "TIMESTAMP",
    "UINT",
    "CompileError",
    "ConstructionError",
    "Duration",
    "EvaluationError",
    "IPAddress",
    "Issue",
    "Program",
    "Timestamp",
    "Type",
    "UInt",
    "free_names",
    "list_of",
    "map_of",
    "parse_duration",
    "parse_ip_address",
    "parse_timestamp",
]

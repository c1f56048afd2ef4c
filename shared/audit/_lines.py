"""A trail as lines of JSON: how it is exported, and read again."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from shared.audit._chain import Record, Seal, canonical


def lines_of(records: Sequence[Record], seal: Seal) -> Iterator[str]:
    """Records and their seal, each as a line. A record's body is in it as it was written."""
    for record in records:
        yield record_line(record)
    yield seal_line(seal)


def record_line(record: Record) -> str:
    """A record as a line."""
    return f'{{"audit":"record","hash":"{record.hash.hex()}","body":{record.body.decode()}}}\n'


def seal_line(seal: Seal) -> str:
    """A seal as a line."""
    return f"{json.dumps({'audit': 'seal', **seal_members(seal)})}\n"


def read_lines(lines: Iterable[str]) -> Iterator[Record | Seal]:
    """What lines hold of a trail; lines of anything else are passed over.

    Raises:
        ValueError, KeyError, TypeError: a line says that it is of a trail, and is not.
    """
    for line in lines:
        if '"audit"' not in line:
            continue
        try:
            found = json.loads(line)
        except ValueError:  # somebody else's line
            continue
        kind = found.get("audit") if isinstance(found, dict) else None
        if kind == "record":
            body = found["body"]
            yield Record(str(body["writer"]), int(body["sequence"]), canonical(body), bytes.fromhex(found["hash"]))
        elif kind == "seal":
            yield seal_of(found)


def seal_members(seal: Seal) -> dict[str, Any]:
    """A seal as JSON members."""
    return {
        "writer": seal.writer,
        "sequence": seal.sequence,
        "hash": seal.hash.hex(),
        "key_id": seal.key_id,
        "signature": seal.signature.hex(),
        **({"expiry": True} if seal.expiry else {}),
    }


def seal_of(members: Mapping[str, Any]) -> Seal:
    """A seal from its members.

    Raises:
        ValueError, KeyError, TypeError: they are none.
    """
    return Seal(
        str(members["writer"]),
        int(members["sequence"]),
        bytes.fromhex(members["hash"]),
        str(members["key_id"]),
        bytes.fromhex(members["signature"]),
        expiry=members.get("expiry") is True,
    )

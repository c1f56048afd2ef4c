"""The audit trails of a world, read as they are on the disk."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from portal.record import differences, directory_effects
from shared.audit import AuditFile, SealingKey, VerifyingKeys, read_anchors, verify
from shared.testing import audit_key


def records(folder: Path, *agents: str) -> list[dict[str, Any]]:
    """What agents have recorded, by time; of all of them, unless some are named."""
    found: list[dict[str, Any]] = []
    for path in sorted((folder / "audit").glob("*.sqlite3")):
        if not agents or path.stem in agents:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
                rows = connection.execute("SELECT body FROM records ORDER BY at, writer, sequence").fetchall()
            found += [json.loads(body) for (body,) in rows]
    return found


def faults(folder: Path) -> list[str]:
    """What is wrong with the trails: with their chains, or with what they say beside what the directory says."""
    wrong = []
    keys = VerifyingKeys.of(SealingKey.read(audit_key()))
    for path in sorted((folder / "audit").glob("*.sqlite3")):
        file = AuditFile.open(path, create=False)
        try:
            report = verify(file, keys, read_anchors(folder / "audit" / "anchors" / path.stem))
        finally:
            file.close()
        wrong += [f"{path.stem}: {problem}" for problem in report.problems]
        if not report.records:
            wrong.append(f"{path.stem} recorded nothing")
    with closing(sqlite3.connect(f"file:{folder / 'directory' / 'directory.sqlite3'}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT event FROM log_events ORDER BY sequence").fetchall()
    return wrong + differences(records(folder), directory_effects(json.loads(event) for (event,) in rows))

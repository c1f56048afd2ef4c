"""The audit trails of a world, read as they are kept."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from portal.record import differences, directory_effects
from shared.audit import AuditFile, SealingKey, Store, VerifyingKeys, Wanted, members_of, read_anchors, verify
from shared.audit.postgres import PostgresAuditStore
from shared.testing import audit_key

MOST = 100_000


def records(folder: Path, *agents: str, trails: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """What agents have recorded, by time; of all of them, unless some are named.

    Args:
        folder: Of the world.
        agents: Whose.
        trails: The URLs of the databases of those that keep no file.
    """
    found: list[dict[str, Any]] = []
    for agent, store in _stores(folder, trails or {}):
        if not agents or agent in agents:
            found += [members_of(row.record) for row in store.search(Wanted(), most=MOST)]
    return found


def faults(folder: Path, trails: Mapping[str, str] | None = None) -> list[str]:
    """What is wrong with the trails: with their chains, or with what they say beside what the directory says."""
    wrong = []
    keys = VerifyingKeys.of(SealingKey.read(audit_key()))
    for agent, store in _stores(folder, trails or {}):
        report = verify(store, keys, read_anchors(folder / "audit" / "anchors" / agent))
        wrong += [f"{agent}: {problem}" for problem in report.problems]
        if not report.records:
            wrong.append(f"{agent} recorded nothing")
    with closing(sqlite3.connect(f"file:{folder / 'directory' / 'directory.sqlite3'}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT event FROM log_events ORDER BY sequence").fetchall()
    recorded = records(folder, trails=trails)
    return wrong + differences(recorded, directory_effects(json.loads(event) for (event,) in rows))


def _stores(folder: Path, trails: Mapping[str, str]) -> Iterator[tuple[str, Store]]:
    for path in sorted((folder / "audit").glob("*.sqlite3")):
        with closing(AuditFile.open(path, create=False)) as file:
            yield path.stem, file
    for agent, url in trails.items():
        with closing(PostgresAuditStore.read(url, agent=agent)) as store:
            yield agent, store

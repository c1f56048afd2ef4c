"""A small knowledge base of a test's own."""

from collections.abc import Mapping
from pathlib import Path

from knowledge import KnowledgeIndex
from knowledge.building import build_index

VPN = """---
id: vpn
title: Set up the VPN
audience: everyone
owner: Networks
updated: 2026-09-14
tags: [network]
aliases: [tunnel]
---

# Set up the VPN

The VPN connects your laptop to the company network.

## Windows

1. Install Harbour from the catalogue.
2. Choose **Connect** and approve the number.

## If it does not work

Your phone's clock may be wrong: see [codes](codes.md).
"""
PRINTING = """---
id: printing
title: Print and scan
audience: employees
owner: Workplace
updated: 2026-08-01
---

All offices share one queue. Hold your badge against the reader of any printer.

## Paper jam

Open only the covers that blink.
"""
CODES = """---
id: codes
title: Codes are rejected
audience: it
updated: 2026-10-01
---

Set the clock of the phone to automatic.
"""
DRUCKEN = """---
id: drucken
title: Drucken und scannen
audience: everyone
language: de
updated: 2026-07-01
---

Jedes Büro nutzt dieselbe Warteschlange. Es reicht, die Karte an das Lesegerät des Druckers zu halten.
"""
ARTICLES = {"vpn.md": VPN, "printing.md": PRINTING, "codes.md": CODES, "de/drucken.md": DRUCKEN}


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Writes files below a folder."""
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def index_of(folder: Path, files: Mapping[str, str | bytes] = ARTICLES) -> KnowledgeIndex:
    """The index of some files."""
    build_index(write(folder / "articles", files), folder / "index.sqlite3")
    return KnowledgeIndex(folder / "index.sqlite3")

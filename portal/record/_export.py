"""Writes trails as lines of JSON: each to a file of its own, which reads and verifies as the trail does where it is."""

import json
import os
import re
import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from portal.record._reading import unreadable
from portal.record._trails import AUDIT_FILE, Database, Source, opened
from shared.audit import Record, Store, record_line, seal_line, written_members
from shared.errors import ConfigurationError

SUFFIX: Final = ".jsonl"
_UNFIT: Final = re.compile(r"[^\w.@+-]|^[.-]+")
"""What has no place in a file's name, whatever a schema or a file is called."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        records: How many records.
        changed: How many of them are not as a trail writes them; they stand there by their number alone.
    """

    records: int
    changed: int


def file_names(sources: Sequence[Source]) -> dict[Source, str]:
    """A file's name for each trail, no two the same, also where case does not count.

    An agent's is named after the agent, and a file that was named after itself, without its suffix. Those that would
    have the same name have as many of the folders above them before it as tell them apart.

    Raises:
        ConfigurationError: nothing tells two of them apart.
    """
    wanted = {source: _names(source) for source in dict.fromkeys(sources)}
    depth = dict.fromkeys(wanted, 0)
    while True:
        names = {source: names[depth[source]] for source, names in wanted.items()}
        times = Counter(name.casefold() for name in names.values())
        alike = [source for source, name in names.items() if times[name.casefold()] > 1]
        if not alike:
            return {source: f"{name}{SUFFIX}" for source, name in names.items()}
        further = [source for source in alike if depth[source] + 1 < len(wanted[source])]
        if not further:
            raise ConfigurationError(
                f"Two trails would both be written to {names[alike[0]]}{SUFFIX}: export them to folders of their own."
            )
        for source in further:
            depth[source] += 1


def export(source: Source, file: Path, *, instead: bool = False) -> Exported:
    """Writes a trail as lines of JSON.

    The file is its owner's alone, as the trail is. It is there whole or not at all.

    Args:
        source: The trail.
        file: Where to.
        instead: Whether that takes the place of a file that is there already.

    Raises:
        ConfigurationError: it cannot be read, or not be written, or a file is there already.
    """
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not instead:
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # nobody else takes the name meanwhile
        try:
            done = _write(source, part)
            part.replace(file)
        except BaseException:
            part.unlink(missing_ok=True)
            if not instead:
                file.unlink(missing_ok=True)
            raise
    except FileExistsError as error:
        raise ConfigurationError(f"{error.filename} is there already, and was left as it is.") from error
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be written ({error.strerror}).") from error
    return done


def _names(source: Source) -> list[str]:
    """What its file may be called: the first where nothing else is called so, and what tells it better after that."""
    if isinstance(source.where, Database):
        return [_UNFIT.sub("_", source.where.agent)]
    path = source.where.resolve()
    above = [part for part in path.parts[:-1] if part != path.anchor]
    own = above.pop() if path.name == AUDIT_FILE and above else path.stem
    return [_UNFIT.sub("_", "-".join([*above[len(above) - many :], own])) for many in range(len(above) + 1)]


def _write(source: Source, part: Path) -> Exported:
    count = changed = 0
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as lines, opened(source) as store, store.snapshot():
        for seal in store.beginnings().values():
            lines.write(seal_line(seal))
        for writer in store.writers():
            seals = dict(store.seals(writer))
            for record, is_changed in _records(store, writer):
                lines.write(record_line(record))
                count, changed = count + 1, changed + is_changed
                if record.sequence in seals:
                    lines.write(seal_line(seals.pop(record.sequence)))
            lines.writelines(map(seal_line, seals.values()))  # of records that are missing: they are to be missed
        lines.flush()
        os.fsync(descriptor)
    return Exported(count, changed)


def _records(store: Store, writer: str) -> Iterator[tuple[Record, bool]]:
    """A writer's records. In place of one that was changed so that it is none any more is one that says only which."""
    for row in store.records(writer):
        record = row.record
        is_changed = written_members(record) is None
        if is_changed:
            record = record._replace(body=json.dumps(unreadable(row)).encode())
        yield record, is_changed

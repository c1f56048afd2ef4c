"""Brings the store to what it should hold: first takes away, then adds."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Protocol

from portal._errors import CommandFailed
from portal.relationships._desired import OWNED, Relationship
from portal.relationships._store import Stored

MOST_REMOVED: Final = 0.3
"""The part of what is there that is removed without being told to: more looks like a directory that is not whole."""

_FEW: Final = 20


class Store(Protocol):
    """Where relationships are kept."""

    async def all(self) -> list[Stored]:
        """Every relationship in the store."""
        ...

    async def delete(self, gone: list[Relationship]) -> None:
        """Removes relationships."""
        ...

    async def write(self, new: list[Relationship]) -> None:
        """Adds relationships."""
        ...


@dataclass(frozen=True, slots=True)
class Changes:
    """What a synchronisation does.

    Attributes:
        add: What is missing.
        remove: What should not be there.
        kept: How many are as they should be.
        by_hand: How many are left alone: those that end by themselves, and those of other relations.
    """

    add: tuple[Relationship, ...]
    remove: tuple[Relationship, ...]
    kept: int
    by_hand: int


async def changes(store: Store, wanted: Collection[Relationship]) -> Changes:
    """What there is to do."""
    there = await store.all()
    own = {each.relationship for each in there if _is_owned(each)}
    return Changes(
        add=tuple(sorted(set(wanted) - own)),
        remove=tuple(sorted(own - set(wanted))),
        kept=len(own & set(wanted)),
        by_hand=len(there) - len(own),
    )


async def apply(store: Store, what: Changes, *, force: bool) -> None:
    """Does it. Rights are taken away before any are given.

    Raises:
        CommandFailed: It would take away a large part of what is there, and nobody said that it may.
    """
    there = what.kept + len(what.remove)
    if not force and len(what.remove) > max(_FEW, there * MOST_REMOVED):
        raise CommandFailed(
            f"This would remove {len(what.remove)} of {there} relationships, as if the directory were not whole. "
            "Look at it with --dry-run; if it is right, use --force. Nothing was changed."
        )
    await store.delete(list(what.remove))
    await store.write(list(what.add))


def _is_owned(stored: Stored) -> bool:
    kind = stored.relationship.object.partition(":")[0]
    return not stored.condition and (kind, stored.relationship.relation) in OWNED

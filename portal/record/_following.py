"""Goes on with what is appended to trails."""

from dataclasses import dataclass, field, replace
from typing import Any, Final

from portal.record._reading import read_record
from portal.record._trails import Source, opened
from shared.audit import Wanted

MOST_CHAINS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class News:
    """What was appended to a trail.

    Attributes:
        records: The records that are wanted, each chain's in its order.
        shorter: Chains that have lost their end.
    """

    records: tuple[dict[str, Any], ...]
    shorter: tuple[str, ...]


@dataclass(slots=True)
class Follower:
    """Knows how far each chain was read.

    It goes by that and not by time: an agent whose database was away writes later what happened before, and clocks of
    machines differ.

    Attributes:
        wanted: Which records.
    """

    wanted: Wanted
    _at: dict[tuple[Source, str], int] = field(default_factory=dict)

    def begin(self, source: Source) -> None:
        """What is there already is no news.

        Raises:
            ConfigurationError: it cannot be read.
        """
        with opened(source) as store:
            for writer, head in store.heads(most=MOST_CHAINS).items():
                self._at[source, writer] = head.sequence

    def news(self, source: Source) -> News:
        """What was appended since the last time.

        Raises:
            ConfigurationError: it cannot be read; nothing is lost by that.
        """
        records: list[dict[str, Any]] = []
        shorter: list[str] = []
        at: dict[tuple[Source, str], int] = {}
        with opened(source) as store, store.snapshot():
            for writer, head in store.heads(most=MOST_CHAINS).items():
                known = self._at.get((source, writer), 0)
                at[source, writer] = head.sequence
                if head.sequence < known:
                    shorter.append(writer)
                elif head.sequence > known:
                    those = replace(self.wanted, writer=writer, after=known)
                    records += map(read_record, store.search(those, most=head.sequence - known))
        self._at |= at
        return News(tuple(records), tuple(shorter))

"""What the agents of one machine wrote of their traces, put together again."""

from portal.traces._spans import ACT, Span, read
from portal.traces._tree import Row, Summary, rows, summaries, traces_of

__all__ = ["ACT", "Row", "Span", "Summary", "read", "rows", "summaries", "traces_of"]

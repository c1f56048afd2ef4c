"""Answers for people: Markdown that code writes from typed data."""

from shared.answers._plain import masked_address, masked_number, plain
from shared.answers._refusals import refusal
from shared.answers._time import count, day, moment, relative, span

__all__ = ["count", "day", "masked_address", "masked_number", "moment", "plain", "refusal", "relative", "span"]

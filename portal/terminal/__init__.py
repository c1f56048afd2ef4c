"""What the command writes, for people and for programs."""

from portal.terminal._output import Output, answer, printable
from portal.terminal._reply_view import ReplyView

__all__ = ["Output", "ReplyView", "answer", "printable"]

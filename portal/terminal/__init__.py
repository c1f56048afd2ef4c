"""What the command writes, for people and for programs."""

from portal.terminal._output import Answer, Output, one_line, printable
from portal.terminal._reply_view import APPROVAL, ReplyView

__all__ = ["APPROVAL", "Answer", "Output", "ReplyView", "one_line", "printable"]

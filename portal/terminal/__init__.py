"""What the command writes, for people and for programs."""

from portal.terminal._output import Answer, Output, printable
from portal.terminal._reply_view import APPROVAL, ReplyView

__all__ = ["APPROVAL", "Answer", "Output", "ReplyView", "printable"]

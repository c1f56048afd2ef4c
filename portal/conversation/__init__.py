"""Talking to the help desk."""

from portal.conversation._conversation import Conversation, Reply
from portal.conversation._events import Asked, Begun, Earlier, Ended, Event, Said, Wait, Waiting, Working
from portal.conversation._help_desk import HelpDesk

__all__ = [
    "Asked",
    "Begun",
    "Conversation",
    "Earlier",
    "Ended",
    "Event",
    "HelpDesk",
    "Reply",
    "Said",
    "Wait",
    "Waiting",
    "Working",
]

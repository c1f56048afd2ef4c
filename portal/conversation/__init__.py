"""Talking to the help desk."""

from portal.conversation._conversation import Conversation, Reply
from portal.conversation._help_desk import Begun, Ended, Event, HelpDesk, Said, Wait, Waiting, Working

__all__ = ["Begun", "Conversation", "Ended", "Event", "HelpDesk", "Reply", "Said", "Wait", "Waiting", "Working"]

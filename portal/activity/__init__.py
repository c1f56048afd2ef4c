"""What was done on a person's own behalf, as the agents tell it to that person."""

from portal.activity._activity import Activity, Deed, activity_request

__all__ = ["Activity", "Deed", "activity_request"]

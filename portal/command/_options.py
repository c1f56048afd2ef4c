"""What every command is told."""

from dataclasses import dataclass


@dataclass(slots=True)
class Options:
    """The options that every command has.

    Attributes:
        as_json: JSON on standard output instead of text for people.
        debug: Tracebacks and details on standard error.
        profile: Under which name the person is signed in on this machine.
    """

    as_json: bool = False
    debug: bool = False
    profile: str = "default"

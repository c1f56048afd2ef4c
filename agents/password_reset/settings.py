"""The settings of password_reset."""

from typing import Annotated

from pydantic import Field, StringConstraints

from shared.settings import ApprovalSettings, DirectorySettings


class PasswordResetSettings(DirectorySettings, ApprovalSettings):
    """What password_reset has: the directory that it acts on, who approves, and how often it may."""

    resets_per_hour: int = Field(
        3, ge=1, le=100, description="how many reset links one person may have sent in an hour"
    )
    changes_for_others_per_hour: int = Field(
        30, ge=1, le=500, description="how many changes one person may have made to other people's accounts in an hour"
    )
    security_on_call: Annotated[str, StringConstraints(min_length=1, max_length=2048)] | None = Field(
        None,
        description="the Auth0 user ids, with commas between them, of who approves what is for the security on call",
    )

    @property
    def on_call(self) -> tuple[str, ...]:
        """Who is on call, in the order in which they are asked."""
        listed = (self.security_on_call or "").split(",")
        return tuple(dict.fromkeys(subject.strip() for subject in listed if subject.strip()))

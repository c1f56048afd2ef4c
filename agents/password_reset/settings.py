"""The settings of password_reset."""

from pydantic import Field

from shared.settings import DirectorySettings


class PasswordResetSettings(DirectorySettings):
    """What password_reset has: a subagent's settings, the directory that it acts on, and how often it may."""

    resets_per_hour: int = Field(
        3, ge=1, le=100, description="how many reset links one person may have sent in an hour"
    )
    changes_for_others_per_hour: int = Field(
        30, ge=1, le=500, description="how many changes one person may have made to other people's accounts in an hour"
    )

"""The settings of an agent whose risky actions wait for a person."""

from typing import Annotated, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator

from shared.settings._agent import SubagentSettings, require_secure_url


class ApprovalSettings(SubagentSettings):
    """The client in Auth0 that asks people for approval (CIBA), and how much one person is asked."""

    approvals_client_id: Annotated[str, StringConstraints(min_length=1)] = Field(
        description="the client in Auth0 that asks people for approval"
    )
    approvals_client_key: SecretStr = Field(
        description="the PEM private key of APPROVALS_CLIENT_ID, for private_key_jwt"
    )
    approvals_url: str | None = Field(None, description="where people approve in a browser")
    approval_seconds: int = Field(300, ge=30, le=300, description="for how many seconds a person is asked")
    approvals_pending_per_person: int = Field(
        3, ge=1, le=20, description="how many actions may wait for one person's approval"
    )
    approval_cooldown_seconds: int = Field(
        300, ge=0, le=86_400, description="for how long somebody who said no is not asked by the same person again"
    )

    @model_validator(mode="after")
    def _verify_approvals(self) -> Self:
        if self.approvals_url is not None:
            require_secure_url("APPROVALS_URL", self.approvals_url, local=self.is_local)
        return self

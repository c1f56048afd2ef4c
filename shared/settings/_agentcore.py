"""The settings of what stands on AgentCore Identity."""

from typing import Annotated

from pydantic import Field, StringConstraints

from shared.settings._load import Settings


class AgentCoreSettings(Settings):
    """Which workload a process is to AgentCore Identity."""

    agentcore_workload: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{3,255}$")] | None = Field(
        None, description="this agent's workload identity in AgentCore"
    )
    agentcore_runtime_headers: bool = Field(
        False, description="whether AgentCore Runtime alone calls this process, and its workload token is believed"
    )
    agentcore_endpoint_url: str | None = Field(
        None, description="where AgentCore Identity answers, if not where AWS has it"
    )
    agentcore_timeout_seconds: float = Field(5.0, gt=0, le=60, description="how long one call may take")

"""The supervisor's settings."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.settings import AgentCoreSettings, AgentSettings, OutboundSettings, require_secure_url


class Subagent(BaseModel):
    """A subagent to offer: where it is, and its API identifier in Auth0.

    The audience stands here and is not read from the card: a card that could name it could have a token for
    another agent sent to itself (`docs/adr/0003-audience-from-settings.md`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    audience: str = Field(min_length=1)


class KeySet(BaseModel):
    """The public keys of one subagent's card, as a JSON Web Key Set (RFC 7517 §5)."""

    model_config = ConfigDict(frozen=True)

    keys: tuple[dict[str, Any], ...] = Field(min_length=1)


class SupervisorSettings(AgentSettings, AgentCoreSettings, OutboundSettings):
    """What the supervisor has besides: its subagents, and the two clients with which it calls them."""

    push_notifications: Literal["public", "this-machine", "off"] = "public"
    subagents: tuple[Subagent, ...] = Field(min_length=1, description="a JSON list of {url, audience}")
    card_keys: dict[str, KeySet | Literal["unsigned"]] = Field(
        default_factory=dict,
        description="a JSON object of the JSON Web Key Set of each subagent's card, or 'unsigned', by its audience",
    )

    @model_validator(mode="after")
    def _verify_subagents(self) -> Self:
        if self.push_notifications == "this-machine" and not self.is_local:
            raise ValueError("PUSH_NOTIFICATIONS is this-machine: that is for HELPDESK_ENV=local alone.")
        for subagent in self.subagents:
            require_secure_url("SUBAGENTS", subagent.url, local=self.is_local)
        if len({subagent.audience for subagent in self.subagents}) != len(self.subagents):
            raise ValueError("SUBAGENTS names an audience twice: each subagent is an API of its own in Auth0.")
        if self.audience in {subagent.audience for subagent in self.subagents}:
            raise ValueError("SUBAGENTS names the supervisor's own AUDIENCE: an agent does not call itself.")
        self._verify_card_keys()
        if self.uses_agentcore and self.agentcore_workload is None:
            raise ValueError(
                "AGENTCORE_WORKLOAD is not set: name the workload identity for which AgentCore gives tokens."
            )
        if self.agentcore_endpoint_url is not None:
            require_secure_url("AGENTCORE_ENDPOINT_URL", self.agentcore_endpoint_url, local=self.is_local)
        return self

    def _verify_card_keys(self) -> None:
        """Refuses a subagent of whose card's keys nothing is said; that others are spoken of is no fault."""
        key_sets = [entry for entry in self.card_keys.values() if isinstance(entry, KeySet)]
        if any("d" in key for key_set in key_sets for key in key_set.keys):
            raise ValueError("CARD_KEYS has a private key: give its public half alone, and replace the key.")
        if self.is_local and not self.card_keys:
            return
        for subagent in self.subagents:
            if subagent.audience not in self.card_keys:
                raise ValueError(
                    f"CARD_KEYS has no entry for {subagent.audience}: give the keys that its team signs its card with, "
                    'or "unsigned" to take its card as it comes.'
                )

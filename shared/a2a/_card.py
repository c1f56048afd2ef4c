"""Agent cards: what an agent says of itself."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from a2a.types import (
    AgentCapabilities,
    AgentCard,
    AgentInterface,
    AgentProvider,
    AgentSkill,
    APIKeySecurityScheme,
    AuthorizationCodeOAuthFlow,
    ClientCredentialsOAuthFlow,
    OAuth2SecurityScheme,
    OAuthFlows,
    OpenIdConnectSecurityScheme,
    SecurityRequirement,
    SecurityScheme,
    StringList,
)

from shared.a2a._caller import AGENT_SCHEME, DELEGATED_USER_HEADER, INVOKE_SCOPE, USER_SCHEME, Caller
from shared.a2a._own_words import OWN_WORDS

SIGN_IN_SCHEME: Final = "user"
"""The card's security scheme for a user's own token, by authorization code."""

DISCOVERY_SCHEME: Final = "userDiscovery"
"""The same by whatever the issuer's metadata offers: the device authorization grant, for clients without a browser."""

FIRST_EXAMPLES: Final = 12
"""So many of a skill's examples are told to any model; what more there are, to one that costs nothing by the word."""


@dataclass(frozen=True, slots=True)
class Skill:
    """What an agent can do.

    Attributes:
        id: Stable, unique within the agent.
        name: For people.
        description: One plain paragraph; a planner routes by it.
        tags: Words that it may be looked for by.
        examples: What a person would say, the most usual first.
        scopes: What the user's token needs for it.
    """

    id: str
    name: str
    description: str
    tags: tuple[str, ...]
    examples: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()


def described(skills: Sequence[Skill]) -> dict[str, str]:
    """By the skills' ids, what a model is told of the agent's own tool for each: what the card says of it, no less."""
    return {
        skill.id: "\n".join(
            (
                skill.description,
                "",
                f"Tags: {', '.join(skill.tags)}",
                *examples_told(skill.examples[:FIRST_EXAMPLES], skill.examples[FIRST_EXAMPLES:]),
            )
        )
        for skill in skills
    }


def examples_told(first: Sequence[str], more: Sequence[str]) -> list[str]:
    """The lines in which a model is told of examples; `shared.models` leaves out the second list where words cost."""
    return [
        line
        for label, examples in (("Examples:", first), ("More examples:", more))
        if examples
        for line in (label, *(f'- "{example}"' for example in examples))
    ]


def read_examples(path: Path) -> Mapping[str, tuple[str, ...]]:
    """What people say, by the ids of the skills that they want then: a TOML file of lists."""
    return {skill: tuple(examples) for skill, examples in tomllib.loads(path.read_text(encoding="utf-8")).items()}


def tags(text: str) -> tuple[str, ...]:
    """A skill's tags, written as one text: separated by commas, over as many lines as they need."""
    return tuple(" ".join(tag.split()) for tag in text.split(",") if tag.strip())


class CardSecurity(Protocol):
    """The security schemes of a card, and what one call needs of them."""

    def schemes(self, skills: Sequence[Skill]) -> Mapping[str, SecurityScheme]:
        """The schemes by name."""
        ...

    def requirements(self, user_scopes: Sequence[str]) -> list[SecurityRequirement]:
        """Alternatives; all schemes within one are needed together (A2A 1.0 §4.5.1, as in OpenAPI)."""
        ...


@dataclass(frozen=True, slots=True)
class HopSecurity:
    """A subagent's: the calling agent's own token and the user's delegated token, both.

    Attributes:
        issuer: The authorization server, with its trailing slash.
        invoke_scope: What the calling agent's token needs.
    """

    issuer: str
    invoke_scope: str = INVOKE_SCOPE

    def schemes(self, skills: Sequence[Skill]) -> Mapping[str, SecurityScheme]:  # noqa: ARG002 -- for the other kind
        """See `CardSecurity`."""
        flow = ClientCredentialsOAuthFlow(
            token_url=f"{self.issuer}oauth/token", scopes={self.invoke_scope: "Call this agent."}
        )
        return {
            AGENT_SCHEME: SecurityScheme(
                oauth2_security_scheme=OAuth2SecurityScheme(
                    description="The calling agent's own access token.", flows=OAuthFlows(client_credentials=flow)
                )
            ),
            USER_SCHEME: SecurityScheme(
                api_key_security_scheme=APIKeySecurityScheme(
                    description="An access token for this agent, with the user as subject and the calling agent as "
                    "actor (RFC 8693 token exchange).",
                    location="header",
                    name=DELEGATED_USER_HEADER,
                )
            ),
        }

    def requirements(self, user_scopes: Sequence[str]) -> list[SecurityRequirement]:
        """See `CardSecurity`."""
        return [_requirement({AGENT_SCHEME: [self.invoke_scope], USER_SCHEME: user_scopes})]


@dataclass(frozen=True, slots=True)
class SignInSecurity:
    """The supervisor's: the user's own token, from signing in.

    Attributes:
        issuer: The authorization server, with its trailing slash.
        scopes: What every call needs.
    """

    issuer: str
    scopes: tuple[str, ...]

    def schemes(self, skills: Sequence[Skill]) -> Mapping[str, SecurityScheme]:
        """See `CardSecurity`."""
        scopes = dict.fromkeys((*self.scopes, *(scope for skill in skills for scope in skill.scopes)), "")
        scopes.update(dict.fromkeys(self.scopes, "Ask this agent."))
        code = AuthorizationCodeOAuthFlow(
            authorization_url=f"{self.issuer}authorize",
            token_url=f"{self.issuer}oauth/token",
            scopes=scopes,
            pkce_required=True,
        )
        return {
            SIGN_IN_SCHEME: SecurityScheme(
                oauth2_security_scheme=OAuth2SecurityScheme(
                    description="The user's access token, by browser.", flows=OAuthFlows(authorization_code=code)
                )
            ),
            # 0.3 knows no device flow, and the SDK's 1.x client reads schemes in 0.3's form where both stand.
            DISCOVERY_SCHEME: SecurityScheme(
                open_id_connect_security_scheme=OpenIdConnectSecurityScheme(
                    description="The user's access token, by any grant that the issuer offers.",
                    open_id_connect_url=f"{self.issuer}.well-known/openid-configuration",
                )
            ),
        }

    def requirements(self, user_scopes: Sequence[str]) -> list[SecurityRequirement]:
        """See `CardSecurity`."""
        scopes = list(dict.fromkeys((*self.scopes, *user_scopes)))
        return [_requirement({SIGN_IN_SCHEME: scopes}), _requirement({DISCOVERY_SCHEME: scopes})]


def create_card(
    *,
    name: str,
    description: str,
    url: str,
    skills: Sequence[Skill],
    security: CardSecurity,
    version: str = "1.0.0",
    organization: str = "Help desk",
    documentation_url: str = "",
    streaming: bool = True,
    push_notifications: bool = False,
    own_words: bool = False,
) -> AgentCard:
    """Makes the card of an agent that takes and gives text.

    It is offered over JSON-RPC and HTTP+JSON in A2A 1.0, and over JSON-RPC in 0.3, all below `url`.

    Args:
        name: The agent's name; a planner calls it by that.
        description: One plain paragraph.
        url: Where callers reach it.
        skills: What it can do.
        security: What a call needs.
        version: Of the agent.
        organization: Who runs it.
        documentation_url: Where people read about it.
        streaming: Whether events can be read as they come.
        push_notifications: Whether a caller can have a URL told of a task.
        own_words: Whether a calling agent is to send what the person said, word for word.
    """
    base = url if url.endswith("/") else f"{url}/"
    return AgentCard(
        name=name,
        description=description,
        version=version,
        provider=AgentProvider(organization=organization, url=base),
        documentation_url=documentation_url or None,
        supported_interfaces=[
            AgentInterface(url=base, protocol_binding="JSONRPC", protocol_version="1.0"),
            AgentInterface(url=base.rstrip("/"), protocol_binding="HTTP+JSON", protocol_version="1.0"),
            AgentInterface(url=base, protocol_binding="JSONRPC", protocol_version="0.3"),
        ],
        capabilities=AgentCapabilities(
            streaming=streaming,
            push_notifications=push_notifications,
            extended_agent_card=True,
            extensions=[OWN_WORDS] if own_words else [],
        ),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        security_schemes=security.schemes(skills),
        security_requirements=security.requirements(()),
        skills=[
            AgentSkill(
                id=skill.id,
                name=skill.name,
                description=skill.description,
                tags=skill.tags,
                examples=skill.examples,
                security_requirements=security.requirements(skill.scopes) if skill.scopes else [],
            )
            for skill in skills
        ],
    )


def is_allowed(skill: AgentSkill, caller: Caller) -> bool:
    """Whether one of the skill's alternatives is met; the agent's own part of it was checked at the door."""
    return not skill.security_requirements or any(
        all(
            caller.user.scopes.issuperset(scopes.list)
            for scheme, scopes in requirement.schemes.items()
            if scheme != AGENT_SCHEME
        )
        for requirement in skill.security_requirements
    )


def _requirement(schemes: Mapping[str, Sequence[str]]) -> SecurityRequirement:
    return SecurityRequirement(schemes={name: StringList(list=scopes) for name, scopes in schemes.items()})

"""Who may call the gateway: AgentCore's `customJWTAuthorizer`, in its own words and shape.

What is asked of a token is all that is there, together: one of the audiences, one of the clients, at least one of the
scopes, each of the claims. Where AgentCore's documentation leaves a status open, README.md says what is assumed.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from local.gateway._refusals import Refusal
from shared.errors import InvalidToken
from shared.identity import JwksCache, RawToken, TokenVerifier

_NAME: Final = r"^[A-Za-z0-9_.\-:/]{1,255}$"
_VALUE: Final = r"^[A-Za-z0-9_.-]{1,255}$"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class ClaimMatchValue(_Part):
    """What a claim is compared with: one text, or a list of which one is enough."""

    match_value_string: str | None = Field(None, pattern=_VALUE)
    match_value_string_list: tuple[str, ...] | None = Field(None, min_length=1)

    @model_validator(mode="after")
    def _verify(self) -> Self:
        if (self.match_value_string is None) == (self.match_value_string_list is None):
            raise ValueError("claimMatchValue has one of matchValueString and matchValueStringList")
        return self

    @property
    def values(self) -> frozenset[str]:
        """All that would do."""
        if self.match_value_string is not None:
            return frozenset({self.match_value_string})
        return frozenset(self.match_value_string_list or ())


class AuthorizingClaimMatchValue(_Part):
    """How a claim is compared."""

    claim_match_value: ClaimMatchValue
    claim_match_operator: Literal["EQUALS", "CONTAINS", "CONTAINS_ANY"]


class CustomClaim(_Part):
    """A further claim that a token needs."""

    inbound_token_claim_name: str = Field(pattern=_NAME)
    inbound_token_claim_value_type: Literal["STRING", "STRING_ARRAY"]
    authorizing_claim_match_value: AuthorizingClaimMatchValue

    @model_validator(mode="after")
    def _verify(self) -> Self:
        is_text = self.inbound_token_claim_value_type == "STRING"
        if is_text != (self.authorizing_claim_match_value.claim_match_operator == "EQUALS"):
            raise ValueError("EQUALS is for a STRING, CONTAINS and CONTAINS_ANY are for a STRING_ARRAY")
        return self

    def fits(self, claims: Mapping[str, Any]) -> bool:
        """Whether the claim is there, of the right type, and has or holds what it has to."""
        value = claims.get(self.inbound_token_claim_name)
        wanted = self.authorizing_claim_match_value.claim_match_value.values
        if self.inbound_token_claim_value_type == "STRING":
            return isinstance(value, str) and value in wanted
        return isinstance(value, list) and not wanted.isdisjoint(one for one in value if isinstance(one, str))


class CustomJWTAuthorizer(_Part):
    """The configuration, as `create_gateway` takes it.

    An audience is always asked for here, although AgentCore would do without: a token that is for nobody in
    particular is for anybody (RFC 9700 §2.3).
    """

    discovery_url: str = Field(pattern=r"^.+/\.well-known/(openid-configuration|oauth-authorization-server(/.*)?)$")
    allowed_audience: tuple[str, ...] = Field(min_length=1)
    allowed_clients: tuple[str, ...] = ()
    allowed_scopes: tuple[str, ...] = ()
    custom_claims: tuple[CustomClaim, ...] = ()


class Authorizer:
    """Checks the bearer token of each request.

    Args:
        configuration: What is asked of a token.
        keys: The issuer's.
    """

    def __init__(self, configuration: CustomJWTAuthorizer, keys: JwksCache) -> None:
        self._configuration = configuration
        self._verifiers = [TokenVerifier(keys.issuer, audience, keys) for audience in configuration.allowed_audience]

    async def check(self, authorization: list[str]) -> None:
        """Lets a request with these `Authorization` headers in.

        Raises:
            Refusal: with the status and the form that a gateway answers in.
            UpstreamUnavailable: the issuer's keys cannot be had.
        """
        token = _bearer(authorization)
        try:
            await self._verify(token)
        except InvalidToken as error:
            raise Refusal(401, "Invalid Bearer token", error="invalid_token", reason=error.reason) from error
        claims = _claims(token)
        configuration = self._configuration
        if configuration.allowed_clients and claims.get("client_id") not in configuration.allowed_clients:
            message = "Claim 'client_id' value mismatch with configuration."
            raise Refusal(401, message, error="invalid_token", reason="client")
        if not all(claim.fits(claims) for claim in configuration.custom_claims):
            raise Refusal(403, error="insufficient_scope", reason="custom_claim")
        granted = str(claims.get("scope", "")).split()
        if configuration.allowed_scopes and set(configuration.allowed_scopes).isdisjoint(granted):
            raise Refusal(403, error="insufficient_scope", reason="scope")

    async def _verify(self, token: RawToken) -> None:
        *others, last = self._verifiers
        for verifier in others:
            try:
                await verifier.verify(token)
            except InvalidToken as error:
                if error.reason != "token_audience_mismatch":
                    raise
            else:
                return
        await last.verify(token)


def _bearer(authorization: list[str]) -> RawToken:
    """The only bearer token of a request (RFC 6750 §2.1)."""
    scheme, _, token = authorization[0].partition(" ") if len(authorization) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refusal(401, "Missing Authentication Token", reason="token_missing")
    return RawToken(token.strip())


def _claims(token: RawToken) -> dict[str, Any]:
    """The claims of a token that has been verified."""
    part = token.reveal().split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims

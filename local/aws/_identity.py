"""AgentCore Identity's data plane: workload access tokens, and tokens of credential providers.

What a credential provider gives is handed in: at the local tenant, or in a test, whatever it needs. What the real
service does beyond its model (which claims it verifies, how long it keeps a token) is known from documents alone.
"""

import base64
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from local.aws._endpoint import Handler
from local.aws._responses import AwsError


@dataclass(frozen=True, slots=True)
class Issue:
    """What a credential provider is asked for.

    Attributes:
        flow: M2M, USER_FEDERATION or ON_BEHALF_OF_TOKEN_EXCHANGE.
        scopes: What the token is to allow.
        audience: Whom it is for, however it was named.
        user_token: The user's, where the workload access token was made for one.
    """

    flow: str
    scopes: Sequence[str]
    audience: str | None
    user_token: str | None


@dataclass(slots=True)
class CredentialProvider:
    """A credential provider of the account.

    Attributes:
        issue: Gives a token, or refuses with an `AwsError`.
        consent: Whether a person has to agree first in USER_FEDERATION.
    """

    issue: Callable[[Issue], Awaitable[str]]
    consent: bool = False


@dataclass(slots=True)
class _Session:
    user: str
    provider: str


@dataclass(slots=True)
class IdentityStandIn:
    """The state of one account: its workloads, its providers, who has consented.

    Args:
        workloads: The names of the workload identities.
        providers: The credential providers by name.
        authorization_url: Where a person consents.
    """

    workloads: Sequence[str]
    providers: Mapping[str, CredentialProvider]
    authorization_url: str = "https://bedrock-agentcore.us-east-1.amazonaws.com/identities/oauth2/authorize"
    _tokens: dict[str, str | None] = field(default_factory=dict)
    _sessions: dict[str, _Session] = field(default_factory=dict)
    _consents: set[tuple[str, str]] = field(default_factory=set)

    def handlers(self) -> Mapping[str, Handler]:
        """The operations, for an `AwsEndpoint`."""
        return {
            "GetWorkloadAccessToken": lambda asked: self._workload_token(asked, None),
            "GetWorkloadAccessTokenForJWT": lambda asked: self._workload_token(asked, asked["userToken"]),
            "GetResourceOauth2Token": self._resource_token,
            "CompleteResourceTokenAuth": self._complete,
        }

    def hand_in(self, user_token: str | None) -> str:
        """A workload access token as AgentCore Runtime makes one for a request."""
        token = f"wat-{secrets.token_urlsafe(24)}"
        self._tokens[token] = user_token
        return token

    def _workload_token(self, asked: Mapping[str, Any], user_token: str | None) -> Mapping[str, Any]:
        if asked["workloadName"] not in self.workloads:
            raise AwsError("ResourceNotFoundException", status=404)
        return {"workloadAccessToken": self.hand_in(user_token)}

    async def _resource_token(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        if asked["workloadIdentityToken"] not in self._tokens:
            raise AwsError("UnauthorizedException", status=401)
        user_token = self._tokens[asked["workloadIdentityToken"]]
        name, flow = asked["resourceCredentialProviderName"], asked["oauth2Flow"]
        provider = self.providers.get(name)
        if provider is None:
            raise AwsError("ResourceNotFoundException", status=404)
        if flow != "M2M" and user_token is None:
            raise AwsError("ValidationException", reason="FieldValidationFailed", message="the token names no user")
        if flow == "USER_FEDERATION" and user_token is not None and provider.consent:
            pending = self._pending(asked, user_token)
            if pending is not None:
                return pending
        audiences = [*asked.get("audiences", ()), *filter(None, [asked.get("customParameters", {}).get("audience")])]
        audience = audiences[0] if audiences else None
        return {"accessToken": await provider.issue(Issue(flow, asked["scopes"], audience, user_token))}

    def _pending(self, asked: Mapping[str, Any], user_token: str) -> Mapping[str, Any] | None:
        """The session in which the person has to agree; None where they have."""
        name = asked["resourceCredentialProviderName"]
        user = _user(user_token)
        if (name, user) in self._consents and not asked.get("forceAuthentication"):
            return None
        uri = asked.get("sessionUri")
        if uri is None:
            uri = f"urn:ietf:params:oauth:request_uri:{secrets.token_urlsafe(16)}"
            self._sessions[uri] = _Session(user, name)
        elif uri not in self._sessions or self._sessions[uri].user != user:
            return {"sessionUri": uri, "sessionStatus": "FAILED"}
        return {
            "authorizationUrl": f"{self.authorization_url}?request_uri={uri}",
            "sessionUri": uri,
            "sessionStatus": "IN_PROGRESS",
        }

    def _complete(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Binds the consent to the person who began it; nobody else may."""
        session = self._sessions.get(asked["sessionUri"])
        if session is None:
            raise AwsError("ResourceNotFoundException", status=404)
        if _user(asked["userIdentifier"].get("userToken", "")) != session.user:
            raise AwsError("AccessDeniedException", status=403)
        self._consents.add((session.provider, session.user))
        return {}


def _user(token: str) -> str:
    """Who a token is about: the service goes by issuer and subject. It verifies them; the stand-in does not."""
    parts = token.split(".")
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return f"{claims['iss']} {claims['sub']}"
    except (IndexError, KeyError, TypeError, ValueError):
        raise AwsError("UnauthorizedException", status=401) from None

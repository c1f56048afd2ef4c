"""A stand-in for AgentCore Gateway with a Lambda target, for one machine. `README.md` says what is assumed."""

from local.gateway._authorizer import CustomClaim, CustomJWTAuthorizer
from local.gateway._functions import LambdaFunction, Limits
from local.gateway._targets import LambdaTarget
from local.gateway.app import Parts, create_app, create_gateway
from local.gateway.settings import GatewaySettings

__all__ = [
    "CustomClaim",
    "CustomJWTAuthorizer",
    "GatewaySettings",
    "LambdaFunction",
    "LambdaTarget",
    "Limits",
    "Parts",
    "create_app",
    "create_gateway",
]

"""What runs on Amazon Bedrock AgentCore: each agent's runtime."""

from collections.abc import Iterator
from typing import Final

from portal.doctor._agents import SUPERVISOR
from portal.doctor._check import Found, check
from portal.doctor._cloud import Runtimes
from portal.doctor._issuer import METADATA
from portal.doctor._tenant import ASK, INVOKE

TO_EACH: Final = ("Authorization",)
TO_SUBAGENTS: Final = (*TO_EACH, "Delegated-User-Token")


@check(
    "aws/not-ready",
    why="No session of the agent starts: every call is answered 404 or 424.",
    mend="Do what AgentCore's reason says; `aws logs tail /aws/bedrock-agentcore/runtimes/...` has the agent's own "
    "line.",
)
def not_ready(runtimes: Runtimes) -> Iterator[Found]:
    for one in runtimes:
        if one.is_there and one.said["status"] != "READY":
            yield Found(
                one.of("the status"), f"{one.said['status']}: {one.said.get('failureReason', 'without a reason')}"
            )


@check(
    "aws/no-authorizer",
    why="Without a JWT authorizer the runtime takes callers that sign with AWS credentials, and refuses every bearer "
    "token (403): neither people's clients nor the supervisor get in.",
    mend="Give the runtime a customJWTAuthorizer: `helpdesk deploy apply AGENT`.",
)
def no_authorizer(runtimes: Runtimes) -> Iterator[Found]:
    for one in runtimes:
        if one.is_there and one.authorizer is None:
            yield Found(one.of("authorizerConfiguration"), "no customJWTAuthorizer")


@check(
    "aws/discovery-url",
    why="AgentCore takes tokens of the issuer whose metadata stands there: with another tenant's, or another domain "
    "of the same one, every token is refused (401).",
    mend="Set discoveryUrl to the agent's AUTH0_ISSUER with .well-known/openid-configuration after it.",
)
def discovery_url(runtimes: Runtimes) -> Iterator[Found]:
    for one in runtimes:
        issuer = one.agent.text("AUTH0_ISSUER")
        known = {f"{issuer.rstrip('/')}{path}" for path in METADATA}
        if one.authorizer is not None and one.authorizer.get("discoveryUrl") not in known:
            said = f"{one.authorizer.get('discoveryUrl')}, where the agent's issuer is {issuer}"
            yield Found(one.of("discoveryUrl"), said)


@check(
    "aws/allowed-audience",
    why="AgentCore compares `aud` with allowedAudience to the last slash: where the agent's own identifier is not "
    "there every token is refused (401), and where another is, tokens for somebody else come through to the "
    "agent.",
    mend="Set allowedAudience to the agent's AUDIENCE, and nothing else.",
)
def allowed_audience(runtimes: Runtimes) -> Iterator[Found]:
    for one in runtimes:
        listed = list(one.authorizer.get("allowedAudience", [])) if one.authorizer is not None else None
        if listed is not None and listed != [one.agent.text("AUDIENCE")]:
            said = f"{', '.join(listed) or 'nothing'}, where the agent's AUDIENCE is {one.agent.text('AUDIENCE')}"
            yield Found(one.of("allowedAudience"), said)


@check(
    "aws/allowed-clients",
    why="AgentCore compares allowedClients with the claim `client_id`: whose client is not listed is refused (401: "
    "Claim 'client_id' value mismatch), also the supervisor.",
    mend="List the supervisor's CLIENT_ID in allowedClients of each subagent, or leave allowedClients out: the agent "
    "itself looks at ALLOWED_CALLERS.",
)
def allowed_clients(runtimes: Runtimes) -> Iterator[Found]:
    for one in runtimes:
        listed = one.authorizer.get("allowedClients") if one.authorizer is not None else None
        callers = one.agent.read("ALLOWED_CALLERS")
        for caller in callers if listed and isinstance(callers, list) else ():
            if isinstance(caller, dict) and caller.get("client_id") not in (listed or ()):
                yield Found(one.of("allowedClients"), f"without {caller.get('client_id')}")


@check(
    "aws/allowed-scopes",
    why="One of allowedScopes is enough: with more than the agent's own, or none, tokens that were made for something "
    "else come in; with another alone, nobody does (403 insufficient_scope).",
    mend=f"Set allowedScopes to [{INVOKE}] for a subagent, and to [{ASK}] for the supervisor.",
)
def allowed_scopes(runtimes: Runtimes) -> Iterator[Found]:
    for one in runtimes:
        own = [ASK if one.agent.name == SUPERVISOR else INVOKE]
        if one.authorizer is not None and list(one.authorizer.get("allowedScopes", [])) != own:
            said = ", ".join(one.authorizer.get("allowedScopes", [])) or "none"
            yield Found(one.of("allowedScopes"), said)


@check(
    "aws/header-allowlist",
    why="Headers that are not listed do not reach the agent: it answers 401 to everybody, for want of a token.",
    mend="Add the header to requestHeaderAllowlist under its own name; the `agentcore` command puts a prefix before "
    "it.",
)
def header_allowlist(runtimes: Runtimes) -> Iterator[Found]:
    for one in runtimes:
        needed = TO_EACH if one.agent.name == SUPERVISOR else TO_SUBAGENTS
        lacking = [name for name in needed if name.lower() not in one.headers]
        if one.is_there and lacking:
            yield Found(one.of("requestHeaderAllowlist"), f"without {', '.join(lacking)}")


@check(
    "aws/protocol",
    why="AgentCore calls an agent of the protocol HTTP at port 8080 and /invocations, where nobody listens: 424.",
    mend="Set serverProtocol to A2A.",
)
def protocol(runtimes: Runtimes) -> Iterator[Found]:
    for one in runtimes:
        said = one.said.get("protocolConfiguration", {}).get("serverProtocol", "HTTP")
        if one.is_there and said != "A2A":
            yield Found(one.of("serverProtocol"), said)


@check(
    "aws/region-missing",
    why="boto3 takes its region from AWS_DEFAULT_REGION alone: without it the agent can read no secret, and ends at "
    "start.",
    mend="Set AWS_DEFAULT_REGION among the runtime's environment variables to its region: `helpdesk deploy apply "
    "AGENT`.",
)
def region_missing(runtimes: Runtimes) -> Iterator[Found]:
    for one in runtimes:
        if one.is_there and not one.agent.text("AWS_DEFAULT_REGION"):
            yield Found(one.of("environmentVariables"), "without AWS_DEFAULT_REGION")


@check(
    "aws/secret-missing",
    why="The agent reads it at start, and ends where it is not there: the runtime fails to start a session (424).",
    mend="Make the secret in AWS Secrets Manager under that name, as plain text.",
)
def secret_missing(runtimes: Runtimes) -> Iterator[Found]:
    for one in runtimes:
        for name in one.lacks:
            yield Found(f"the secrets of {one.agent.name}", f"{name} is not there")


@check(
    "aws/subagent-url",
    why="The supervisor calls a runtime that is not there any more, or another agent's: 404, and the subagent is away.",
    mend="`helpdesk deploy apply supervisor`: it is told its subagents when it is deployed.",
)
def subagent_url(runtimes: Runtimes) -> Iterator[Found]:
    known = {one.agent.text("AUDIENCE").rstrip("/"): one for one in runtimes if one.is_there}
    for one in (one for one in runtimes if one.agent.name == SUPERVISOR and one.is_there):
        listed = one.agent.read("SUBAGENTS")
        for entry in listed if isinstance(listed, list) else ():
            meant = known.get(str(entry.get("audience", "")).rstrip("/"))
            if meant is not None and entry.get("url") != meant.agent.public_url:
                yield Found(
                    one.agent.of("SUBAGENTS"),
                    f"{entry.get('url')}, where {meant.agent.name} is at {meant.agent.public_url}",
                )

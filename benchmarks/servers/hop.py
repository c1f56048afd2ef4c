"""Our two hops, put together as agents are: a supervisor that hands each message on, and the subagent that echoes it.

    python -m benchmarks.servers.hop ROLE CONFIGURATION-FILE

ROLE is `supervisor` or `subagent`. Both verify what Auth0's stand-in issued; the supervisor exchanges the user's token
and gets its own, as an agent does; both keep their tasks on disk.
"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.a2a import serve
from shared.settings import AgentSettings

if TYPE_CHECKING:
    from starlette.applications import Starlette


def make_app(role: str, configuration: dict[str, Any], settings: AgentSettings) -> "Starlette":
    """The app as an agent's own factory makes it; with an audit trail, where the settings say a place for one."""
    from benchmarks.servers.echo import Echo  # noqa: PLC0415 -- heavy imports come after the socket is bound
    from benchmarks.servers.relay import Relay  # noqa: PLC0415
    from shared import a2a, identity  # noqa: PLC0415
    from shared.audit import AuditTrail, SealingKey, Trail, Unrecorded, open_store  # noqa: PLC0415
    from shared.http import create_http_client  # noqa: PLC0415
    from shared.settings import AllowedCaller  # noqa: PLC0415
    from shared.tasks import open_storage  # noqa: PLC0415

    http = create_http_client()
    trail: Trail = Unrecorded()
    audit_url, database_url = settings.audit_database_url, settings.database_url.get_secret_value()
    if audit_url is not None or settings.audit_file.is_absolute():  # one that was told
        url_of_trail = audit_url.get_secret_value() if audit_url is not None else None
        store = open_store(settings.audit_file, url_of_trail, agent=role)
        anchors = Path(configuration[role]["database"]).with_suffix(".anchors")
        trail = AuditTrail.begin(store, SealingKey.generate(), agent=role, anchors=anchors)
    issuer = configuration["issuer"]
    discovery = f"{issuer}.well-known/openid-configuration"
    verifier = identity.TokenVerifier(
        issuer, configuration[role]["audience"], identity.JwksCache(discovery, issuer, http)
    )
    url, skill = configuration[role]["url"], a2a.Skill("echo", "Echo", "Says it again.", ("echo",))

    def token_client(name: str, **more: Any) -> identity.TokenClient:
        client = configuration[name]
        credentials = identity.ClientCredentials(client["id"], Path(client["key_file"]).read_text(encoding="utf-8"))
        return identity.TokenClient(discovery, issuer, http, credentials, **more)

    if role == "subagent":
        scoped = a2a.Skill("echo", "Echo", "Says it again.", ("echo",), scopes=tuple(configuration["scopes"]))
        executor: Any = Echo()
        card = a2a.create_card(
            name=role, description="Echo", url=url, skills=[scoped], security=a2a.HopSecurity(issuer)
        )
        caller = AllowedCaller(
            agent="supervisor",
            client_id=configuration["machine"]["id"],
            api_client_id=configuration["exchanger"]["id"],
        )
        entry: a2a.Entry = a2a.DelegatedHop(verifier, verifier, [caller], a2a.INVOKE_SCOPE)
    else:
        client = a2a.AgentClient(
            url=configuration["subagent"]["url"],
            audience=configuration["subagent"]["audience"],
            http=http,
            agent_tokens=token_client("machine"),
            user_tokens=token_client("exchanger", resource_server_identifier=configuration[role]["audience"]),
            trail=trail,
        )
        executor = Relay(client)
        security = a2a.SignInSecurity(issuer, ("helpdesk:ask",))
        card = a2a.create_card(name=role, description="Relay", url=url, skills=[skill], security=security)
        entry = a2a.UserEntry(verifier, ["helpdesk:ask"])
    return a2a.create_agent_app(
        executor=executor,
        card=card,
        entry=entry,
        storage=open_storage(
            database_url if database_url.startswith("postgresql:") else f"sqlite:///{configuration[role]['database']}",
            agent=role,
        ),
        # A few users do here what many do in an hour; everything else is as in an agent.
        limits=a2a.Limits(
            user_requests_per_minute=10**7, client_requests_per_minute=10**7, open_tasks=1000, open_requests=10**6
        ),
        trail=trail,
    )


def main() -> None:
    """Serves until it is stopped."""
    role = sys.argv[1]
    configuration = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    settings = AgentSettings.load(
        helpdesk_env="local",
        auth0_issuer=configuration["issuer"],
        audience=configuration[role]["audience"],
        audit_key="made anew where a trail is kept",
        model_provider="offline",
        port=configuration[role]["port"],
        log_format="json",
        log_level="INFO",
    )
    serve(lambda: make_app(role, configuration, settings), settings, name=role)


if __name__ == "__main__":
    main()

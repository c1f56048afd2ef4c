"""The same echo as one of our subagents: behind both tokens, with the durable store, served as agents are.

    python -m benchmarks.servers.secure PORT DATABASE-FILE HEADERS-FILE

The tokens are real ones of an authorization server in this process; the headers of some users' requests are written
to HEADERS-FILE, as a JSON list, when the app is made.
"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from shared.a2a import serve
from shared.settings import ServiceSettings

if TYPE_CHECKING:
    from starlette.applications import Starlette

USERS = 16
AUDIENCE = "https://helpdesk.example/echo"


def make_app(port: int, database: str, headers: Path) -> "Starlette":
    """The app as an agent's own factory makes it."""
    from benchmarks.servers.echo import Echo  # noqa: PLC0415 -- heavy imports come after the socket is bound
    from shared.a2a import (  # noqa: PLC0415
        DELEGATED_USER_HEADER,
        INVOKE_SCOPE,
        DelegatedHop,
        HopSecurity,
        Limits,
        Skill,
        create_agent_app,
        create_card,
    )
    from shared.identity import JwksCache, TokenVerifier  # noqa: PLC0415
    from shared.settings import AllowedCaller  # noqa: PLC0415
    from shared.tasks import open_storage  # noqa: PLC0415
    from shared.testing import AuthorizationServer  # noqa: PLC0415

    issuer = AuthorizationServer(dialect="rfc9068_profile")
    keys = JwksCache(f"{issuer.issuer}.well-known/openid-configuration", issuer.issuer, issuer.create_http_client())
    verifier = TokenVerifier(issuer.issuer, AUDIENCE, keys)
    bearer = issuer.machine_token("supervisor", audience=AUDIENCE, scopes=[INVOKE_SCOPE]).reveal()
    delegated = [
        issuer.user_token(
            f"auth0|{number:024x}",
            audience=AUDIENCE,
            client_id="supervisor-api",
            actors=["supervisor-api", "command-line"],
            scopes=["echo:say"],
        ).reveal()
        for number in range(USERS)
    ]
    headers.write_text(
        json.dumps([{"Authorization": f"Bearer {bearer}", DELEGATED_USER_HEADER: token} for token in delegated])
    )
    return create_agent_app(
        executor=Echo(),
        card=create_card(
            name="echo",
            description="Says it again.",
            url=f"http://127.0.0.1:{port}/",
            skills=[Skill("echo", "Echo", "Says it again.", ("echo",), scopes=("echo:say",))],
            security=HopSecurity(issuer.issuer),
        ),
        entry=DelegatedHop(
            verifier,
            verifier,
            [AllowedCaller(agent="supervisor", client_id="supervisor", api_client_id="supervisor-api")],
            INVOKE_SCOPE,
            own_clients=["echo"],
        ),
        storage=open_storage(database, agent="echo"),
        # A few users do here what many do in an hour; everything else is as in an agent.
        limits=Limits(
            user_requests_per_minute=10**7, client_requests_per_minute=10**7, open_tasks=1000, open_requests=10**6
        ),
    )


def main() -> None:
    """Serves until it is stopped."""
    port, database, headers = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    settings = ServiceSettings.load(port=port, log_format="json", log_level="INFO")
    serve(lambda: make_app(port, database, headers), settings, name="echo")


if __name__ == "__main__":
    main()

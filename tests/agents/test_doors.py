"""The doors of the subagents, as their apps compose them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from agents.account_lookup.app import create_app as create_account_lookup
from agents.account_lookup.settings import AccountLookupSettings
from agents.docs_search.app import create_app as create_docs_search
from agents.docs_search.settings import DocsSearchSettings
from agents.password_reset.app import create_app as create_password_reset
from agents.password_reset.settings import PasswordResetSettings
from shared.a2a import DELEGATED_USER_HEADER, INVOKE_SCOPE
from shared.http import create_http_client
from shared.settings import SubagentSettings
from shared.testing import AuthorizationServer, SigningKey, audit_key

AUDIENCE = "https://helpdesk.example/agent"
SUPERVISOR, SUPERVISOR_API, OWN, COMMAND_LINE = "supervisor", "supervisor-api", "own-api", "command-line"
STORE = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
AGENTS: list[tuple[type[SubagentSettings], Callable[..., Starlette]]] = [
    (AccountLookupSettings, create_account_lookup),
    (PasswordResetSettings, create_password_reset),
    (DocsSearchSettings, create_docs_search),
]


def given(settings: type[SubagentSettings], issuer: str, folder: Path) -> dict[str, Any]:
    key = SigningKey().pem()
    everything: dict[str, Any] = {
        "helpdesk_env": "local",
        "auth0_issuer": issuer,
        "audience": AUDIENCE,
        "database_url": f"sqlite:///{folder}/agent.sqlite3",
        "model_provider": "offline",
        "allowed_callers": [{"agent": "supervisor", "client_id": SUPERVISOR, "api_client_id": SUPERVISOR_API}],
        "audit_key": audit_key(),
        "audit_file": folder / "audit.sqlite3",
        "audit_anchors": folder / "anchors",
        "fga_api_url": "http://127.0.0.1:9",
        "fga_store_id": STORE,
        "fga_model_id": STORE,
        "api_client_id": OWN,
        "api_client_key": key,
        "directory_url": "http://127.0.0.1:9/api/v1",
        "directory_connection": "directory-read",
        "approvals_client_id": "approvals",
        "approvals_client_key": key,
        "gateway_url": "http://127.0.0.1:9/mcp",
        "gateway_audience": "https://helpdesk.example/gateway",
    }
    return {name: value for name, value in everything.items() if name in settings.model_fields}


@pytest.mark.requirement("C10")
@pytest.mark.parametrize(
    ("actors", "status"),
    [((SUPERVISOR_API, COMMAND_LINE), 200), ((SUPERVISOR_API, OWN, COMMAND_LINE), 403), ((SUPERVISOR_API, OWN), 403)],
    ids=["from the person", "back again", "from itself"],
)
@pytest.mark.parametrize(("settings", "create"), AGENTS, ids=["account_lookup", "password_reset", "docs_search"])
async def test_a_chain_that_comes_back_to_a_subagent_is_cut(
    settings: type[SubagentSettings],
    create: Callable[..., Starlette],
    actors: tuple[str, ...],
    status: int,
    tmp_path: Path,
) -> None:
    """An agent that was taken over might have the supervisor ask it again, in the name of who asked it first."""
    server = AuthorizationServer()
    app = create(settings.load(**given(settings, server.issuer, tmp_path)), http=server.create_http_client())
    delegated = server.user_token(audience=AUDIENCE, client_id=SUPERVISOR_API, actors=actors, scopes=["x"])
    agent = server.machine_token(SUPERVISOR, audience=AUDIENCE, scopes=[INVOKE_SCOPE])
    headers = {"Authorization": f"Bearer {agent.reveal()}", DELEGATED_USER_HEADER: delegated.reveal()}
    request = {"jsonrpc": "2.0", "id": 1, "method": "ListTasks", "params": {}}
    async with (
        app.router.lifespan_context(app),
        create_http_client(app=httpx.ASGITransport(app)) as http,
    ):
        response = await http.post("http://agent.example/", json=request, headers=headers)
    assert response.status_code == status

"""Token Vault: which agent is given a person's token of another system, for whom, and for how long."""

import asyncio
from typing import Any

import pytest

from local.tenant.testing import SUPERVISOR, ManualClock
from tests.tenant._vault import (
    ACCESS_TOKEN,
    LOOKUP,
    MANAGE,
    READ,
    REFRESH_TOKEN,
    RESET,
    REVOKE_PATH,
    TOKEN_PATH,
    UPSTREAM_TOKEN,
    Vault,
)

NOT_FOUND = (401, "federated_connection_refresh_token_not_found")
FLOW_FAILED = (401, "federated_connection_refresh_token_flow_failed")
UPSTREAM_LIFETIME = 3600


async def test_the_response(vault: Vault) -> None:
    assert (await vault.connect()).status_code == 201
    response = await vault.exchange(await vault.subject_token())
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert list(body) == ["access_token", "scope", "expires_in", "issued_token_type", "token_type"]
    (issued,) = vault.ear.issued()
    assert (body["access_token"], body["scope"]) == (issued["access_token"], issued["scope"])
    assert (body["expires_in"], body["token_type"]) == (UPSTREAM_LIFETIME, "Bearer")
    assert body["issued_token_type"] == UPSTREAM_TOKEN


class TestWhoIsGivenNothing:
    """Refusals that no provider is asked about."""

    async def test_somebody_who_never_connected(self, vault: Vault) -> None:
        await vault.connect("amelia.hart")
        assert await vault.refusal(await vault.subject_token("oscar.lind")) == NOT_FOUND

    @pytest.mark.requirement("G1")
    async def test_a_person_is_not_given_anothers_by_a_hint(self, vault: Vault) -> None:
        await vault.connect("amelia.hart")
        token = await vault.subject_token("oscar.lind")
        assert await vault.refusal(token, login_hint=vault.upstream_user()) == NOT_FOUND
        own = await vault.subject_token("amelia.hart")
        assert await vault.refusal(own, login_hint=vault.upstream_user()) == (200, "ok")
        assert await vault.refusal(own, login_hint="somebody else") == NOT_FOUND

    @pytest.mark.requirement("G1")
    async def test_an_agent_by_another_agents_connection(self, vault: Vault) -> None:
        """The agent that reads never gets a token that changes."""
        await vault.connect("amelia.hart", MANAGE)
        token = await vault.subject_token()
        assert await vault.refusal(token, connection=MANAGE) == (403, "unauthorized_client")
        assert await vault.refusal(token) == NOT_FOUND
        changing = await vault.subject_token(agent="password_reset")
        assert await vault.refusal(changing, RESET, connection=READ) == (403, "unauthorized_client")
        assert await vault.refusal(changing, RESET, connection=MANAGE) == (200, "ok")

    @pytest.mark.parametrize("client", [SUPERVISOR, "Supervisor API client", "Docs search API client"])
    async def test_a_client_without_the_grant_type(self, vault: Vault, client: str) -> None:
        await vault.connect()
        assert await vault.refusal(await vault.subject_token(), client) == (403, "unauthorized_client")

    async def test_a_client_that_does_not_prove_itself(self, vault: Vault) -> None:
        await vault.connect()
        token, foreign = await vault.subject_token(), vault.tenant.assertion(RESET)
        assert (await vault.refusal(token, client_assertion=None))[0] == 401
        client_id = vault.tenant.client(LOOKUP).client_id
        assert (await vault.refusal(token, client_assertion=foreign, client_id=client_id))[0] == 401

    @pytest.mark.parametrize("agent", ["supervisor", "password_reset", "docs_search"])
    async def test_by_a_token_for_another_api(self, vault: Vault, agent: str) -> None:
        await vault.connect()
        signed_in = await vault.tenant.sign_in("amelia.hart")
        token = signed_in if agent == "supervisor" else await vault.subject_token(agent=agent)
        assert await vault.refusal(token) == (403, "unauthorized_client")

    async def test_by_an_expired_token(self, vault: Vault, clock: ManualClock) -> None:
        await vault.connect()
        token = await vault.subject_token()
        clock.advance(899)
        assert await vault.refusal(token) == (200, "ok")
        clock.advance(1)
        assert await vault.refusal(token) == (401, "invalid_request")

    async def test_by_a_machines_token(self, vault: Vault) -> None:
        token = await vault.tenant.client_credentials(vault.tenant.api("account_lookup"))
        assert await vault.refusal(token) == (400, "invalid_request")

    @pytest.mark.parametrize("token", ["x", "a.b.c"])
    async def test_by_garbage(self, vault: Vault, token: str) -> None:
        assert await vault.refusal(token) == (401, "invalid_request")

    async def test_by_a_refresh_token_that_is_not_the_clients_own(self, vault: Vault) -> None:
        scopes = ("openid", "offline_access", "helpdesk:ask")
        tokens = await vault.tenant.sign_in_tokens(
            "amelia.hart", scopes=scopes, audience=vault.tenant.api("supervisor")
        )
        status, _ = await vault.refusal(tokens["refresh_token"], subject_token_type=REFRESH_TOKEN)
        assert status == 403

    async def test_for_a_person_who_was_blocked(self, vault: Vault) -> None:
        await vault.connect()
        token = await vault.subject_token()
        vault.tenant.block("amelia.hart")
        assert await vault.refusal(token) == (403, "invalid_grant")
        vault.tenant.block("amelia.hart", blocked=False)
        assert await vault.refusal(token) == (200, "ok")

    @pytest.mark.parametrize(
        "changes",
        [
            {"requested_token_type": None},
            {"requested_token_type": ACCESS_TOKEN},
            {"subject_token_type": None},
            {"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"},
            {"subject_token": None},
            {"connection": None},
            {"connection": "directory-other"},
        ],
    )
    async def test_by_a_request_that_means_nothing(self, vault: Vault, changes: dict[str, Any]) -> None:
        await vault.connect()
        assert await vault.refusal(**{"subject_token": await vault.subject_token()} | changes) == (
            400,
            "invalid_request",
        )


class TestRenewal:
    """The provider's refresh token stays here, and is spent when it has to be."""

    async def test_a_token_is_given_again_until_it_is_about_to_expire(self, vault: Vault, clock: ManualClock) -> None:
        await vault.connect()
        clock.advance(UPSTREAM_LIFETIME - 31)
        body = (await vault.exchange(await vault.subject_token())).json()
        assert (body["expires_in"], vault.ear.asked[TOKEN_PATH]) == (31, 1)
        clock.advance(1)
        renewed = (await vault.exchange(await vault.subject_token())).json()
        assert (renewed["expires_in"], vault.ear.asked[TOKEN_PATH]) == (UPSTREAM_LIFETIME, 2)
        assert renewed["access_token"] != body["access_token"]

    async def test_the_replaced_refresh_token_is_kept(self, vault: Vault, clock: ManualClock) -> None:
        """The directory ends the grant of a refresh token that comes twice."""
        await vault.connect()
        for _ in range(3):
            clock.advance(UPSTREAM_LIFETIME)
            assert await vault.refusal(await vault.subject_token()) == (200, "ok")
        assert len({issued["refresh_token"] for issued in vault.ear.issued()}) == 4

    async def test_at_the_same_moment_it_is_renewed_once(self, vault: Vault, clock: ManualClock) -> None:
        await vault.connect()
        clock.advance(UPSTREAM_LIFETIME)
        token = await vault.subject_token()
        answers = await asyncio.gather(*(vault.exchange(token) for _ in range(5)))
        assert [answer.status_code for answer in answers] == [200] * 5
        assert len({answer.json()["access_token"] for answer in answers}) == 1
        assert vault.ear.asked[TOKEN_PATH] == 2

    async def test_an_account_that_is_connected_anew_meanwhile_stays_so(self, vault: Vault, clock: ManualClock) -> None:
        """The renewal belongs to the old grant, which has ended."""
        await vault.connect()
        clock.advance(UPSTREAM_LIFETIME)
        token = await vault.subject_token()
        vault.ear.meanwhile = vault.connect
        late = (await vault.exchange(token)).json()
        body = (await vault.exchange(token)).json()
        assert body["access_token"] != late["access_token"]
        clock.advance(UPSTREAM_LIFETIME)
        assert await vault.refusal(await vault.subject_token()) == (200, "ok")

    async def test_what_the_provider_revoked_is_not_given(self, vault: Vault, clock: ManualClock) -> None:
        await vault.connect()
        vault.revoke_upstream(vault.upstream_user())
        clock.advance(UPSTREAM_LIFETIME)
        token = await vault.subject_token()
        assert await vault.refusal(token) == FLOW_FAILED
        assert (await vault.connect()).status_code == 201  # which is the remedy
        assert await vault.refusal(token) == (200, "ok")

    async def test_a_provider_that_is_away_is_no_refusal(self, vault: Vault, clock: ManualClock) -> None:
        """Nobody is asked to connect again for it, and nothing is lost."""
        await vault.connect()
        clock.advance(UPSTREAM_LIFETIME)
        token = await vault.subject_token()
        vault.server.stop()
        assert await vault.refusal(token) == (503, "temporarily_unavailable")
        vault.start_directory()
        assert await vault.refusal(token) == (200, "ok")

    async def test_a_token_that_is_good_needs_no_provider(self, vault: Vault) -> None:
        await vault.connect()
        token = await vault.subject_token()
        vault.server.stop()
        assert await vault.refusal(token) == (200, "ok")


async def test_what_was_disconnected_is_given_no_more(vault: Vault) -> None:
    account = (await vault.connect()).json()
    token, own = await vault.subject_token(), await vault.tenant.my_account_token("amelia.hart")
    assert await vault.refusal(token) == (200, "ok")
    assert (await vault.tenant.my_account("DELETE", f"accounts/{account['id']}", own)).status_code == 204
    assert await vault.refusal(token) == NOT_FOUND
    assert vault.ear.asked[REVOKE_PATH] == 1


async def test_connecting_again_replaces_what_was_there(vault: Vault) -> None:
    first, second = (await vault.connect()).json(), (await vault.connect()).json()
    assert first["id"] == second["id"]
    assert vault.ear.asked[REVOKE_PATH] == 1  # the old grant ends there
    body = (await vault.exchange(await vault.subject_token())).json()
    assert body["access_token"] == vault.ear.issued()[-1]["access_token"]


@pytest.mark.requirement("F3")
async def test_the_log_names_the_account_and_holds_no_token(vault: Vault, clock: ManualClock) -> None:
    account = (await vault.connect()).json()
    clock.advance(UPSTREAM_LIFETIME)
    token = await vault.subject_token()
    await vault.exchange(token)
    vault.revoke_upstream(vault.upstream_user())
    await vault.refusal(token, connection=MANAGE)
    succeeded, *_ = (await vault.tenant.manage("GET", "logs?q=type:success_token_vault_exchange")).json()
    assert succeeded["client_name"] == LOOKUP
    assert succeeded["user_id"] == vault.tenant.user_id("amelia.hart")
    assert succeeded["details"]["connected_account_id"] == account["id"]
    failed, *_ = (await vault.tenant.manage("GET", "logs?q=type:failed_token_vault_exchange")).json()
    assert failed["details"]["error"]["error"] == "unauthorized_client"
    written = (await vault.tenant.manage("GET", "logs?per_page=100")).text
    for secret in (token, *_secrets_of(vault)):
        assert secret not in written


async def test_nothing_that_the_provider_issued_is_readable_in_the_tenants_files(
    vault: Vault, clock: ManualClock
) -> None:
    """Neither while an account is being connected nor after; only sealed, under a key in a file of its own."""
    connecting = await vault.begin()
    answer = await vault.browse(connecting.url, connecting.redirect_uri)
    kept = _files(vault)
    assert (await vault.complete(connecting, answer["connect_code"])).status_code == 201
    clock.advance(UPSTREAM_LIFETIME)
    await vault.exchange(await vault.subject_token())
    kept += _files(vault)
    assert vault.tenant.user_id("amelia.hart").encode() in kept
    for secret in (*_secrets_of(vault), answer["connect_code"], connecting.auth_session):
        assert secret.encode() not in kept


def _secrets_of(vault: Vault) -> list[str]:
    """Every token that the directory issued."""
    issued = [response[name] for response in vault.ear.issued() for name in ("access_token", "refresh_token")]
    assert len(issued) == 4
    return issued


def _files(vault: Vault) -> bytes:
    return b"".join(file.read_bytes() for file in vault.tenant.settings.folder.rglob("*") if file.is_file())

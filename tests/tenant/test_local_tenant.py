"""The helper that other parts' tests stand on works over a real port, and in process."""

from collections.abc import Callable
from pathlib import Path

import httpx
import jwt
import pytest

from local.tenant.testing import LocalTenant


def claims_of(token: str) -> dict[str, object]:
    claims: dict[str, object] = jwt.decode(token, options={"verify_signature": False})
    return claims


@pytest.mark.parametrize("serve", [False, True], ids=["in process", "on a port"])
async def test_a_person_signs_in_and_an_agent_calls_on_for_them(
    make_tenant: Callable[..., LocalTenant], *, serve: bool
) -> None:
    tenant = make_tenant(serve=serve)
    user_token = await tenant.sign_in("amelia.hart")
    agent_token = await tenant.client_credentials(tenant.api("docs_search"))
    delegated = claims_of(await tenant.exchange(user_token, tenant.api("docs_search"), scopes=["docs:read"]))

    assert claims_of(user_token)["sub"] == delegated["sub"] == tenant.user_id("amelia.hart")
    assert claims_of(agent_token)["sub"] == f"{tenant.client('Supervisor').client_id}@clients"
    assert delegated["aud"] == tenant.api("docs_search")
    assert delegated["act"] == {
        "sub": tenant.client("Supervisor API client").client_id,
        "act": {"sub": tenant.client("Help desk command line").client_id},
    }


async def test_a_stopped_tenant_is_away_and_comes_back_on_its_port(make_tenant: Callable[..., LocalTenant]) -> None:
    tenant = make_tenant(serve=True)
    async with tenant.http() as http:
        assert (await http.get(tenant.discovery_url)).status_code == 200
        tenant.stop()
        with pytest.raises(httpx.TransportError):
            await http.get(tenant.discovery_url)
        tenant.start()
        assert (await http.get(tenant.discovery_url)).json()["issuer"] == tenant.issuer


async def test_faults_are_answered_as_often_as_they_were_ordered(tenant: LocalTenant) -> None:
    tenant.fail("/oauth/token", 503, times=2, headers={"Retry-After": "7"}, body="away")
    async with tenant.http() as http:
        answers = [await http.post(f"{tenant.issuer}oauth/token") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 400]
    assert answers[0].headers["retry-after"] == "7"
    assert tenant.requests["/oauth/token"] == 3


async def test_what_was_made_on_the_first_run_is_found_on_the_next(
    make_tenant: Callable[..., LocalTenant], tmp_path: Path
) -> None:
    first = make_tenant()
    token, kid = await first.sign_in("amelia.hart"), first.tenant.keys.current.kid
    second = make_tenant()
    assert second.tenant.keys.current.kid == kid
    assert second.client("Supervisor") == first.client("Supervisor")
    assert second.password("amelia.hart") == first.password("amelia.hart")
    assert claims_of(await second.exchange(token, second.api("docs_search")))["sub"] == second.user_id("amelia.hart")
    other = make_tenant(tmp_path / "other")
    assert other.client("Supervisor").client_id != first.client("Supervisor").client_id
    assert other.password("amelia.hart") != first.password("amelia.hart")

"""What the embedded server is besides: one machine's, private, its own."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from openfga_sdk import ClientConfiguration, OpenFgaClient
from openfga_sdk.client.models import (
    ClientBatchCheckItem,
    ClientBatchCheckRequest,
    ClientCheckRequest,
    ClientListObjectsRequest,
    ClientTuple,
    ClientWriteRequest,
)
from openfga_sdk.client.models.list_users_request import ClientListUsersRequest
from openfga_sdk.credentials import CredentialConfiguration, Credentials
from openfga_sdk.exceptions import ValidationException
from openfga_sdk.models import CreateStoreRequest, FgaObject, UserTypeFilter

from local.fga import AccessTokens, Faults, PresharedKeys
from local.fga.__main__ import preshared_key
from shared.http import create_http_client
from shared.identity import JwksCache, TokenVerifier
from shared.testing import AuthorizationServer
from tests.fga._servers import SECRET, Api, embedded, running
from tests.fga.test_api import KEY, MODEL, key

AUDIENCE = "https://fga.example/"


def start(tmp_path: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "HELPDESK_ENV"} | settings
    return subprocess.run(
        [sys.executable, "-m", "local.fga", *arguments],
        env=environment | {"HELPDESK_VAR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "HELPDESK_ENV is 'production'"),
        ({"HELPDESK_ENV": "local", "HOST": "0.0.0.0"}, "which other machines reach"),  # noqa: S104 -- refused
        ({"HELPDESK_ENV": "local", "FGA_AUTHN": "oidc"}, "set AUTH0_ISSUER and FGA_API_AUDIENCE too"),
        ({"HELPDESK_ENV": "local", "FGA_AUTHN": "open"}, "FGA_AUTHN is not usable"),
    ],
)
def test_it_does_not_start_where_it_should_not(tmp_path: Path, settings: dict[str, str], message: str) -> None:
    done = start(tmp_path, **settings)

    assert done.returncode == 1
    assert message in done.stderr


async def test_what_was_written_outlives_the_process(tmp_path: Path) -> None:
    folder = tmp_path / "fga"
    tuples = [KEY, key(object="doc:2") | {"condition": {"name": "small", "context": {"x": 1}}}]
    async with embedded(folder) as server:
        store = await server.store(MODEL)
        await server.write(store, tuples)
        before = await server.call("POST", f"{store}/read", {})

    async with embedded(folder) as server:
        assert await server.call("POST", f"{store}/read", {}) == before
        for each in tuples:
            question = {"tuple_key": {name: each[name] for name in KEY}}
            assert (await server.call("POST", f"{store}/check", question))[1]["allowed"] is True
        await server.call("POST", f"{store}/write", {"deletes": {"tuple_keys": [KEY]}})
        assert (await server.call("POST", f"{store}/check", {"tuple_key": KEY}))[1]["allowed"] is False


async def test_only_its_owner_can_read_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "fga"
    async with embedded(folder) as server:
        await server.store(MODEL)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}

    assert modes.pop("fga") == 0o700
    assert set(modes.values()) == {0o600}


REFUSED = (None, "Basic x", "Bearer ", "Bearer another", f"Bearer {SECRET}x")


async def answers(api: Api) -> list[tuple[int, str]]:
    """What a server says to those who do not have its key, and to those who have."""
    given = [{} if value is None else {"authorization": value} for value in (*REFUSED, f"Bearer {SECRET}")]
    heard = [await api.client.get(f"{api.url}/stores", headers=headers) for headers in given]
    assert not [answer for answer in heard if SECRET in answer.text]
    return [(answer.status_code, answer.json().get("code", "")) for answer in heard]


async def test_without_the_key_nothing_is_answered(tmp_path: Path) -> None:
    async with embedded(tmp_path / "fga", access=PresharedKeys([SECRET])) as server:
        missing, wrong = (401, "bearer_token_missing"), (401, "unauthenticated")
        assert await answers(server) == [missing, missing, missing, wrong, wrong, (200, "")]
        assert (await server.client.get(f"{server.url}/healthz")).status_code == 200


async def test_the_real_server_refuses_the_same_without_its_key(tmp_path: Path) -> None:
    with running("--authn-method", "preshared", "--authn-preshared-keys", SECRET) as url:
        async with create_http_client() as client, embedded(tmp_path, access=PresharedKeys([SECRET])) as ours:
            assert await answers(Api("openfga", client, url)) == await answers(ours)


async def test_access_tokens_for_this_server_are_taken_where_it_says_so(tmp_path: Path) -> None:
    issuer = AuthorizationServer()
    async with issuer.create_http_client() as http:
        keys = JwksCache(issuer.discovery_url, issuer.issuer, http)
        access = AccessTokens(TokenVerifier(issuer.issuer, AUDIENCE, keys))
        async with embedded(tmp_path / "fga", access=access) as server:
            for token, status in (
                (issuer.machine_token("an-agent", audience=AUDIENCE).reveal(), 200),
                (issuer.machine_token("an-agent", audience="https://another.example/").reveal(), 401),
                ("no.token.atall", 401),
            ):
                headers = {"authorization": f"Bearer {token}"}
                assert (await server.client.get(f"{server.url}/stores", headers=headers)).status_code == status


async def test_it_answers_to_names_of_this_machine_alone(ours: Api) -> None:
    for host, status in (("localhost:8403", 200), ("[::1]:8403", 200), ("fga.example", 421)):
        assert (await ours.client.get(f"{ours.url}/healthz", headers={"host": host})).status_code == status


async def test_it_fails_in_the_ways_that_tests_need(tmp_path: Path) -> None:
    faults = Faults(away=True)
    async with embedded(tmp_path / "fga", faults=faults) as server:
        assert (await server.client.get(f"{server.url}/stores")).status_code == 503
        faults.away, faults.body = False, b"not json"
        assert (await server.client.get(f"{server.url}/stores")).content == b"not json"


async def test_a_body_that_is_too_long_is_not_read(ours: Api) -> None:
    store = await ours.store(MODEL)
    answer = await ours.client.post(f"{ours.url}{store}/check", content=b" " * 700_000)

    assert answer.json()["code"] == "resource_exhausted"


@pytest.mark.parametrize("body", ["{", "[" * 5000, '{"tuple_key": NaN}', "\ud800"])
async def test_what_is_no_json_is_refused(ours: Api, body: str) -> None:
    store = await ours.store(MODEL)
    answer = await ours.client.post(f"{ours.url}{store}/check", content=body.encode("utf-8", "surrogatepass"))

    assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")


async def test_openfga_s_sdk_works_with_it_unchanged(served: str) -> None:
    credentials = Credentials(method="api_token", configuration=CredentialConfiguration(api_token=SECRET))
    configuration = ClientConfiguration(api_url=served, credentials=credentials)
    async with OpenFgaClient(configuration) as client:
        store = await client.create_store(CreateStoreRequest(name="of the SDK"))  # type: ignore[no-untyped-call]
        client.set_store_id(store.id)
        model = await client.write_authorization_model(MODEL)
        client.set_authorization_model_id(model.authorization_model_id)
        await client.write(
            ClientWriteRequest(
                writes=[
                    ClientTuple(user="user:a", relation="viewer", object="doc:1"),
                    ClientTuple(user="doc:1", relation="parent", object="doc:2"),
                ]
            )
        )

        allowed = await client.check(ClientCheckRequest(user="user:a", relation="viewer", object="doc:2"))
        assert allowed.allowed is True
        batch = await client.batch_check(
            ClientBatchCheckRequest(
                checks=[
                    ClientBatchCheckItem(user=user, relation="viewer", object="doc:2") for user in ("user:a", "user:b")
                ]
            )
        )
        assert [each.allowed for each in batch.result] == [True, False]
        objects = await client.list_objects(ClientListObjectsRequest(user="user:a", relation="viewer", type="doc"))
        assert sorted(objects.objects) == ["doc:1", "doc:2"]
        users = await client.list_users(
            ClientListUsersRequest(
                object=FgaObject(type="doc", id="2"),  # type: ignore[no-untyped-call]  # the SDK has no types
                relation="viewer",
                user_filters=[UserTypeFilter(type="user")],  # type: ignore[no-untyped-call]
            )
        )
        assert [user.object.id for user in users.users] == ["a"]
        read = await client.read_authorization_model()
        assert read.authorization_model.schema_version == "1.1"
        with pytest.raises(ValidationException) as caught:
            await client.check(ClientCheckRequest(user="user:a", relation="no-such", object="doc:2"))
        assert "relation 'doc#no-such' not found" in str(caught.value)


def test_the_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    first = preshared_key(tmp_path / "fga")

    assert preshared_key(tmp_path / "fga") == first
    assert len(first) >= 43
    assert stat.S_IMODE((tmp_path / "fga" / "token").stat().st_mode) == 0o600

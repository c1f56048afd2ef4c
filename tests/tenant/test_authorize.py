"""The authorization endpoint: what it accepts, whom it redirects, and sessions (OpenID Connect Core 1.0 §3.1.2)."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from local.tenant.testing import LocalTenant, ManualClock
from tests.tenant._support import Definition, EditDefinition, MakeTenant, named

COMMAND_LINE = "Help desk command line"
WEB = "Help desk web"
NO_IMPLICIT = "Grant type 'implicit' not allowed for the client."
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def query(tenant: LocalTenant, client: str = WEB, **parameters: Any) -> dict[str, str]:
    values = {
        "response_type": "code",
        "client_id": tenant.client(client).client_id,
        "redirect_uri": tenant.tenant.clients.named(client).definition.callbacks[0],
        "scope": "openid helpdesk:ask",
        "audience": tenant.api("supervisor"),
        "state": "a state & more",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **parameters,
    }
    return {name: value for name, value in values.items() if value is not None}


async def ask(tenant: LocalTenant, http: httpx.AsyncClient, asked: dict[str, str]) -> httpx.Response:
    return await http.get(f"{tenant.issuer}authorize", params=asked)


def answer_of(response: httpx.Response) -> dict[str, str]:
    assert response.status_code == 302
    return {name: values[0] for name, values in parse_qs(urlsplit(response.headers["location"]).query).items()}


async def test_a_sign_in_ends_at_the_callback_with_code_and_state(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    answer = await tenant.browse(http, query(tenant), "amelia.hart")
    assert set(answer) == {"code", "state"}
    assert answer["state"] == "a state & more"


async def test_state_is_optional(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    assert set(await tenant.browse(http, query(tenant, state=None), "amelia.hart")) == {"code"}


async def test_the_answer_can_come_in_the_fragment(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    await tenant.browse(http, query(tenant), "amelia.hart")
    response = await ask(tenant, http, query(tenant, response_mode="fragment"))
    parts = urlsplit(response.headers["location"])
    assert (parts.query, set(parse_qs(parts.fragment))) == ("", {"code", "state"})


@pytest.mark.parametrize(
    ("parameters", "status", "text"),
    [
        ({"client_id": "unknown"}, 400, "Unknown client: unknown"),
        ({"client_id": None}, 400, "Missing required parameter: client_id"),
        ({"redirect_uri": None}, 400, "Missing required parameter: redirect_uri"),
        ({"redirect_uri": "https://attacker.example/callback"}, 403, "Callback URL mismatch"),
        ({"redirect_uri": "http://127.0.0.1:8402/callback/"}, 403, "Callback URL mismatch"),
        ({"redirect_uri": "http://127.0.0.1:8403/callback"}, 403, "Callback URL mismatch"),
        ({"redirect_uri": "http://127.0.0.1:8402/callback?x=1"}, 403, "Callback URL mismatch"),
        ({"redirect_uri": "http://localhost:8402/callback"}, 403, "Callback URL mismatch"),
        ({"redirect_uri": "HTTP://127.0.0.1:8402/callback"}, 403, "Callback URL mismatch"),
    ],
    ids=str,
)
async def test_nobody_is_redirected_to_an_address_that_is_not_the_clients(
    tenant: LocalTenant, http: httpx.AsyncClient, parameters: dict[str, Any], status: int, text: str
) -> None:
    """RFC 6749 §3.1.2.4: the person is told, on a page."""
    response = await ask(tenant, http, query(tenant, **parameters))
    assert response.status_code == status
    assert "location" not in response.headers
    assert text in response.text


async def test_ports_of_loopback_callbacks_are_compared_too(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    """Auth0 compares callbacks as text: RFC 8252 §7.3 (any port) is not offered, so the definition lists three."""
    callbacks = tenant.tenant.clients.named(COMMAND_LINE).definition.callbacks
    assert [urlsplit(callback).port for callback in callbacks] == [8410, 8411, 8412]
    for port, status in ((8410, 302), (8411, 302), (8412, 302), (8413, 403)):
        asked = query(tenant, COMMAND_LINE, redirect_uri=f"http://127.0.0.1:{port}/callback")
        assert (await ask(tenant, http, asked)).status_code == status


async def test_a_repeated_parameter_is_refused(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    """RFC 6749 §3.1."""
    pairs: list[tuple[str, str | int | float | bool | None]] = [*query(tenant).items(), ("scope", "openid")]
    response = await http.get(f"{tenant.issuer}authorize", params=pairs)
    assert response.status_code == 400


@pytest.mark.parametrize(
    ("parameters", "error", "description"),
    [
        ({"response_type": None}, "invalid_request", "Missing required parameter: response_type"),
        ({"response_type": "foo"}, "unsupported_response_type", "Unsupported response type: foo"),
        ({"response_type": "token"}, "unauthorized_client", NO_IMPLICIT),
        ({"response_type": "id_token code"}, "unauthorized_client", NO_IMPLICIT),
        ({"audience": "https://unknown.example"}, "access_denied", "Service not found: https://unknown.example"),
        ({"prompt": "maybe"}, "invalid_request", "Unsupported prompt: maybe"),
        ({"max_age": "-1"}, "invalid_request", "max_age must be a number of seconds"),
        ({"max_age": "²"}, "invalid_request", "max_age must be a number of seconds"),
        ({"max_age": "9" * 5000}, "invalid_request", "max_age must be a number of seconds"),
        ({"connection": "google-oauth2"}, "invalid_request", "the connection was not found"),
        ({"prompt": "none"}, "login_required", "Login required"),
    ],
    ids=str,
)
async def test_the_client_is_told_what_is_wrong(
    tenant: LocalTenant, http: httpx.AsyncClient, parameters: dict[str, Any], error: str, description: str
) -> None:
    """RFC 6749 §4.1.2.1."""
    answer = answer_of(await ask(tenant, http, query(tenant, **parameters)))
    assert answer == {"error": error, "error_description": description, "state": "a state & more"}


@pytest.mark.parametrize(
    "parameter",
    ["request", "request_uri", "organization", "invitation", "dpop_jkt", "authorization_details", "resource"],
)
async def test_what_is_not_built_is_refused_rather_than_ignored(
    tenant: LocalTenant, http: httpx.AsyncClient, parameter: str
) -> None:
    answer = answer_of(await ask(tenant, http, query(tenant, **{parameter: "x"})))
    assert answer["error"] == "invalid_request"
    assert parameter in answer["error_description"]


async def test_a_response_mode_that_is_not_built_is_refused(tenant: LocalTenant, http: httpx.AsyncClient) -> None:
    answer = answer_of(await ask(tenant, http, query(tenant, response_mode="form_post")))
    assert answer["error"] == "invalid_request"


async def test_a_client_without_a_grant_is_refused_before_anybody_signs_in(
    tenant: LocalTenant, http: httpx.AsyncClient
) -> None:
    answer = answer_of(await ask(tenant, http, query(tenant, audience=tenant.api("docs_search"))))
    client_id = tenant.client(WEB).client_id
    assert answer["error"] == "invalid_request"
    assert answer["error_description"] == (
        f'Client "{client_id}" is not authorized to access resource server "{tenant.api("docs_search")}".'
    )


async def test_a_client_that_does_not_list_the_grant_is_refused(
    make_tenant: MakeTenant, edit_definition: EditDefinition
) -> None:
    def change(document: Definition) -> None:
        named(document["clients"], WEB)["grant_types"] = ["refresh_token"]

    tenant = make_tenant(tenant_definition=edit_definition(change))
    async with tenant.http() as http:
        answer = answer_of(await ask(tenant, http, query(tenant)))
    assert answer["error_description"] == "Grant type 'authorization_code' not allowed for the client."


async def test_a_client_without_a_connection_is_refused(
    make_tenant: MakeTenant, edit_definition: EditDefinition
) -> None:
    def change(document: Definition) -> None:
        document["databases"][0]["enabled_clients"].remove(WEB)

    tenant = make_tenant(tenant_definition=edit_definition(change))
    async with tenant.http() as http:
        answer = answer_of(await ask(tenant, http, query(tenant)))
    assert answer["error_description"] == "no connections enabled for the client"


class TestSingleSignOn:
    """A session spares the password, as long as nothing asks for it."""

    async def test_a_second_sign_in_needs_no_page(self, tenant: LocalTenant, http: httpx.AsyncClient) -> None:
        await tenant.browse(http, query(tenant), "amelia.hart")
        for prompt in (None, "none"):
            assert "code" in answer_of(await ask(tenant, http, query(tenant, prompt=prompt)))
        assert tenant.tenant.log.count("ssa") == 2

    @pytest.mark.parametrize("prompt", ["login", "select_account"])
    async def test_prompt_asks_again(self, tenant: LocalTenant, http: httpx.AsyncClient, prompt: str) -> None:
        await tenant.browse(http, query(tenant), "amelia.hart")
        response = await ask(tenant, http, query(tenant, prompt=prompt))
        assert response.headers["location"].startswith("/u/login?state=")

    async def test_prompt_consent_shows_who_is_signed_in(self, tenant: LocalTenant, http: httpx.AsyncClient) -> None:
        await tenant.browse(http, query(tenant), "amelia.hart")
        response = await ask(tenant, http, query(tenant, prompt="consent"))
        assert response.headers["location"].startswith("/u/consent?state=")
        assert "code" in await tenant.browse(http, query(tenant, prompt="consent"), "amelia.hart")

    async def test_max_age_asks_again_when_the_password_is_older(
        self, tenant: LocalTenant, http: httpx.AsyncClient, clock: ManualClock
    ) -> None:
        await tenant.browse(http, query(tenant), "amelia.hart")
        clock.advance(60)
        assert "code" in answer_of(await ask(tenant, http, query(tenant, max_age="60")))
        clock.advance(1)
        response = await ask(tenant, http, query(tenant, max_age="60"))
        assert response.headers["location"].startswith("/u/login")
        silent = answer_of(await ask(tenant, http, query(tenant, max_age="60", prompt="none")))
        assert silent["error"] == "login_required"

    async def test_a_max_age_of_zero_always_asks(self, tenant: LocalTenant, http: httpx.AsyncClient) -> None:
        await tenant.browse(http, query(tenant), "amelia.hart")
        assert "code" in await tenant.browse(http, query(tenant, max_age="0"), "amelia.hart")
        assert tenant.tenant.log.count("s") == 2

    @pytest.mark.parametrize(("pause", "uses", "lives"), [(71, 1, True), (73, 1, False), (60, 2, True), (60, 3, False)])
    async def test_a_session_ends_when_idle_and_at_its_age(
        self, tenant: LocalTenant, http: httpx.AsyncClient, clock: ManualClock, pause: int, uses: int, *, lives: bool
    ) -> None:
        """The tenant's session_lifetime is 168 hours, its idle_session_lifetime 72."""
        await tenant.browse(http, query(tenant), "amelia.hart")
        answer: dict[str, str] = {}
        for _ in range(uses):
            clock.advance(pause * 3600)
            answer = answer_of(await ask(tenant, http, query(tenant, prompt="none")))
        assert ("code" in answer) is lives

    async def test_a_session_survives_a_restart(
        self, make_tenant: MakeTenant, tenant: LocalTenant, http: httpx.AsyncClient
    ) -> None:
        await tenant.browse(http, query(tenant), "amelia.hart")
        again = make_tenant()
        async with again.http() as other:
            other.cookies = http.cookies
            assert "code" in answer_of(await ask(again, other, query(again, prompt="none")))

    async def test_signing_in_as_somebody_else_ends_the_former_session(
        self, tenant: LocalTenant, http: httpx.AsyncClient
    ) -> None:
        await tenant.browse(http, query(tenant), "amelia.hart")
        former = http.cookies["auth0"]
        await tenant.browse(http, query(tenant, prompt="login"), "casey.moreno")
        async with tenant.http() as other:
            other.cookies.set("auth0", former, domain="127.0.0.1")
            assert answer_of(await ask(tenant, other, query(tenant, prompt="none")))["error"] == "login_required"

    async def test_a_blocked_person_is_refused_in_a_session_too(
        self, tenant: LocalTenant, http: httpx.AsyncClient
    ) -> None:
        await tenant.browse(http, query(tenant), "amelia.hart")
        tenant.block("amelia.hart")
        answer = answer_of(await ask(tenant, http, query(tenant)))
        assert (answer["error"], answer["error_description"]) == ("unauthorized", "user is blocked")


class TestUnverifiableCallbacks:
    """Nobody can tell which program listens on a loopback port (RFC 8252 §8.6; Auth0: app impersonation)."""

    async def test_a_session_alone_does_not_hand_a_code_to_a_loopback_address(
        self, tenant: LocalTenant, http: httpx.AsyncClient
    ) -> None:
        await tenant.browse(http, query(tenant, COMMAND_LINE), "amelia.hart")
        response = await ask(tenant, http, query(tenant, COMMAND_LINE))
        assert response.headers["location"].startswith("/u/consent?state=")
        silent = answer_of(await ask(tenant, http, query(tenant, COMMAND_LINE, prompt="none")))
        assert silent["error"] == "interaction_required"

    async def test_the_person_goes_on_or_cancels(self, tenant: LocalTenant, http: httpx.AsyncClient) -> None:
        await tenant.browse(http, query(tenant, COMMAND_LINE), "amelia.hart")
        assert "code" in await tenant.browse(http, query(tenant, COMMAND_LINE), "amelia.hart")
        response = await ask(tenant, http, query(tenant, COMMAND_LINE))
        shown = await http.get(f"{tenant.issuer}{response.headers['location'][1:]}")
        assert "http://127.0.0.1:8410/callback" in shown.text
        form_token = shown.text.split('name="form_token" value="')[1].split('"')[0]
        denied = await http.post(shown.url, data={"form_token": form_token, "action": "deny"})
        assert answer_of(denied)["error"] == "access_denied"

    @pytest.mark.parametrize(
        ("callback", "skipped", "asked"),
        [
            ("https://chat.example/callback", (None, False), False),
            ("http://chat.example/callback", (None, False), False),
            ("com.example.chat:/callback", (None, False), True),
            ("http://localhost:1/callback", (None, False), True),
            ("http://[::1]:1/callback", (None, False), True),
            ("http://127.0.0.1:1/callback", (True, False), False),
            ("http://127.0.0.1:1/callback", (None, True), False),
            ("http://127.0.0.1:1/callback", (False, True), True),
        ],
        ids=str,
    )
    async def test_who_is_asked(
        self,
        make_tenant: MakeTenant,
        edit_definition: EditDefinition,
        callback: str,
        skipped: tuple[bool | None, bool],
        *,
        asked: bool,
    ) -> None:
        setting = "skip_non_verifiable_callback_uri_confirmation_prompt"

        def change(document: Definition) -> None:
            named(document["clients"], WEB).update({"callbacks": [callback], setting: skipped[0]})
            document["tenant"][setting] = skipped[1]

        tenant = make_tenant(tenant_definition=edit_definition(change))
        async with tenant.http() as http:
            await tenant.browse(http, query(tenant), "amelia.hart")
            response = await ask(tenant, http, query(tenant))
        assert response.headers["location"].startswith("/u/consent") is asked

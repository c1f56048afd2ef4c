"""Reading a tenant definition: the Deploy CLI's keywords, and nothing skipped in silence."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from local.tenant.definition import Definition, load_definition, replace_keywords, slug_of
from local.tenant.testing import ROOT
from shared.errors import ConfigurationError
from tests.tenant._support import Definition as Document
from tests.tenant._support import EditDefinition, named

PEM = "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n"


def keyword(name: str) -> str | None:
    return PEM if name.endswith("_PUBLIC_KEY") else f"https://{name.lower()}.example"


def load(path: Path) -> Definition:
    return load_definition(path, keyword)


class TestKeywords:
    """As in the Deploy CLI's keywordReplacement."""

    def test_hash_marks_take_the_text(self) -> None:
        assert replace_keywords('"##A##/x"', {"A": "https://a"}.__getitem__) == '"https://a/x"'

    @pytest.mark.parametrize("quoted", ["@@A@@", "'@@A@@'", '"@@A@@"'])
    def test_at_signs_take_json_with_or_without_quotes(self, quoted: str) -> None:
        assert replace_keywords(f"pem: {quoted}", lambda _: "one\ntwo") == 'pem: "one\\ntwo"'

    def test_a_key_keeps_its_lines(self) -> None:
        definition = load(ROOT / "deploy/auth0/tenant.yaml")
        client = next(client for client in definition.clients if client.name == "Supervisor")
        assert client.public_keys[0].pem == PEM

    def test_a_value_is_not_read_for_keywords_again(self) -> None:
        values = {"A": "##B##", "B": "@@A@@"}
        assert replace_keywords("@@A@@ ##B##", values.__getitem__) == '"##B##" @@A@@'

    def test_a_keyword_without_value_is_named(self) -> None:
        with pytest.raises(ConfigurationError, match="AUTH0_KEYWORD_REPLACE_MAPPINGS has no A, which"):
            replace_keywords("##A##", lambda _: None)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Supervisor API client", "supervisor-api-client"),
        ("Help desk command line", "help-desk-command-line"),
        ("  ../..//Etc (Test)", "etc-test"),
    ],
)
def test_a_clients_folder_is_named_after_it(name: str, slug: str) -> None:
    assert slug_of(name) == slug


def unknown_in(*path: str | int) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        place: Any = document
        for step in path:
            place = place[step]
        place["surprise"] = True

    return change


def setting(section: str, part: str, /, **values: Any) -> Callable[[Document], None]:
    return lambda document: named(document[section], part).update(values)


def grant(**values: Any) -> Callable[[Document], None]:
    return lambda document: document["clientGrants"][0].update(values)


SUPERVISOR_API = "Help desk supervisor"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (unknown_in(), "surprise: the local tenant does not know this key"),
        (unknown_in("tenant"), r"tenant\.surprise: the local tenant does not know"),
        (unknown_in("tenant", "flags"), r"tenant\.flags\.surprise"),
        (unknown_in("clients", 0), r"clients\.0\.surprise"),
        (unknown_in("clients", 0, "refresh_token"), r"clients\.0\.refresh_token\.surprise"),
        (unknown_in("resourceServers", 0), r"resourceServers\.0\.surprise"),
        (unknown_in("resourceServers", 0, "scopes", 0), r"scopes\.0\.surprise"),
        (unknown_in("clientGrants", 0), r"clientGrants\.0\.surprise"),
        (unknown_in("roles", 0, "permissions", 0), r"permissions\.0\.surprise"),
        (unknown_in("databases", 0), r"databases\.0\.surprise"),
        (lambda document: document.update(actions=[]), "actions: the local tenant does not know this key"),
        (
            setting("resourceServers", SUPERVISOR_API, signing_alg="PS256"),
            "signing_alg: Input should be 'RS256' or 'HS256'",
        ),
        (setting("resourceServers", SUPERVISOR_API, token_dialect="x"), "token_dialect"),
        (setting("resourceServers", SUPERVISOR_API, token_lifetime=2592001), "token_lifetime"),
        (setting("resourceServers", SUPERVISOR_API, proof_of_possession={}), "proof_of_possession: the local tenant"),
        (
            setting("resourceServers", SUPERVISOR_API, subject_type_authorization={"client": {"policy": "allow_all"}}),
            "client access knows require_client_grant and deny_all only",
        ),
        (setting("clients", "Supervisor", grant_types=["password"]), "grant_types"),
        (setting("clients", "Supervisor", is_first_party=False), "is_first_party"),
        (setting("clients", "Supervisor", oidc_conformant=False), "oidc_conformant"),
        (setting("clients", "Supervisor", jwt_configuration={"alg": "HS256"}), "jwt_configuration"),
        (
            setting("clients", "Supervisor", token_endpoint_auth_method="client_secret_post"),
            "token_endpoint_auth_method and client_authentication_methods exclude each other",
        ),
        (
            setting("clients", "Help desk command line", token_endpoint_auth_method="private_key_jwt"),
            "private_key_jwt needs client_authentication_methods",
        ),
        (
            setting("clients", "Help desk command line", grant_types=["client_credentials"]),
            "a public client can use neither client_credentials nor CIBA, and exchange no tokens",
        ),
        (
            setting(
                "clients",
                "Help desk command line",
                token_exchange={"allow_any_profile_of_type": ["on_behalf_of_token_exchange"]},
            ),
            "a public client can use neither client_credentials nor CIBA, and exchange no tokens",
        ),
        (
            setting(
                "clients", "Help desk web", token_exchange={"allow_any_profile_of_type": ["custom_authentication"]}
            ),
            "on_behalf_of_token_exchange",
        ),
        (
            setting("clients", "Supervisor API client", resource_server_identifier=None),
            "app_type resource_server and resource_server_identifier belong together",
        ),
        (
            setting("clients", "Supervisor", resource_server_identifier="https://api_base.example/supervisor"),
            "app_type resource_server and resource_server_identifier belong together",
        ),
        (
            setting("clients", "Supervisor API client", resource_server_identifier="https://other.example"),
            "belongs to https://other.example, which is no API",
        ),
        (
            setting(
                "clients",
                "Help desk command line",
                refresh_token={"rotation_type": "rotating", "expiration_type": "non-expiring"},
            ),
            "rotating refresh tokens must be expiring",
        ),
        (grant(client_id="Nobody"), "names no client of this definition"),
        (grant(audience="https://other.example"), "names https://other.example, which is no API"),
        (grant(scope=["made:up"]), "names made:up, which https://api_base.example/supervisor does not have"),
        (
            lambda document: document["roles"][0]["permissions"][0].update(permission_name="made:up"),
            "the role Employee names made:up",
        ),
        (
            lambda document: document["databases"][0]["enabled_clients"].append("Nobody"),
            "is enabled for Nobody, which is no client",
        ),
        (lambda document: document["clientGrants"].append(document["clientGrants"][0]), "clientGrants has .* twice"),
        (lambda document: document["clients"].append(document["clients"][0]), "clients has .* twice"),
        (setting("clients", "Supervisor", name="help DESK web"), "clients has help-desk-web twice"),
        (lambda document: document["roles"].append(document["roles"][0]), "roles has Employee twice"),
        (
            lambda document: document["resourceServers"].append(document["resourceServers"][0]),
            "resourceServers has .* twice",
        ),
    ],
)
def test_what_is_wrong_stops_the_start_and_is_named(
    edit_definition: EditDefinition, change: Callable[[Document], None], expected: str
) -> None:
    with pytest.raises(ConfigurationError, match=expected):
        load(edit_definition(change))


def test_keys_that_change_nothing_here_are_named_in_a_warning(edit_definition: EditDefinition) -> None:
    def change(document: Document) -> None:
        document["branding"] = {"colors": {}}
        named(document["clients"], "Help desk web")["logo_uri"] = "https://logo.example/x.png"

    with capture_logs() as events:
        definition = load(edit_definition(change))
    warned = [
        (event["part"], event["name"], event["keys"])
        for event in events
        if event["event"] == "tenant_definition_key_without_effect"
    ]
    assert warned == [
        ("Definition", None, ["branding"]),
        ("ClientDefinition", "Help desk web", ["logo_uri"]),
    ]
    assert len(definition.clients) == 8


def test_the_deployed_definition_has_no_key_without_effect() -> None:
    with capture_logs() as events:
        load(ROOT / "deploy/auth0/tenant.yaml")
    assert events == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"clients: [", "is not YAML"),
        (b"- a list", "Input should be a valid dictionary"),
        (b"\xff", "is not UTF-8 text"),
        (b"!!python/object/apply:os.system ['true']", "is not YAML"),
    ],
)
def test_a_file_that_is_none_is_named(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "tenant.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=expected):
        load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"TENANT_DEFINITION is .* cannot be read"):
        load(tmp_path / "none.yaml")


def test_an_empty_definition_is_an_empty_tenant(tmp_path: Path) -> None:
    path = tmp_path / "tenant.yaml"
    path.write_text("")
    assert load(path).clients == ()

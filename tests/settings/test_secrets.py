"""A setting whose value AWS Secrets Manager holds: read over real botocore, never printed, named where it cannot be."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from local.aws import AwsEndpoint, AwsError
from shared.testing import LoopbackServer
from tests.settings.test_start import SUPERVISOR, check

SECRET = "helpdesk/supervisor/api-client-key"
ARN = f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{SECRET}-AbCdEf"


def _get(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    match asked["SecretId"]:
        case "helpdesk/supervisor/api-client-key":
            return {"ARN": ARN, "Name": SECRET, "SecretString": "very-secret-value\n"}
        case "binary":
            return {"SecretBinary": b"very-secret-value"}
        case _:
            raise AwsError("ResourceNotFoundException", message="very-secret-value")


@pytest.fixture(scope="module")
def manager() -> Iterator[dict[str, str]]:
    """The environment of a process that finds Secrets Manager on loopback."""
    endpoint = AwsEndpoint({"secretsmanager": {"GetSecretValue": _get}})
    with LoopbackServer().start(endpoint) as server:
        yield {
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": server.url.rstrip("/"),
            "AWS_ACCESS_KEY_ID": "made-up",
            "AWS_SECRET_ACCESS_KEY": "made-up",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
    assert endpoint.violations == []


def test_the_value_is_read_and_not_printed(manager: dict[str, str]) -> None:
    said = check("supervisor", SUPERVISOR | manager | {"CLIENT_KEY": "pem", "API_CLIENT_KEY_SECRET": SECRET})
    assert said.returncode == 0, said.stderr
    assert "very-secret-value" not in said.stdout
    assert '"API_CLIENT_KEY": "********"' in said.stdout


@pytest.mark.parametrize(
    ("reference", "why"), [("no-such-secret", "ResourceNotFoundException"), ("binary", "it is no text")]
)
def test_a_secret_that_cannot_be_read_is_named(manager: dict[str, str], reference: str, why: str) -> None:
    said = check("supervisor", SUPERVISOR | manager | {"CLIENT_KEY": "pem", "API_CLIENT_KEY_SECRET": reference})
    assert said.returncode == 1
    (line,) = said.stderr.strip().splitlines()
    assert line.startswith(f"supervisor: API_CLIENT_KEY_SECRET names a secret that cannot be read ({why})")
    assert "very-secret-value" not in line


def test_nothing_is_asked_where_the_value_itself_is_set() -> None:
    said = check(
        "supervisor", SUPERVISOR | {"CLIENT_KEY": "pem", "API_CLIENT_KEY": "pem", "API_CLIENT_KEY_SECRET": "x"}
    )
    assert said.returncode == 0, said.stderr

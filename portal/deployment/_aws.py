"""The AWS account that is deployed to, and what it says when it does not do what it is asked."""

from collections.abc import Generator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from portal._errors import CommandFailed

TIMEOUT_SECONDS = 60


class Account:
    """One account in one region, with the credentials that every AWS client finds.

    Args:
        number: The account that is meant: nothing is done in any other.
        region: Where.
    """

    def __init__(self, number: str, region: str) -> None:
        self.number = number
        self.region = region
        self._session = boto3.session.Session(region_name=region)

    def check(self) -> None:
        """Makes sure that the credentials are this account's.

        Raises:
            CommandFailed: they are another's, or none.
        """
        with asking("say whose credentials these are"):
            found = self._tokens.get_caller_identity()["Account"]
        if found != self.number:
            raise CommandFailed(
                f"These credentials are account {found}'s, and the deployment file names {self.number}: "
                "use that one's, or another file.",
                code="deployment_refused",
            )

    @cached_property
    def _tokens(self) -> Any:
        """STS."""
        return self._client("sts")

    @cached_property
    def stacks(self) -> Any:
        """CloudFormation."""
        return self._client("cloudformation")

    @cached_property
    def registry(self) -> Any:
        """ECR."""
        return self._client("ecr")

    @cached_property
    def bucket(self) -> Any:
        """S3."""
        return self._client("s3")

    @cached_property
    def runtimes(self) -> Any:
        """AgentCore's control plane."""
        return self._client("bedrock-agentcore-control")

    @cached_property
    def secrets(self) -> Any:
        """Secrets Manager."""
        return self._client("secretsmanager")

    @cached_property
    def parameters(self) -> Any:
        """Systems Manager's parameters."""
        return self._client("ssm")

    def _client(self, service: str) -> Any:
        config = Config(read_timeout=TIMEOUT_SECONDS, retries={"mode": "standard", "total_max_attempts": 4})
        return self._session.client(service, config=config)


@contextmanager
def asking(to: str) -> Generator[None, None, None]:
    """Turns a failure of AWS into words.

    Args:
        to: What is asked of it, after "AWS did not".

    Raises:
        CommandFailed: with AWS's own reason.
    """
    try:
        yield
    except ClientError as error:
        said = error.response.get("Error", {})
        raise CommandFailed(
            f"AWS did not {to}: {said.get('Code', 'refused')}: {said.get('Message', '')}", code="deployment_failed"
        ) from error
    except BotoCoreError as error:
        raise CommandFailed(f"AWS did not {to}: {error}", code="deployment_failed") from error


def refused(error: ClientError, *codes: str) -> bool:
    """Whether AWS refused with one of these codes."""
    return error.response.get("Error", {}).get("Code") in codes

"""The value of a setting that AWS Secrets Manager holds: an environment variable on AWS is no place for a secret."""

from functools import cache
from typing import Any

from shared.errors import ConfigurationError

TIMEOUT_SECONDS = 5


def read_secret(name: str, reference: str) -> str:
    """The text of a secret.

    Args:
        name: The setting that names it, for what is said where it cannot be read.
        reference: Its name or ARN.

    Raises:
        ConfigurationError: it cannot be read, or is no text.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 -- for those who need it

    try:
        answer = _client().get_secret_value(SecretId=reference)
    except ClientError as error:
        problem = str(error.response.get("Error", {}).get("Code", "refused"))
    except BotoCoreError as error:
        problem = type(error).__name__
    else:
        text = answer.get("SecretString")
        if isinstance(text, str) and text.strip():
            return text.strip()
        problem = "it is no text"
    raise ConfigurationError(f"{name} names a secret that cannot be read ({problem}): set it to one that can.")


@cache
def _client() -> Any:
    import boto3  # noqa: PLC0415 -- takes a third of a second
    from botocore.config import Config  # noqa: PLC0415 -- as above

    config = Config(connect_timeout=TIMEOUT_SECONDS, read_timeout=TIMEOUT_SECONDS, proxies={})
    return boto3.session.Session().client("secretsmanager", config=config)

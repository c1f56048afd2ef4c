"""The secrets in AWS Secrets Manager that a target reads: whether they are there, never what is in them."""

from collections.abc import Mapping

from botocore.exceptions import ClientError

from portal._errors import CommandFailed
from portal.deployment._aws import Account, asking, refused
from portal.deployment._targets import Target


def missing_secrets(account: Account, target: Target, *, prefix: str, parameters: Mapping[str, str]) -> list[str]:
    """The secrets without which an agent would not start, and that are not there.

    Args:
        account: Where they would be.
        target: Who reads them.
        prefix: What their names start with.
        parameters: What its template is told; the rest has its default.
    """
    values = {name: about.get("Default", "") for name, about in target.declared().items()} | dict(parameters)
    needed = [name for name, by in target.secrets().items() if not by or values[by] not in {"", "no"}]
    names = [f"{prefix}/{target.name}/{name}" for name in needed]
    return [name for name in names if not _is_there(account, name)]


def _is_there(account: Account, name: str) -> bool:
    try:
        with asking(f"look for the secret {name}"):
            account.secrets.describe_secret(SecretId=name)
    except CommandFailed as failed:
        cause = failed.__cause__
        if isinstance(cause, ClientError) and refused(cause, "ResourceNotFoundException"):
            return False
        raise
    return True

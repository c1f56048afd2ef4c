"""The packages of the platform's functions: built here, kept in a bucket by what they are."""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError

from portal._environment import ROOT
from portal._errors import CommandFailed
from portal.deployment._aws import asking, refused

PARAMETERS: Final = {
    "SearchKey": "docs-search.zip",
    "InterceptorKey": "docs-interceptor.zip",
    "ToolsKey": "tools.json",
}
"""The file that each parameter of the platform's template names."""


class PackageBuilder(Protocol):
    """Makes the files of `PARAMETERS`."""

    def build(self, folder: Path) -> None:
        """Makes them in a folder; the same sources make the same bytes."""


class DocsPackages:
    """`python -m deploy.aws.docs.package`, and the schema of its tools.

    Args:
        articles: The folder of the knowledge base; those that are shipped, where it is not given.
        embeddings: The model whose vectors the index gets.
    """

    def __init__(self, *, articles: str = "", embeddings: str = "") -> None:
        options = {"--articles": articles, "--embeddings": embeddings}
        self._options = [word for name, value in options.items() if value for word in (name, value)]

    def build(self, folder: Path) -> None:
        """See `PackageBuilder`."""
        command = [sys.executable, "-m", "deploy.aws.docs.package", "--output", str(folder), *self._options]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)  # noqa: S603 -- our own module
        if done.returncode != 0:
            raise CommandFailed("The functions could not be packed; the words above say why.", code="deployment_failed")
        (folder / "tools.json").write_bytes((ROOT / "deploy/aws/docs/tools.json").read_bytes())


class Packages:
    """The bucket of the packages.

    Args:
        client: S3's.
        builder: Makes the files.
    """

    def __init__(self, client: Any, builder: PackageBuilder) -> None:
        self._client = client
        self._builder = builder

    def keys(self, bucket: str | None) -> dict[str, str]:
        """The parameters that name the packages, by what they hold; brought to the bucket where they are missing.

        Args:
            bucket: None only works out the names.
        """
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            self._builder.build(folder)
            found = {}
            for parameter, file in PARAMETERS.items():
                content = (folder / file).read_bytes()
                stem, _, ending = file.partition(".")
                found[parameter] = f"{stem}/{hashlib.sha256(content).hexdigest()[:32]}.{ending}"
                if bucket is not None and not self._has(bucket, found[parameter]):
                    with asking(f"take {file} into the bucket {bucket}"):
                        self._client.put_object(Bucket=bucket, Key=found[parameter], Body=content)
            return found

    def empty(self, bucket: str) -> None:
        """Deletes all that is in the bucket: one that holds something cannot be deleted."""
        with asking(f"empty the bucket {bucket}"):
            while listed := self._client.list_objects_v2(Bucket=bucket).get("Contents", []):
                keys = [{"Key": one["Key"]} for one in listed]
                self._client.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})

    def _has(self, bucket: str, key: str) -> bool:
        try:
            with asking(f"look into the bucket {bucket}"):
                self._client.head_object(Bucket=bucket, Key=key)
        except CommandFailed as failed:
            cause = failed.__cause__
            if isinstance(cause, ClientError) and refused(cause, "404", "NoSuchKey"):
                return False
            raise
        return True

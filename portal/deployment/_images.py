"""Images: built on this machine, kept in ECR by what they are made of."""

import base64
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError

from portal._environment import child_environment
from portal._errors import CommandFailed
from portal.deployment._aws import asking, refused

PLATFORM: Final = "linux/arm64"
"""What AgentCore Runtime runs."""

WITH_POSTGRES = ("--build-arg", "MODEL_EXTRAS=--extra postgres")
"""Tasks are kept in PostgreSQL there."""

WITH_OBSERVABILITY: Final = ("--build-arg", "TELEMETRY_EXTRAS=--extra adot")
"""An image for AWS holds AWS's distribution of OpenTelemetry."""

ONE_MANIFEST: Final = {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
"""An image alone, not an index of it and of what is said about it: services that run images do not all take those."""


class ImageBuilder(Protocol):
    """Builds images and brings them to a registry."""

    def build(self, dockerfile: Path, context: Path, image: str) -> None:
        """Builds an image for `PLATFORM` and names it."""

    def push(self, image: str, *, user: str, password: str) -> None:
        """Brings it to the registry that its name says."""


class DockerCli:
    """The `docker` command; what it says goes to standard error.

    Args:
        command: How it is called.
    """

    def __init__(self, command: str = "docker") -> None:
        self._command = command

    def build(self, dockerfile: Path, context: Path, image: str) -> None:
        """See `ImageBuilder`."""
        arguments = (
            "--platform",
            PLATFORM,
            *WITH_OBSERVABILITY,
            *WITH_POSTGRES,
            "--file",
            str(dockerfile),
            "--tag",
            image,
        )
        self._run("build", *arguments, str(context))

    def push(self, image: str, *, user: str, password: str) -> None:
        """See `ImageBuilder`. The password is kept for this push alone."""
        with tempfile.TemporaryDirectory() as folder:
            registry = image.partition("/")[0]
            self._run(
                "--config", folder, "login", "--username", user, "--password-stdin", registry, standard_input=password
            )
            self._run("--config", folder, "push", image)

    def _run(self, *arguments: str, standard_input: str | None = None) -> None:
        try:
            done = subprocess.run(  # noqa: S603 -- no shell; the arguments are ours
                [self._command, *arguments],
                input=standard_input,
                stdin=None if standard_input is not None else subprocess.DEVNULL,
                stdout=2,
                text=True,
                env=child_environment(ONE_MANIFEST),
                check=False,
            )
        except OSError as error:
            raise CommandFailed(
                f"{self._command} cannot be run ({error.strerror}): install Docker, or start it.",
                code="deployment_failed",
            ) from error
        if done.returncode != 0:
            what = next(word for word in arguments if word in {"build", "login", "push"})
            raise CommandFailed(
                f"docker {what} failed with exit code {done.returncode}; its own words are above.",
                code="deployment_failed",
            )


class Repository:
    """One agent's repository in ECR.

    Args:
        client: ECR's.
        name: The repository's name.
    """

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    def digest(self, tag: str) -> str | None:
        """The digest of the image with this tag; None where there is none."""
        try:
            with asking(f"look for an image in {self._name}"):
                answer = self._client.describe_images(repositoryName=self._name, imageIds=[{"imageTag": tag}])
        except CommandFailed as failed:
            cause = failed.__cause__
            if isinstance(cause, ClientError) and refused(
                cause, "ImageNotFoundException", "RepositoryNotFoundException"
            ):
                return None
            raise
        return str(answer["imageDetails"][0]["imageDigest"])

    def credentials(self) -> tuple[str, str]:
        """User and password to push with, for twelve hours."""
        with asking("give a password for the registry"):
            (given,) = self._client.get_authorization_token()["authorizationData"]
        user, _, password = base64.b64decode(given["authorizationToken"]).decode().partition(":")
        return user, password

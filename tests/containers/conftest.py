"""Images are built once for a run; where there is no engine, what needs them is skipped, and says why."""

import asyncio
import os
from collections.abc import Iterator

import pytest

from tests.containers._engine import UP, Stack, engine_problem
from tests.containers._person import Person
from tests.containers._workspace import IMAGES, SERVICES

OTHERS = ("tenant", "fga", "relationships", "postgres", "door")
"""The services, besides the agents, whose images are built."""


@pytest.fixture(scope="session")
def engine() -> None:
    """A Docker engine with Compose, or no test."""
    problem = engine_problem()
    if problem:
        pytest.skip(f"{problem}: start one, or see .ci/containers")


@pytest.fixture(scope="session")
def images(engine: None) -> dict[str, str]:  # noqa: ARG001 -- it must be there first
    """The names of the images, built from this tree by docker-compose.yml; or those with IMAGE_TAG, which are there."""
    if tag := os.environ.get("IMAGE_TAG"):
        return {image: f"helpdesk/{image}:{tag}" for image in IMAGES}
    Stack().build(*SERVICES, *OTHERS)
    return {image: f"helpdesk/{image}" for image in IMAGES}


@pytest.fixture(scope="session")
def stack(images: dict[str, str]) -> Iterator[Stack]:  # noqa: ARG001 -- the images must be there
    """A copy of the whole, two agents in two replicas, which shares nothing with another copy on this machine."""
    copy = Stack()
    try:
        copy.compose(*UP)
        copy.wait_until_ready(*SERVICES)
        yield copy
    finally:
        copy.down("--volumes", "--timeout", "10")


@pytest.fixture(scope="session")
def signed_in(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Person:
    """Amelia, signed in with the very command that the stack shows, her accounts connected."""
    passwords: dict[str, str] = stack.execute("tenant", "print(open('/app/var/tenant/users.json').read())")
    passkeys: dict[str, str] = stack.execute("directory", "print(open('/app/var/directory/users.json').read())")
    amelia = Person("amelia.hart", passwords["amelia.hart"], tmp_path_factory.mktemp("home"))
    (command,) = [line for line in stack.logs("credentials").splitlines() if "helpdesk login" in line]
    asyncio.run(amelia.sign_in(command))
    asyncio.run(amelia.connect_accounts(passkeys["amelia.hart"]))
    return amelia

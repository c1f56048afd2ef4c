"""Images are built once for a run; where there is no engine, what needs them is skipped, and says why."""

import pytest

from tests.containers._engine import BUILD_SECONDS, compose_command, engine_problem, run
from tests.containers._workspace import AGENTS, IMAGES

OTHERS = ("tenant", "fga", "relationships")
"""The services, besides the agents, whose images are built."""


@pytest.fixture(scope="session")
def engine() -> None:
    """A Docker engine with Compose, or no test."""
    problem = engine_problem()
    if problem:
        pytest.skip(f"{problem}: start one, or see .ci/containers")


@pytest.fixture(scope="session")
def images(engine: None) -> dict[str, str]:  # noqa: ARG001 -- it must be there first
    """The names of the images, built from this tree by docker-compose.yml."""
    run(
        [
            *compose_command(),
            "build",
            *sorted(agent.replace("_", "-") for agent in AGENTS),
            *OTHERS,
        ],
        timeout=BUILD_SECONDS,
    )
    return {image: f"helpdesk/{image}" for image in IMAGES}

"""How the tests are given to several processes, where several run them: `make test`, which runs them all, and `-n`."""

import os

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

LONGEST = (
    "tests/containers/",
    "tests/auth0/test_deploy_cli.py",
    "tests/authorization/test_matrix.py",
    "tests/approval/test_killed.py",
    "tests/flows/test_killed_replicas.py",
)
"""What takes longest comes first, so that no process is left alone with it at the end."""

MOST = 4
"""How many processes there are at most: each collects all tests, and starts servers of its own."""


def _unit(nodeid: str) -> str:
    """What one process runs from its beginning to its end: a file, whose tests share what was started for them.

    Those of the containers are one unit, since they share the images, and the engine.
    """
    file = nodeid.split("::", 1)[0]
    return next((unit for unit in LONGEST if file.startswith(unit)), file)


class _ByUnit(LoadScopeScheduling):  # type: ignore[misc]  # xdist comes without types
    """Hands out units in the order in which they were collected."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # its own order: first what has most tests

    def _split_scope(self, nodeid: str) -> str:
        return _unit(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: much of what a test does is to wait for another program."""
    return min((os.cpu_count() or 1) + 1, MOST)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _ByUnit:
    """Decides which process runs what."""
    return _ByUnit(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Puts what takes longest first, in each of the processes."""
    if hasattr(config, "workerinput"):
        rank = {unit: number for number, unit in enumerate(LONGEST)}
        items.sort(key=lambda item: rank.get(_unit(item.nodeid), len(LONGEST)))

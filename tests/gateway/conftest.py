from collections.abc import Iterator

import pytest

from knowledge import KnowledgeIndex
from tests.gateway._functions import index_of
from tests.gateway._gateway import Gateway


@pytest.fixture(scope="package")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeIndex]:
    """Four articles, one for each audience."""
    with index_of(tmp_path_factory.mktemp("knowledge")) as opened:
        yield opened


@pytest.fixture(scope="package")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """This project's gateway, with four articles."""
    with Gateway(tmp_path_factory.mktemp("gateway")) as started:
        yield started

from collections.abc import Iterator

import pytest

from knowledge import KnowledgeIndex
from tests.gateway._functions import index_of


@pytest.fixture(scope="package")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeIndex]:
    """Four articles, one for each audience."""
    with index_of(tmp_path_factory.mktemp("knowledge")) as opened:
        yield opened

from collections.abc import Iterator

import pytest

from tests.authorization._servers import Fga, openfga


@pytest.fixture(scope="session")
def fga() -> Iterator[Fga]:
    """A relationship store that answers OpenFGA's API."""
    with openfga() as server:
        yield server

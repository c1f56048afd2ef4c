from collections.abc import Iterator

import pytest

from tests.authorization._servers import Fga, embedded, openfga


@pytest.fixture(scope="session", params=["embedded", "openfga"])
def fga(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fga]:
    """A relationship store that answers OpenFGA's API: one server after the other."""
    with openfga() if request.param == "openfga" else embedded(tmp_path_factory.mktemp("fga")) as server:
        yield server

from collections.abc import Iterator

import pytest

from local.tenant import _backchannel
from tests.authorization._servers import Fga, embedded, openfga


@pytest.fixture(scope="session", params=["embedded", "openfga"])
def fga(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fga]:
    """A relationship store that answers OpenFGA's API: one server after the other."""
    with openfga() if request.param == "openfga" else embedded(tmp_path_factory.mktemp("fga")) as server:
        yield server


@pytest.fixture(scope="module", autouse=True)
def quick_approvals() -> Iterator[None]:
    """Many acts are approved here, one after the other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_backchannel, "INTERVAL", 1)
        patch.setattr(_backchannel, "PER_MINUTE", 10_000)
        yield

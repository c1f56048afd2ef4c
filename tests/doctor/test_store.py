"""Each mistake in how the relationship store is named: nothing is permitted, and it is found by its name."""

from collections.abc import Iterator

import pytest

from portal.doctor import Agent, Agents, Check, diagnose
from portal.doctor._store import Stores, look_at_stores
from portal.doctor.checks import fga
from portal.relationships import Relationship, RelationshipStore, our_model
from shared.authorization import Check as Question
from shared.authorization import Consistency, OpenFga
from shared.errors import HelpdeskError
from shared.settings import FgaSettings
from tests.authorization._servers import Fga, embedded

OWN = Relationship("account:1", "owner", "user:amelia")
CHECKS = [check for check in vars(fga).values() if isinstance(check, Check)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fga]:
    with embedded(tmp_path_factory.mktemp("fga")) as started:
        yield started


@pytest.fixture
async def environment(server: Fga) -> dict[str, str]:
    """An agent's settings for a store that has our model and one relationship."""
    given = {"FGA_API_URL": server.url, "FGA_API_TOKEN": server.token}
    store = RelationshipStore(FgaSettings.load(**_fields(given), fga_store_id=_ULID, fga_model_id=_ULID), "")
    store.store_id = await store.create("helpdesk")
    store.model_id = await store.write_model(our_model())
    await store.write([OWN])
    await store.aclose()
    return given | {"FGA_STORE_ID": store.store_id, "FGA_MODEL_ID": store.model_id}


_ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def _fields(environment: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in environment.items()}


async def permits(environment: dict[str, str]) -> str:
    """What an agent is answered that asks whether somebody owns their account."""
    store = OpenFga(FgaSettings.load(**_fields(environment)))
    question = Question(OWN.user, "owner", OWN.object)
    try:
        (answer,) = await store.ask([question], consistency=Consistency.HIGHER_CONSISTENCY)
    except HelpdeskError as error:
        return error.reason
    finally:
        await store.aclose()
    return "permitted" if answer.allowed else answer.error or "denied"


async def found(environment: dict[str, str]) -> list[str]:
    """The checks that find something."""
    stores = await look_at_stores(Agents({"account_lookup": Agent("account_lookup", environment)}))
    assert isinstance(stores, Stores)
    diagnosis = diagnose(CHECKS, {Stores: stores})
    assert environment["FGA_API_TOKEN"] not in str(diagnosis)
    return [finding.check.name for finding in diagnosis.findings]


async def test_a_store_as_it_should_be(environment: dict[str, str]) -> None:
    assert (await permits(environment), await found(environment)) == ("permitted", [])


@pytest.mark.parametrize(
    ("name", "value", "check"),
    [
        ("FGA_STORE_ID", _ULID, "fga/store-missing"),
        ("FGA_MODEL_ID", _ULID, "fga/model-missing"),
        ("FGA_API_TOKEN", "another-key", "fga/no-answer"),
        ("FGA_API_URL", "http://127.0.0.1:9/", "fga/no-answer"),
    ],
)
async def test_a_wrong_name_permits_nothing_and_is_found(
    environment: dict[str, str], name: str, value: str, check: str
) -> None:
    wrong = environment | {name: value}
    assert await permits(wrong) != "permitted"
    assert await found(wrong) == [check]


async def test_a_model_of_another_version(environment: dict[str, str]) -> None:
    """An agent that asks by it is denied what it does not know, though the relationship is there."""
    settings = FgaSettings.load(**_fields(environment))
    store = RelationshipStore(settings, settings.fga_store_id)
    older = {
        "schema_version": "1.1",
        "type_definitions": [
            {"type": "user", "relations": {}},
            {
                "type": "account",
                "relations": {"holder": {"this": {}}},
                "metadata": {"relations": {"holder": {"directly_related_user_types": [{"type": "user"}]}}},
            },
        ],
    }
    wrong = environment | {"FGA_MODEL_ID": await store.write_model(older)}
    await store.aclose()
    assert await permits(wrong) != "permitted"
    assert await found(wrong) == ["fga/model-differs"]
    assert (await permits(environment), await found(environment)) == ("permitted", [])

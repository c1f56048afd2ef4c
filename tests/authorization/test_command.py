"""`helpdesk fga`: what an operator sees and changes, against a store that runs."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from portal._errors import ExitCode
from portal.command._main import main
from tests.flows._world import World

Command = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("command")) as started:
        yield started


@pytest.fixture
def fga(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    settings = world.relationships()
    for name, value in settings.model_dump().items():
        text = value.get_secret_value() if hasattr(value, "get_secret_value") else value
        if text is not None and name != "fga_model_id":
            monkeypatch.setenv(name.upper(), str(text))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str) -> tuple[int, str]:
        code = main(["fga", *words])
        written = capsys.readouterr()
        return code, written.out + written.err

    yield run
    if world.related:
        world.synchronise()


def as_json(said: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said.splitlines()[0])
    return found


def test_the_model_is_written_once(fga: Command) -> None:
    first, second = (as_json(fga("model", "--json")[1]) for _ in range(2))
    assert (first["written"], second["written"]) == (False, False)
    assert first["model_id"] == second["model_id"]


def test_a_new_store_can_be_made_and_filled(fga: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    made = as_json(fga("model", "--create-store", "--json")[1])
    assert made["written"]
    monkeypatch.setenv("FGA_STORE_ID", made["store_id"])
    planned = as_json(fga("sync", "--dry-run", "--json")[1])
    assert len(planned["add"]) > 250
    done = as_json(fga("sync", "--json")[1])
    assert done["add"] == planned["add"]
    again = as_json(fga("sync", "--json")[1])
    assert (again["add"], again["remove"], again["kept"]) == ([], [], len(done["add"]))


def test_synchronising_removes_what_is_gone_and_leaves_what_ends_by_itself(fga: Command, world: World) -> None:
    assert fga("grant", "fatima.benali", "operator", "department:Security", "--until", "8h")[0] == ExitCode.OK
    assert fga("grant", "user:*", "withheld", "document:vpn-setup")[0] == ExitCode.OK
    there = as_json(fga("sync", "--json")[1])
    assert (there["add"], there["remove"], there["by_hand"]) == ([], [], 2)
    assert fga("check", "fatima.benali", "can_unlock", "account:tess.ferraro")[0] == ExitCode.OK
    fga("revoke", "fatima.benali", "operator", "department:Security")
    fga("revoke", "user:*", "withheld", "document:vpn-setup")
    assert fga("check", "fatima.benali", "can_unlock", "account:tess.ferraro")[0] == ExitCode.NOT_ALLOWED
    assert world.related is False


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("oscar.lind", "operator", "department:Security"), "synchronised from the directory"),
        (("oscar.lind", "operator", "department:Security", "--until", "yesterday"), "no time"),
        (("oscar.lind", "operator", "department:Security", "--until", "2020-01-01"), "has passed"),
        (("oscar.lind", "operator", "department:Security", "--until", "200d"), "more than 90 days"),
        (("nobody.here", "helper", "account:amelia.hart", "--until", "1h"), "nobody in the directory"),
        (("oscar.lind", "helper", "amelia.hart", "--until", "1h"), "TYPE:NAME"),
        (("oscar.lind", "owner", "account:amelia.hart", "--until", "1h"), "refused"),
        (("oscar.lind", "nonsense", "account:amelia.hart", "--until", "1h"), "refused"),
    ],
)
def test_what_cannot_be_granted_is_refused_with_the_reason(
    fga: Command, words: tuple[str, ...], complaint: str
) -> None:
    code, said = fga("grant", *words)
    assert code == ExitCode.FAILED
    assert complaint in said


def test_a_check_says_it_of_the_person_and_of_the_agent(fga: Command) -> None:
    code, said = fga("check", "oscar.lind", "can_unlock", "account:amelia.hart", "--through", "account_lookup")
    assert code == ExitCode.NOT_ALLOWED
    assert "✓ user:oscar.lind can_unlock account:amelia.hart" in said
    assert "✗ agent:account_lookup can_unlock account:amelia.hart" in said


def test_an_explanation_is_a_tree_in_the_directory_s_names(fga: Command) -> None:
    code, said = fga("explain", "oscar.lind", "can_reset", "account:adm.piotr")
    assert code == ExitCode.NOT_ALLOWED
    for line in (
        "✗ user:oscar.lind can_reset account:adm.piotr  (all of)",
        "✗ changeable account_kind:administrator",
        "✓ operator department:IT",
        "✓ member group:Help desk",
        "✓ written for user:oscar.lind",
    ):
        assert line in said
    code, said = fga("explain", "oscar.lind", "can_reset", "account:amelia.hart", "--through", "password_reset")
    assert code == ExitCode.OK
    assert "✓ agent:password_reset can_reset account:amelia.hart" in said


def test_an_explanation_says_when_a_grant_ends(fga: Command, world: World) -> None:
    fga("grant", "hana.morimoto", "helper", "account:casey.moreno", "--until", "2h")
    said = fga("explain", "hana.morimoto", "can_view_contact", "account:casey.moreno")[1]
    assert "UTC, which is to come" in said
    fga("revoke", "hana.morimoto", "helper", "account:casey.moreno")
    world.related = True


def test_every_part_of_an_explanation_holds_where_the_store_says_so(fga: Command) -> None:
    """The tree is put together here; at every relation in it stands what the server itself said."""
    tree = as_json(fga("explain", "oscar.lind", "can_view_security", "account:sam.whitlock", "--json")[1])

    def agree(node: dict[str, Any]) -> None:
        parts = [part["holds"] for part in node["parts"]]
        if parts:
            expected = {
                "": any(parts),
                "any of": any(parts),
                "all of": all(parts),
                "but not": parts[0] and not parts[-1],
            }
            assert node["holds"] is expected[node["how"]], node["what"]
        for part in node["parts"]:
            agree(part)

    agree(tree)


def test_without_a_store_it_is_said_what_to_do(fga: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FGA_STORE_ID")
    code, said = fga("sync")
    assert code == ExitCode.FAILED
    assert "--create-store" in said
    monkeypatch.delenv("FGA_API_URL")
    assert "no help desk runs here" in fga("sync")[1]


def test_a_store_that_is_away_is_said_to_be(fga: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FGA_API_URL", "http://127.0.0.1:9")
    code, said = fga("check", "user:x", "can_reset", "account:1")
    assert code == ExitCode.PART_AWAY
    assert "does not answer" in said


def test_a_directory_that_is_away_changes_nothing(fga: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIRECTORY_URL", "http://127.0.0.1:9/api/v1")
    code, said = fga("sync")
    assert code == ExitCode.PART_AWAY
    assert "nothing was changed" in said

"""`helpdesk audit export`: each trail in a file of its own, which tells no less than the trail itself."""

from pathlib import Path

import pytest

from portal.record import Database, Source, export, file_names
from shared.audit import AuditFile, AuditTrail, SealingKey
from shared.errors import ConfigurationError
from tests.portal._trails import PASSWORD_RESET, SUPERVISOR, tamper, write
from tests.portal.running import Command, Done


def named(*files: Path) -> list[str]:
    return [option for file in files for option in ("--file", str(file))]


def verified(helpdesk: Command, file: Path) -> Done:
    keys = helpdesk.state / "password_reset" / "audit-keys"
    return helpdesk("audit", "verify", "--file", str(file), "--keys", str(keys))


@pytest.mark.requirement("H4")
def test_two_trails_in_files_of_one_name_are_written_to_two_files(helpdesk: Command, tmp_path: Path) -> None:
    write(tmp_path / "replica", {"supervisor": SUPERVISOR[:1]})
    here, there = (root / "supervisor" / "audit.sqlite3" for root in (helpdesk.state, tmp_path / "replica"))
    copies = tmp_path / "copies"

    done = helpdesk("audit", "export", str(copies), *named(here, there), "--json")

    assert [(Path(one["file"]).name, one["records"]) for one in done.events] == [
        ("var-supervisor.jsonl", len(SUPERVISOR) + 2),
        ("replica-supervisor.jsonl", 3),
    ]
    assert sorted(path.name for path in copies.iterdir()) == ["replica-supervisor.jsonl", "var-supervisor.jsonl"]
    assert [len(helpdesk("audit", *named(copy), "--json").events) for copy in sorted(copies.iterdir())] == [3, 6]


@pytest.mark.parametrize(
    ("places", "names"),
    [
        (["/a/one.sqlite3", "/a/two.sqlite3"], ["one", "two"]),
        (["/a/trail.sqlite3", "/b/trail.sqlite3", "/b/other"], ["a-trail", "b-trail", "other"]),
        (["/a/x/trail", "/b/x/trail", "/b/y/trail"], ["a-x-trail", "b-x-trail", "y-trail"]),
        (["/a/Trail.jsonl", "/b/trail.jsonl"], ["a-Trail", "b-trail"]),
        (["/trail", "/a/trail"], ["trail", "a-trail"]),
        (["/a/.hidden\n.jsonl"], ["_hidden_"]),
        ([Database("postgresql://", "supervisor"), "/a/supervisor.jsonl"], ["supervisor", "a-supervisor"]),
        ([Database("postgresql://", "v1.2"), Database("postgresql://", "v1.3")], ["v1.2", "v1.3"]),
        ([Database("postgresql://", "../../etc/passwd")], ["__.._etc_passwd"]),
    ],
)
def test_a_file_is_named_after_the_agent_or_the_file_and_as_much_of_its_path_as_tells_it_apart(
    places: list[str | Database], names: list[str]
) -> None:
    sources = [Source(place if isinstance(place, Database) else Path(place)) for place in places]
    assert list(file_names(sources).values()) == [f"{name}.jsonl" for name in names]


@pytest.mark.parametrize(
    "places", [["/a/trail.sqlite3", "/a/trail.jsonl"], [Database("postgresql://", "a b"), Database("", "a_b")]]
)
def test_what_nothing_tells_apart_is_not_written(places: list[str | Database]) -> None:
    sources = [Source(place if isinstance(place, Database) else Path(place)) for place in places]
    with pytest.raises(ConfigurationError, match="to folders of their own"):
        file_names(sources)


@pytest.mark.requirement("H4")
def test_no_file_that_is_there_is_written_over_unless_that_is_said(helpdesk: Command, tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    copies.mkdir()
    (copies / "supervisor.jsonl").write_text("of yesterday")
    done = helpdesk("audit", "export", str(copies))
    assert done.code == 1
    assert "supervisor.jsonl is there already" in done.err
    assert [(path.name, path.read_text()) for path in copies.iterdir()] == [("supervisor.jsonl", "of yesterday")]
    assert helpdesk("audit", "export", str(copies), "--replace").code == 0
    assert sorted(path.name for path in copies.iterdir()) == ["password_reset.jsonl", "supervisor.jsonl"]
    assert len(helpdesk("audit", *named(copies / "supervisor.jsonl"), "--json").events) == len(SUPERVISOR) + 2


def test_what_could_not_be_exported_leaves_nothing_and_takes_nothing_away(helpdesk: Command, tmp_path: Path) -> None:
    copy, none = tmp_path / "copy.jsonl", Source(tmp_path / "none.sqlite3")
    for instead in (False, True):
        if instead:
            copy.write_text("of yesterday")
        with pytest.raises(ConfigurationError):
            export(none, copy, instead=instead)
    assert copy.read_text() == "of yesterday"
    assert [path.name for path in tmp_path.iterdir() if "jsonl" in path.name] == ["copy.jsonl"]
    (tmp_path / "file").touch()
    done = helpdesk("audit", "export", str(tmp_path / "file" / "below"))
    assert (done.code, "cannot be written (Not a directory)" in done.err) == (1, True)


@pytest.mark.requirement("H4")
def test_a_copy_of_a_trail_is_its_owner_s_alone(tmp_path: Path) -> None:
    store = AuditFile.open(tmp_path / "session.sqlite3", create=True)
    AuditTrail.begin(store, SealingKey.generate(), agent="password_reset").close()
    copy = tmp_path / "copies" / "copy.jsonl"
    copy.parent.mkdir()
    copy.touch(mode=0o644)

    export(Source(tmp_path / "session.sqlite3"), copy, instead=True)

    assert copy.stat().st_mode & 0o777 == 0o600
    assert copy.read_text()


@pytest.mark.requirement("H2")
@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["DELETE FROM records WHERE sequence > 4"], "record 5 is missing, with all after it"),
        (["DELETE FROM seals WHERE sequence > 4"], "was put in, or its seal was removed"),
        (["DELETE FROM records WHERE sequence = 4"], "record 4 is missing"),
        (["DELETE FROM records"], "record 1 is missing, with all after it"),
        (["UPDATE records SET body = x'ff' WHERE sequence = 4"], "record 4 was changed"),
        (["UPDATE records SET body = x'7b7d0a7b7d' WHERE sequence = 4"], "record 4 was changed"),
        (["UPDATE records SET body = CAST(body || x'0a' AS BLOB) WHERE sequence = 4"], "record 4 was changed"),
    ],
)
def test_what_is_wrong_with_a_trail_is_wrong_with_its_copy(
    helpdesk: Command, tmp_path: Path, statements: list[str], said: str
) -> None:
    trail = helpdesk.state / "password_reset" / "audit.sqlite3"
    for statement in statements:
        tamper(trail, statement)
    copies = tmp_path / "copies"
    done = helpdesk("audit", "export", str(copies), *named(trail))
    assert done.code == 0, done.err
    assert ("cannot be read, as they were changed" in done.out) is ("UPDATE" in statements[0])
    for file in (trail, copies / "password_reset.jsonl"):
        checked = verified(helpdesk, file)
        assert checked.code == 1
        assert said in checked.out, checked.out


def test_a_whole_trail_s_copy_is_whole(helpdesk: Command, tmp_path: Path) -> None:
    assert helpdesk("audit", "export", str(tmp_path / "copies")).code == 0
    done = verified(helpdesk, tmp_path / "copies" / "password_reset.jsonl")
    assert done.code == 0, done.out
    assert f"{len(PASSWORD_RESET) + 2} records" in done.out

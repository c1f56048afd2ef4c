"""The first run, what stays, and what the stand-in refuses to be."""

import json
import re
import stat
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml

from local.directory import DirectoryConfig, create_app
from local.directory.__main__ import forget
from local.directory._config import PEOPLE
from local.directory._identifiers import auth0_subject
from shared.errors import ConfigurationError
from tests.directory._world import NOW, World, filled, opened

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "local.directory", *arguments],
        cwd=ROOT,
        env={"PATH": "", **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_the_people_are_a_company() -> None:
    people = yaml.safe_load(PEOPLE.read_text(encoding="utf-8"))
    by_login = {person["login"]: person for person in people}

    assert len(by_login) == len(people) >= 25
    assert len({person["department"] for person in people}) >= 5
    assert Counter(person["kind"] for person in people)["administrator"] >= 2
    assert Counter(person["kind"] for person in people)["service"] >= 2
    assert all(person["manager"] in {None, *by_login} for person in people)
    assert by_login["amelia.hart"]["status"] == "LOCKED_OUT"
    assert by_login["amelia.hart"]["manager"] == "nadia.okafor"
    assert by_login["oscar.lind"]["roles"] == ["Help-desk operator"]
    assert by_login["casey.moreno"]["roles"] == ["Contractor"]
    assert {person["roles"] == [] for person in people if person["kind"] == "service"} == {True}
    assert all(re.fullmatch(r"\+44 7700 900\d{3}", person["mobile"]) for person in people if person["mobile"])
    assert all(person["recovery_email"].endswith(".example") for person in people if person["recovery_email"])


async def test_two_machines_make_the_same_directory(world: World, tmp_path: Path) -> None:
    async with opened(filled(tmp_path / "other" / "directory"), tmp_path / "copy" / "directory") as other:
        for table in ("users", "groups", "group_members", "devices", "device_users", "factors", "apps", "policies"):
            query = f"SELECT * FROM {table}"  # noqa: S608 -- names from the line above
            assert world.rows(query) == other.rows(query)
        events = "SELECT published, event FROM log_events ORDER BY published, event"
        assert world.rows(events) == other.rows(events)
        assert world.oauth.key.kid != other.oauth.key.kid
        assert not set(world.oauth.clients) & set(other.oauth.clients)


async def test_changes_stay(world: World, tmp_path: Path) -> None:
    await world.act("amelia.hart", "unlock")
    async with opened(world.folder, tmp_path / "again") as again:
        assert again.status("amelia.hart") == "ACTIVE"


async def test_a_reset_forgets_the_changes_and_keeps_what_people_have_granted(world: World, tmp_path: Path) -> None:
    granted = world.issued("amelia.hart", "password_reset")
    await world.act("amelia.hart", "unlock")
    forget(world.folder)

    assert not list(world.folder.glob("directory.sqlite3*"))
    async with opened(world.folder, tmp_path / "again") as again:
        assert again.status("amelia.hart") == "LOCKED_OUT"
        found = again.oauth.check(granted)
        assert found is not None
        assert (found.login, found.client_name) == ("amelia.hart@helpdesk.example", "password_reset")


def test_the_state_is_private(world: World) -> None:
    assert stat.S_IMODE(world.folder.stat().st_mode) == 0o700
    for path in [path for path in world.folder.parent.rglob("*") if path.is_file()]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        assert stat.S_IMODE(path.parent.stat().st_mode) in {0o700, 0o755}, path


def test_the_past_is_before_now_and_nobody_signed_in_before_they_were_there(world: World) -> None:
    now = NOW.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    for user in world.rows("SELECT * FROM users"):
        times = [
            row["published"] for row in world.rows("SELECT published FROM log_events WHERE actor_id = ?", user["id"])
        ]
        assert all(user["created"] < time <= now for time in times)
        assert json.loads(user["profile"])["auth0Subject"] == auth0_subject(user["login"].partition("@")[0])
        if user["last_login"]:
            assert user["last_login"] in times


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- login: x", "entry 1"),
        ("just text", "entry 1"),
        ("- [unclosed", "cannot be read"),
        (None, "cannot be read"),
    ],
)
def test_a_people_file_that_cannot_be_used_stops_the_start(tmp_path: Path, text: str | None, problem: str) -> None:
    people = tmp_path / "people.yaml"
    if text is not None:
        people.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigurationError, match=problem):
        create_app(DirectoryConfig(folder=tmp_path / "directory", people=people, clock=lambda: NOW))


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "HELPDESK_ENV"),
        ({"HELPDESK_ENV": "production"}, "HELPDESK_ENV"),
        ({"HELPDESK_ENV": "local", "HOST": "0.0.0.0"}, "HOST"),  # noqa: S104 -- refused
        ({"HELPDESK_ENV": "local", "HOST": "192.0.2.1"}, "HOST"),
        ({"HELPDESK_ENV": "local", "PORT": "many"}, "PORT"),
    ],
)
def test_what_is_unsafe_stops_the_start_with_one_line(environment: dict[str, str], words: str, tmp_path: Path) -> None:
    done = run(**environment, HELPDESK_VAR=str(tmp_path))

    assert done.returncode == 1
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())

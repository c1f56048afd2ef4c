"""A sign-in is kept whole, private, and for one process at a time."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from portal.session import Desk, Profiles, SignIn
from shared.errors import ConfigurationError

DESK = Desk("https://t.example/", "client", "https://api.example/supervisor", "https://desk.example/")
SIGN_IN = SignIn(DESK, "auth0|1", "Amelia Hart", "access-1", 2000.0, "refresh-1")


def test_what_is_saved_is_loaded(profiles: Profiles) -> None:
    assert profiles.load("default") is None
    profiles.save("default", SIGN_IN)
    assert profiles.load("default") == SIGN_IN
    assert profiles.names() == ["default"]


def test_two_people_can_be_signed_in(profiles: Profiles) -> None:
    profiles.save("amelia", SIGN_IN)
    profiles.save("oscar", SignIn(DESK, "auth0|2", "Oscar Lind", "access-2", 2000.0, None))
    assert profiles.names() == ["amelia", "oscar"]
    profiles.remove("amelia")
    assert profiles.names() == ["oscar"]
    profiles.remove("amelia")


def test_only_the_owner_can_read_it(profiles: Profiles) -> None:
    before = os.umask(0)
    try:
        profiles.save("default", SIGN_IN)
        with profiles.locked("default"):
            pass
    finally:
        os.umask(before)
    modes = {path: path.stat().st_mode & 0o777 for path in [profiles.home, *profiles.home.rglob("*")]}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert modes[profiles.home / "profiles" / "default.json"] == 0o600


def test_tokens_are_not_shown() -> None:
    assert "access-1" not in repr(SIGN_IN)
    assert "refresh-1" not in repr(SIGN_IN)


def test_nothing_is_left_beside_the_file(profiles: Profiles) -> None:
    profiles.save("default", SIGN_IN)
    profiles.save("default", SIGN_IN)
    assert [path.name for path in (profiles.home / "profiles").iterdir()] == ["default.json"]


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "a" * 65, "a\n"])
def test_a_name_is_no_path(profiles: Profiles, name: str) -> None:
    with pytest.raises(ConfigurationError):
        profiles.load(name)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"desk": 1}', "\xff", json.dumps({"desk": {}})])
def test_a_broken_file_is_named_with_its_remedy(profiles: Profiles, content: str) -> None:
    profiles.save("default", SIGN_IN)
    path = profiles.home / "profiles" / "default.json"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(ConfigurationError, match="helpdesk login") as error:
        profiles.load("default")
    assert str(path) in error.value.public_message


def test_the_conversation_is_remembered_for_who_had_it(profiles: Profiles) -> None:
    profiles.save("default", SIGN_IN)
    profiles.remember_conversation("default", SIGN_IN, "context-1")
    loaded = profiles.load("default")
    assert loaded is not None
    assert loaded.context_id == "context-1"
    profiles.save("default", SignIn(DESK, "auth0|2", "Oscar Lind", "access-2", 2000.0, None))
    profiles.remember_conversation("default", SIGN_IN, "context-2")
    loaded = profiles.load("default")
    assert loaded is not None
    assert loaded.context_id is None


def test_another_process_waits_for_the_lock(profiles: Profiles, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from portal.session import Profiles\n"
        f"with Profiles(Path({str(tmp_path / 'home')!r})).locked('default'):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    other = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdin is not None
    assert other.stdout is not None
    with other:
        assert other.stdout.readline() == "held\n"
        entered = threading.Event()

        def enter() -> None:
            with profiles.locked("default"):
                entered.set()

        waiting = threading.Thread(target=enter)
        waiting.start()
        assert not entered.wait(0.2)
        other.stdin.close()
        waiting.join(30)
        assert entered.is_set()

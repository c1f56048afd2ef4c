"""The whole system with the web chat in front of it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.tenant import _backchannel
from tests.flows._world import World


def started(folder: Path) -> Iterator[World]:
    """Everything, with the web chat."""
    with pytest.MonkeyPatch.context() as patch, World(folder, settings={"approval_cooldown_seconds": 0}) as world:
        patch.setattr(_backchannel, "INTERVAL", 1)  # nobody has five seconds for each answer
        world.start("web")
        yield world


def passkey(world: World, login: str) -> str:
    """What the directory takes for somebody's passkey."""
    codes = json.loads((world.directory_config.folder / "users.json").read_text(encoding="utf-8"))
    return str(codes[login])

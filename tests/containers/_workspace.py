"""What the workspace says that an image should hold: read from the lock file and the agents' pyproject files."""

import tomllib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from packaging.markers import Marker

ROOT = Path(__file__).resolve().parent.parent.parent
AGENTS = tuple(sorted(path.parent.name for path in (ROOT / "agents").glob("*/pyproject.toml")))
SERVICES = tuple(agent.replace("_", "-") for agent in AGENTS)
"""What the agents are called in docker-compose.yml."""
IMAGES = (*AGENTS, "local", "portal")
"""The folders' names; `local` is the image of the stand-ins, `portal` that of the operator's command."""

PYTHON = (3, 13)
IMAGE_ENVIRONMENT = {
    "python_version": "3.13",
    "python_full_version": "3.13.5",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "os_name": "posix",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
}

MEMBERS = {"shared": "shared", "knowledge": "knowledge"}
"""Workspace members that are not deployed by themselves, and their folders."""


def dockerfile(image: str) -> Path:
    """The Dockerfile of an image."""
    return ROOT / (f"{image}/Dockerfile" if image in {"local", "portal"} else f"agents/{image}/Dockerfile")


def package(image: str) -> str:
    """The name of an image's workspace member in the lock file."""
    return image.replace("_", "-")


@cache
def locked() -> dict[str, dict[str, Any]]:
    """The packages of the lock file by name.

    One that is locked at two versions, as a tool of development may be, is left out: no image may need it.
    """
    packages = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    versions = Counter(entry["name"] for entry in packages)
    return {entry["name"]: entry for entry in packages if versions[entry["name"]] == 1}


def dependencies(image: str) -> set[str]:
    """Every package that an image needs on Linux, by name, workspace members included, itself not.

    Agents' images have the driver for PostgreSQL besides, as docker-compose.yml has them built.
    """
    wanted, waiting = set(), [(package(image), ""), *([("shared", "postgres")] if image in AGENTS else [])]
    seen = set(waiting)
    while waiting:
        name, extra = waiting.pop()
        wanted.add(name)
        entry = locked()[name]
        listed = entry.get("optional-dependencies", {}).get(extra, []) if extra else entry.get("dependencies", [])
        for dependency in listed:
            if not _applies(dependency.get("marker", "")):
                continue
            for each in ("", *dependency.get("extra", [])):
                if (dependency["name"], each) not in seen:
                    seen.add((dependency["name"], each))
                    waiting.append((dependency["name"], each))
    return wanted - {package(image)}


def members(image: str) -> set[str]:
    """The folders of the workspace members that an image needs besides its own."""
    return {MEMBERS[name] for name in dependencies(image) if "virtual" in locked()[name]["source"]}


def _applies(marker: str) -> bool:
    """Whether a dependency is meant for the images: CPython 3.13 on Linux."""
    return not marker or Marker(marker).evaluate(IMAGE_ENVIRONMENT)

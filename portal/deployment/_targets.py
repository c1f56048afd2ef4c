"""What can be deployed, and from what."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from portal._environment import ROOT
from portal._errors import CommandFailed

PLATFORM: Final = "platform"
SUPERVISOR: Final = "supervisor"
LONGEST_TAG: Final = 32
_NOT_SHIPPED: Final = frozenset({"__pycache__", ".git", ".venv"})


@dataclass(frozen=True, slots=True)
class Target:
    """A stack: an agent's, or the platform's.

    Attributes:
        name: As people say it.
        template: The file that describes it.
        dockerfile: What its image is built from; None for the platform.
    """

    name: str
    template: Path
    dockerfile: Path | None

    def stack_name(self, prefix: str) -> str:
        """CloudFormation's name of it, which has no underscore."""
        return f"{prefix}-{self.name.replace('_', '-')}"

    @property
    def body(self) -> str:
        """The template, as it stands."""
        return self.template.read_text(encoding="utf-8")

    def declared(self) -> dict[str, dict[str, Any]]:
        """The parameters that the template has."""
        parameters: dict[str, dict[str, Any]] = _parsed(self.body)["Parameters"]
        return parameters

    def secrets(self) -> dict[str, str]:
        """The secrets that it reads, by name, each with the parameter that has it needed; empty where it always is."""
        found: dict[str, str] = _parsed(self.body).get("Metadata", {}).get("Secrets", {})
        return found

    def content_tag(self) -> str:
        """Says what the image is made of: the same files, the same tag. An image is built once for each."""
        assert self.dockerfile is not None  # noqa: S101 -- the platform has no image; this tells the type checker
        digest = hashlib.sha256()
        for path in sorted(_shipped(self.dockerfile)):
            digest.update(f"{path.relative_to(ROOT).as_posix()}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()[:LONGEST_TAG]


class _Loader(yaml.SafeLoader):
    """Leaves CloudFormation's functions as nothing: only what has none is read."""


_Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)


@cache
def _parsed(body: str) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.load(body, Loader=_Loader)  # noqa: S506 -- a SafeLoader
    return parsed


def targets() -> dict[str, Target]:
    """All that can be deployed, in the order in which a first deployment goes best: others can follow in any."""
    found = {PLATFORM: Target(PLATFORM, ROOT / "deploy" / "aws" / "platform.yaml", None)}
    stacks = sorted((ROOT / "agents").glob("*/stack.yaml"), key=lambda path: path.parent.name == SUPERVISOR)
    for template in stacks:
        folder = template.parent
        found[folder.name] = Target(folder.name, template, folder / "Dockerfile")
    return found


def chosen(names: tuple[str, ...]) -> list[Target]:
    """The targets of these names, in the order of `targets`; all of them for none.

    Raises:
        CommandFailed: there is none of such a name.
    """
    known = targets()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise CommandFailed(
            f"There is nothing called {unknown[0]} to deploy: name some of {', '.join(known)}.",
            code="deployment_refused",
        )
    return [target for name, target in known.items() if not names or name in names]


def _shipped(dockerfile: Path) -> Iterator[Path]:
    """The files of this repository that end up in an image, or decide what does."""
    yield dockerfile
    yield ROOT / "uv.lock"
    yield from ROOT.glob("pyproject.toml")
    yield from ROOT.glob("*/pyproject.toml")
    yield from ROOT.glob("agents/*/pyproject.toml")
    copied = re.findall(r"^COPY (?!--)(\S+) \S+$", dockerfile.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for source in sorted({name for name in copied if name != "."}):
        path = ROOT / source
        yield from (path,) if path.is_file() else _files(path)


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not _NOT_SHIPPED & set(path.parts) and path.name not in {"stack.yaml", "pyproject.toml"}:
            yield path

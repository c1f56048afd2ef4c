"""The agents' settings, as each is started with them, from wherever they are known."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

SUPERVISOR: Final = "supervisor"
DOCS_SEARCH: Final = "docs_search"
CLIENTS: Final = ("CLIENT", "API_CLIENT", "APPROVALS_CLIENT")
"""The clients in Auth0 that an agent may be: each has an `_ID` and a `_KEY`."""

_SECRET = re.compile(r"(\w*(?:KEY|TOKEN|SECRET|PASSWORD|DATABASE_URL)\w*)_FILE")


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent's environment.

    Attributes:
        name: Which agent.
        environment: Its variables; values of secrets are among them, and are not printed.
        inherits: Whether it is started with those of this process besides, as `helpdesk up` does.
    """

    name: str
    environment: Mapping[str, str] = field(repr=False)
    inherits: bool = False

    def text(self, name: str) -> str:
        """A setting's value, or that of the file which holds it; empty where it is not set or cannot be read."""
        if value := self.environment.get(name):
            return value
        path = self.environment.get(f"{name}_FILE")
        try:
            return Path(path).read_text(encoding="utf-8").strip() if path else ""
        except (OSError, UnicodeDecodeError):
            return ""

    def read(self, name: str) -> Any:
        """A setting that is JSON; None where it is not set, or is none."""
        try:
            return json.loads(self.text(name))
        except ValueError:
            return None

    def secret_files(self) -> Iterator[tuple[str, Path]]:
        """The settings whose values are secrets in files, and the files."""
        for name, value in self.environment.items():
            if _SECRET.fullmatch(name) and value:
                yield name, Path(value)

    @property
    def public_url(self) -> str:
        """The URL that its card names."""
        host, port = self.text("HOST") or "127.0.0.1", self.text("PORT") or "9000"
        return self.text("AGENTCORE_RUNTIME_URL") or f"http://{host}:{port}/"

    def is_elsewhere(self, name: str) -> bool:
        """Whether AWS Secrets Manager holds a setting's value."""
        return bool(self.environment.get(f"{name}_SECRET"))

    def of(self, name: str) -> str:
        """How a setting is called in what is found."""
        form = f"{name}_FILE" if f"{name}_FILE" in self.environment and name not in self.environment else name
        return f"{form} of {self.name}"


@dataclass(frozen=True, slots=True)
class Callee:
    """A subagent as the supervisor is told of it, and its own settings where they are known."""

    url: str
    audience: str
    agent: Agent | None


@dataclass(frozen=True)
class Agents:
    """The agents whose settings are known.

    Attributes:
        by_name: The agents.
        are_here: Whether they run, or would run, with what is on this machine.
    """

    by_name: Mapping[str, Agent]
    are_here: bool = True

    def __iter__(self) -> Iterator[Agent]:
        return iter(self.by_name.values())

    @property
    def supervisor(self) -> Agent | None:
        """The supervisor."""
        return self.by_name.get(SUPERVISOR)

    @property
    def subagents(self) -> tuple[Agent, ...]:
        """All others."""
        return tuple(agent for agent in self if agent.name != SUPERVISOR)

    def callees(self) -> tuple[Callee, ...]:
        """The supervisor's SUBAGENTS, each with the agent that it is.

        Which agent an entry means is told by the end of its audience or else by its URL: one of the two may be what
        is wrong.
        """
        listed = self.supervisor.read("SUBAGENTS") if self.supervisor else None
        entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
        return tuple(
            Callee(str(entry.get("url", "")), str(entry.get("audience", "")), self._meant(entry)) for entry in entries
        )

    def _meant(self, entry: Mapping[str, Any]) -> Agent | None:
        audience, url = str(entry.get("audience", "")).rstrip("/"), str(entry.get("url", "")).rstrip("/")
        for agent in self.subagents:
            if audience and audience == agent.text("AUDIENCE").rstrip("/"):
                return agent
        for agent in self.subagents:
            if url and url == agent.public_url.rstrip("/"):
                return agent
        return next((agent for agent in self.subagents if audience.endswith(f"/{agent.name}")), None)


def read_environment(text: str) -> dict[str, str]:
    """The variables of a file with a line for each, as `env`, Docker and Compose write them."""
    found = {}
    for line in text.splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and not name.startswith("#"):
            quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
            found[name.strip()] = value[1:-1] if quoted else value
    return found
